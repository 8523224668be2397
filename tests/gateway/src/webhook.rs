//! The webhook way: a push as a signed, encrypted HTTP request to an address.

use std::fmt::Write as _;
use std::time::Duration;

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::envelope::{id, merge, since_epoch, uuid};

/// How long a connection may take ("configure callback request address").
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long the challenge may take (same page).
const CHALLENGE_LIMIT: Duration = Duration::from_secs(1);
/// Bytes read of an answer.
const ANSWER_LIMIT: usize = 1 << 20;
/// AES works in blocks of this many bytes.
const BLOCK: usize = 16;

/// Where the deliveries of an app go, and how they are sealed.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) url: Uri,
    pub(crate) encrypt_key: Option<String>,
    pub(crate) verification_token: String,
}

/// An HTTP answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Webhook {
    /// Reads the address; only `http://`, as the server is on this machine or behind a proxy of one's own.
    pub(crate) fn new(url: &str, encrypt_key: Option<String>, token: Option<String>) -> Result<Self, String> {
        let url: Uri = url.parse().map_err(|error| format!("{url:?} is no address: {error}"))?;
        if url.scheme_str() != Some("http") || url.host().is_none() {
            return Err(format!("{url} does not begin with http:// and a host"));
        }
        let verification_token = token.unwrap_or_else(|| crate::envelope::VERIFICATION_TOKEN.into());
        Ok(Self { url, encrypt_key: encrypt_key.filter(|key| !key.is_empty()), verification_token })
    }

    /// Asks the server for its challenge, as saving the address in the console does.
    pub(crate) async fn challenge(&self) -> Result<(), String> {
        let challenge = uuid();
        let body =
            json!({"challenge": challenge, "token": self.verification_token, "type": "url_verification"});
        let reply = timeout(CHALLENGE_LIMIT, self.post(body.to_string().as_bytes())).await;
        let reply = reply.map_err(|_| "the challenge was not answered within 1 s".to_owned())??;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if reply.status == 200 && answer.get("challenge").and_then(Value::as_str) == Some(&challenge) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&reply.body).chars().take(200).collect::<String>();
        Err(format!(
            "the challenge was answered with HTTP {} and {text:?}, not {{\"challenge\":…}}",
            reply.status
        ))
    }

    /// Posts a push. The token in its header is that of the app.
    pub(crate) async fn push(&self, payload: &[u8]) -> Result<Reply, String> {
        match serde_json::from_slice::<Value>(payload) {
            Ok(mut envelope) => {
                let token = &self.verification_token;
                let is_v2 = envelope.get("header").is_some();
                merge(
                    &mut envelope,
                    if is_v2 { json!({"header": {"token": token}}) } else { json!({"token": token}) },
                );
                self.post(envelope.to_string().as_bytes()).await
            }
            Err(_) => self.post(payload).await,
        }
    }

    async fn post(&self, plain: &[u8]) -> Result<Reply, String> {
        let (timestamp, nonce) = (since_epoch().as_secs().to_string(), id(""));
        let mut request = Request::post(self.url.path_and_query().map_or("/", |path| path.as_str()))
            .header(header::HOST, self.url.authority().map_or("", |authority| authority.as_str()))
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::CONNECTION, "close");
        let body = match &self.encrypt_key {
            None => plain.to_vec(),
            Some(key) => {
                let body = json!({"encrypt": encrypt(key, plain)}).to_string().into_bytes();
                request = request.header("X-Lark-Signature", sign(key, &timestamp, &nonce, &body));
                body
            }
        };
        let request = request
            .header("X-Lark-Request-Timestamp", &timestamp)
            .header("X-Lark-Request-Nonce", &nonce)
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        let authority = self.url.authority().ok_or("the address has no host")?;
        let host = authority.host().trim_matches(['[', ']']);
        let connecting = TcpStream::connect((host, authority.port_u16().unwrap_or(80)));
        let stream = timeout(CONNECT_LIMIT, connecting)
            .await
            .map_err(|_| format!("{authority} does not accept a connection within 2 s"))?
            .map_err(|error| format!("cannot connect to {authority}: {error}"))?;
        let failed = |error: hyper::Error| format!("no answer of {authority}: {error}");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let answer = async {
            let answer = sender.send_request(request).await.map_err(failed)?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
            let body = body.map_err(|error| format!("the answer of {authority} cannot be read: {error}"))?;
            Ok(Reply { status, body: body.to_bytes() })
        };
        tokio::pin!(answer);
        // The connection moves the bytes of the request and the answer.
        tokio::select! {
            answer = &mut answer => answer,
            ended = connection => match ended {
                Ok(()) => answer.await,
                Err(error) => Err(failed(error)),
            },
        }
    }
}

/// AES-256-CBC with the SHA-256 of the key; the initialization vector goes before the sealed text.
fn encrypt(key: &str, plain: &[u8]) -> String {
    let iv: [u8; BLOCK] = fastrand::u128(..).to_be_bytes();
    let key: [u8; 32] = Sha256::digest(key).into();
    let sealed = cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain);
    BASE64_STANDARD.encode([iv.as_slice(), &sealed].concat())
}

/// The hexadecimal SHA-256 of timestamp, nonce, key and body.
fn sign(key: &str, timestamp: &str, nonce: &str, body: &[u8]) -> String {
    let hash = Sha256::new().chain_update(timestamp).chain_update(nonce).chain_update(key).chain_update(body);
    let mut text = String::new();
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use aes::cipher::BlockModeDecrypt as _;

    use super::*;

    #[test]
    fn what_is_sealed_can_be_opened_with_the_key() {
        let sealed = BASE64_STANDARD.decode(encrypt("test key", b"hello world")).unwrap();
        let key: [u8; 32] = Sha256::digest("test key").into();
        let (iv, sealed) = sealed.split_at(BLOCK);
        let opener = cbc::Decryptor::<Aes256>::new_from_slices(&key, iv).unwrap();
        assert_eq!(opener.decrypt_padded_vec::<Pkcs7>(sealed).unwrap(), b"hello world");
        assert_eq!(sign("k", "1", "n", b"{}").len(), 64);
    }

    #[test]
    fn addresses_are_plain_http() {
        for (url, good) in [
            ("http://127.0.0.1:9000/events", true),
            ("http://[::1]:9000", true),
            ("https://bot.example/", false),
            ("/events", false),
            ("no address", false),
        ] {
            assert_eq!(Webhook::new(url, None, None).is_ok(), good, "{url}");
        }
    }
}
