//! The webhook way of the interface: a challenge, then the same pushes as signed and encrypted HTTP requests.

mod common;

use std::fmt::Write as _;

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use common::local::Local;
use feishu_gateway::{Gateway, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Requests of one test.
const REQUESTS_LIMIT: usize = 16;

/// One request as the bot's server sees it.
struct Seen {
    head: String,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> String {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    /// The payload, which must be sealed with the key and signed.
    fn open(&self, key: &str) -> Value {
        let (time, nonce) = (self.header("X-Lark-Request-Timestamp"), self.header("X-Lark-Request-Nonce"));
        let hash = Sha256::digest(format!("{time}{nonce}{key}{}", self.body));
        let mut signature = String::new();
        for byte in hash {
            write!(signature, "{byte:02x}").unwrap();
        }
        assert_eq!(self.header("X-Lark-Signature"), signature);
        let sealed: Value = serde_json::from_str(&self.body).unwrap();
        let sealed = BASE64_STANDARD.decode(sealed["encrypt"].as_str().unwrap()).unwrap();
        let cipher_key: [u8; 32] = Sha256::digest(key).into();
        let (iv, sealed) = sealed.split_at(16);
        let opener = cbc::Decryptor::<Aes256>::new_from_slices(&cipher_key, iv).unwrap();
        serde_json::from_slice(&opener.decrypt_padded_vec::<Pkcs7>(sealed).unwrap()).unwrap()
    }
}

/// A bot's server that answers what `answer` gives: status and body.
async fn server(answer: impl Fn(&Seen) -> (u16, String) + Send + 'static) -> (String, mpsc::Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel(REQUESTS_LIMIT);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let seen = read(&mut stream).await;
            let (status, body) = answer(&seen);
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            sender.send(seen).await.unwrap();
        }
    });
    (url, requests)
}

async fn read(stream: &mut TcpStream) -> Seen {
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let seen = Seen { head: head.to_owned(), body: body.to_owned() };
            if seen.header("content-length").parse() == Ok(body.len()) {
                return seen;
            }
        }
    }
}

async fn local() -> Local {
    Local::of(Gateway::builder().interface().start().await.unwrap())
}

const KEY: &str = "my encrypt key";

/// Answers challenges well, and everything else with this.
fn bot(key: &'static str, reply: Value) -> impl Fn(&Seen) -> (u16, String) + Send + 'static {
    move |seen| {
        let event = if key.is_empty() { serde_json::from_str(&seen.body).unwrap() } else { seen.open(key) };
        match event["challenge"].as_str() {
            Some(challenge) => (200, json!({"challenge": challenge}).to_string()),
            None => (200, reply.to_string()),
        }
    }
}

#[tokio::test]
async fn click_goes_to_the_webhook_sealed_and_signed_after_the_challenge() {
    let local = local().await;
    let reply = json!({"toast": {"type": "success", "content": "Saved"}});
    let (url, mut requests) = server(bot(KEY, reply.clone())).await;
    let app = json!({"app_id": "cli_local",
        "webhook": {"url": url, "encrypt_key": KEY, "verification_token": "v-token"}});
    let answer = local.post("apps", app).await;
    assert_eq!(answer["webhook"], json!({"url": url, "encrypted": true}));
    assert!(!answer.to_string().contains(KEY));
    let challenge = requests.recv().await.unwrap().open(KEY);
    assert_eq!((&challenge["type"], &challenge["token"]), (&json!("url_verification"), &json!("v-token")));

    let outcome = local.post("click", json!({"name": "approve", "value": {"order": 42}})).await;
    assert_eq!((&outcome["code"], &outcome["data"]), (&json!(200), &reply));
    assert_eq!((&outcome["verdict"]["kind"], &outcome["connection"]), (&json!("toast"), &Value::Null));
    let push = requests.recv().await.unwrap().open(KEY);
    assert_eq!(push["header"]["token"], "v-token");
    assert_eq!(push["event"]["action"]["value"], json!({"order": 42}));
    assert_eq!(local.get("deliveries/1").await["way"], "webhook");

    local.post("apps", json!({"app_id": "cli_local", "webhook": null})).await;
    let outcome = local.post("click", json!({"name": "approve"})).await;
    assert_eq!(outcome["verdict"]["code"], 200_341, "to connections again, of which there is none");
}

#[tokio::test]
async fn webhook_without_a_key_gets_plain_requests_and_its_answers_are_judged() {
    let local = local().await;
    let (url, mut requests) = server(bot("", json!({"toast": {"type": "loud"}}))).await;
    local.post("apps", json!({"app_id": "cli_local", "webhook": {"url": url}})).await;
    assert_eq!(requests.recv().await.unwrap().header("X-Lark-Signature"), "");
    let outcome = local.post("click", json!({"name": "approve"})).await;
    assert_eq!((&outcome["code"], &outcome["verdict"]["code"]), (&json!(200), &json!(200_672)));
    let (url, _requests) =
        server(|seen| match serde_json::from_str::<Value>(&seen.body).unwrap()["challenge"].as_str() {
            Some(challenge) => (200, json!({"challenge": challenge}).to_string()),
            None => (503, "busy".into()),
        })
        .await;
    local.post("apps", json!({"app_id": "cli_local", "webhook": {"url": url}})).await;
    let outcome = local.post("click", json!({"name": "approve"})).await;
    assert_eq!((&outcome["code"], &outcome["verdict"]["code"]), (&json!(503), &json!(200_671)));
    let outcome = local.post("event", json!({"type": "a.b_v1", "repeat": false})).await;
    assert_eq!(outcome["verdict"]["kind"], "again");
}

#[tokio::test]
async fn webhook_that_fails_its_challenge_is_refused() {
    let local = local().await;
    let (url, _requests) = server(|_| (200, "{}".into())).await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, part) in [
        (url, "challenge was answered with HTTP 200"),
        (format!("http://{free}/"), "cannot connect"),
        ("https://bot.example/".into(), "http://"),
    ] {
        let (field, text) =
            local.wrong("apps", json!({"app_id": "cli_local", "webhook": {"url": url}})).await;
        assert_eq!(field, "webhook.url");
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(local.get("apps").await[0]["webhook"], Value::Null);
}
