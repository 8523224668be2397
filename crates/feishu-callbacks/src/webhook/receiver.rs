//! [`Webhook`]: from headers and body of a request to the callback in it.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::encrypt_key::{EncryptKey, hex};
use super::error::{WebhookError, WebhookErrorKind as Kind};
use super::repeats::Repeats;
use super::verification::{Challenge, UrlVerification};
use crate::header::VerificationToken;
use crate::secret::same;
use crate::text;

/// Checks and decrypts the requests of a webhook.
///
/// One value serves all requests of an address: it remembers which came. Sources: "Encrypt Key encryption and signature
/// verification" and "Configure the callback request address" of the Feishu documentation.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use feishu_callbacks::webhook::{EncryptKey, Opened, Webhook};
///
/// let webhook = Webhook::new("my encrypt key", "my token")?;
///
/// // A request as the platform sends it. `&http::HeaderMap` fits as headers, too.
/// let key = EncryptKey::new("my encrypt key");
/// let payload = br#"{"header":{"event_type":"card.action.trigger","token":"my token"},"event":{}}"#;
/// let body = key.seal(payload, [7; 16]);
/// let headers = [
///     ("X-Lark-Request-Timestamp", "1747740328"),
///     ("X-Lark-Request-Nonce", "n-1"),
///     ("X-Lark-Signature", &key.sign("1747740328", "n-1", body.as_bytes())),
/// ];
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_747_740_330);
///
/// match webhook.open(headers, body.as_bytes(), now)? {
///     Opened::Challenge(challenge) => println!("answer with {challenge:?}"),
///     Opened::Callback(json) => assert_eq!(json, payload),
///     _ => {}
/// }
/// # Ok::<(), feishu_callbacks::webhook::WebhookError>(())
/// ```
pub struct Webhook {
    proof: Proof,
    token: VerificationToken,
    window: Duration,
    repeats: Mutex<Repeats>,
}

/// How a request proves that the platform sent it.
enum Proof {
    /// Signed with the Encrypt Key, and encrypted.
    EncryptKey(EncryptKey),
    /// Signed with the Verification Token: the old card callback.
    SignedByToken,
    /// The Verification Token in the payload, and nothing else.
    Token,
}

/// What was in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opened {
    /// The console checks the address: answer with status 200 and this as JSON, within a second.
    Challenge(Challenge),
    /// The payload of a callback or event, as JSON.
    Callback(Vec<u8>),
}

impl Webhook {
    /// Time that a request may be away from now, before or after.
    pub const DEFAULT_WINDOW: Duration = Duration::from_secs(5 * 60);
    /// Requests that are remembered, to refuse one that is sent again: 55 per second in a window of five minutes.
    pub const DEFAULT_REMEMBERED: usize = 16 * 1024;

    /// A webhook of an app with both secrets of "Encryption strategy" in the console.
    ///
    /// # Errors
    /// When one of them is empty.
    pub fn new(
        encrypt_key: impl Into<EncryptKey>,
        verification_token: impl Into<VerificationToken>,
    ) -> Result<Self, WebhookError> {
        let key = encrypt_key.into();
        if key.expose().is_empty() {
            return Err(Kind::EmptySecret.into());
        }
        Self::with_proof(Proof::EncryptKey(key), verification_token.into())
    }

    /// A webhook of an app without an Encrypt Key: only the Verification Token in the payload is checked.
    ///
    /// Requests are neither signed nor dated then, so one that was overheard can be sent again. Prefer [`new`](Self::new).
    ///
    /// # Errors
    /// When the token is empty.
    pub fn without_encrypt_key(
        verification_token: impl Into<VerificationToken>,
    ) -> Result<Self, WebhookError> {
        Self::with_proof(Proof::Token, verification_token.into())
    }

    /// A webhook of the old card callback, `card.action.trigger_v1`: signed with the Verification Token by SHA-1, not
    /// encrypted.
    ///
    /// # Errors
    /// When the token is empty.
    pub fn card_v1(verification_token: impl Into<VerificationToken>) -> Result<Self, WebhookError> {
        Self::with_proof(Proof::SignedByToken, verification_token.into())
    }

    fn with_proof(proof: Proof, token: VerificationToken) -> Result<Self, WebhookError> {
        if token.expose().is_empty() {
            return Err(Kind::EmptySecret.into());
        }
        let repeats = Mutex::new(Repeats::new(Self::DEFAULT_REMEMBERED));
        Ok(Self { proof, token, window: Self::DEFAULT_WINDOW, repeats })
    }

    /// Time that a request may be away from now; [`DEFAULT_WINDOW`](Self::DEFAULT_WINDOW) if not set.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Requests to remember; [`DEFAULT_REMEMBERED`](Self::DEFAULT_REMEMBERED) if not set. Each takes about 60 bytes. A
    /// full memory forgets its oldest; with 0 a request that is sent again within the window is accepted.
    pub fn remembered(mut self, requests: usize) -> Self {
        self.repeats = Mutex::new(Repeats::new(requests));
        self
    }

    /// Checks a request and takes the payload out of it.
    ///
    /// `headers` are pairs of name and value, such as an `&http::HeaderMap`; the case of names does not matter. `body` is
    /// the body as it came, and `now` the time of its arrival.
    ///
    /// The check of an address may come without a signature: the official SDKs do not ask one of it, either. It must be
    /// encrypted with the key and have the token.
    ///
    /// # Errors
    /// When the request does not prove that the platform sent it, or came before, or cannot be read. Answer with
    /// [`WebhookError::status`].
    pub fn open<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Opened, WebhookError> {
        let stamp = Stamp::of(headers);
        let expected = match &self.proof {
            Proof::EncryptKey(key) => key.sign(&stamp.timestamp, &stamp.nonce, body),
            Proof::SignedByToken => sign_by_token(&self.token, &stamp, body),
            Proof::Token => return self.read(body, false),
        };
        if stamp.signature.is_empty() {
            // One error for all that may be wrong, so that an unsigned request cannot be used to probe the encryption.
            return match self.read(body, false) {
                Ok(challenge @ Opened::Challenge(_)) => Ok(challenge),
                _ => Err(Kind::Unsigned.into()),
            };
        }
        if !same(expected.as_bytes(), stamp.signature.as_bytes()) {
            return Err(Kind::WrongSignature.into());
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let sent = stamp.timestamp.parse::<u64>().ok();
        let sent =
            sent.filter(|sent| sent.abs_diff(now) <= self.window.as_secs()).ok_or(Kind::OutsideWindow)?;
        let opened = self.read(body, true)?;
        let oldest = now.saturating_sub(self.window.as_secs());
        // Half of a signature is enough to tell requests apart. It covers timestamp, nonce and body.
        let request =
            expected.get(..32).and_then(|half| u128::from_str_radix(half, 16).ok()).unwrap_or_default();
        let mut repeats = self.repeats.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(opened, Opened::Callback(_)) && !repeats.is_new(request, sent, oldest) {
            return Err(Kind::Repeated.into());
        }
        Ok(opened)
    }

    /// Decrypts and looks at what it is and at its token. A signed callback may have no token.
    fn read(&self, body: &[u8], signed: bool) -> Result<Opened, WebhookError> {
        let outer: Outer = serde_json::from_slice(body).map_err(|_| Kind::NotACallback)?;
        let payload = match (&self.proof, outer.encrypt) {
            (Proof::EncryptKey(key), Some(text)) => key.decrypt(&text).ok_or(Kind::Undecryptable)?,
            (Proof::EncryptKey(_), None) => return Err(Kind::NotEncrypted.into()),
            (_, Some(_)) => return Err(Kind::Encrypted.into()),
            (_, None) => body.to_vec(),
        };
        let inner: Inner = serde_json::from_slice(&payload).map_err(|_| Kind::NotACallback)?;
        let is_challenge = inner.kind.as_deref() == Some("url_verification");
        let token = inner.header.and_then(|header| header.token).or_else(|| inner.address.token.clone());
        let proven = match (&self.proof, token) {
            // The `token` of an old card callback is another one: that of the click.
            (Proof::SignedByToken, _) if !is_challenge => signed,
            (_, Some(token)) => token == self.token,
            (_, None) => signed && !is_challenge,
        };
        match (proven, is_challenge) {
            (false, _) => Err(Kind::WrongToken.into()),
            (true, true) => Ok(Opened::Challenge(inner.address.answer())),
            (true, false) => Ok(Opened::Callback(payload)),
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("window", &self.window).finish_non_exhaustive()
    }
}

/// The headers of a request that belong to its signature; empty where missing.
#[derive(Default)]
struct Stamp {
    timestamp: String,
    nonce: String,
    signature: String,
}

impl Stamp {
    fn of<N: AsRef<str>, V: AsRef<[u8]>>(headers: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut stamp = Self::default();
        for (name, value) in headers {
            let name = name.as_ref();
            let place = if name.eq_ignore_ascii_case("x-lark-request-timestamp") {
                &mut stamp.timestamp
            } else if name.eq_ignore_ascii_case("x-lark-request-nonce") {
                &mut stamp.nonce
            } else if name.eq_ignore_ascii_case("x-lark-signature") {
                &mut stamp.signature
            } else {
                continue;
            };
            String::from_utf8_lossy(value.as_ref()).trim().clone_into(place);
        }
        stamp
    }
}

/// Signature of the old card callback. Source: "Card callback security verification (legacy)" of the Feishu
/// documentation.
fn sign_by_token(token: &VerificationToken, stamp: &Stamp, body: &[u8]) -> String {
    let mut hash = sha1_smol::Sha1::new();
    for part in [stamp.timestamp.as_bytes(), stamp.nonce.as_bytes(), token.expose().as_bytes(), body] {
        hash.update(part);
    }
    hex(&hash.digest().bytes())
}

/// The body of a request.
#[derive(Deserialize)]
struct Outer {
    #[serde(default, deserialize_with = "text::string")]
    encrypt: Option<String>,
}

/// The payload, as far as the check needs it.
#[derive(Deserialize)]
struct Inner {
    #[serde(default, rename = "type", deserialize_with = "text::string")]
    kind: Option<String>,
    header: Option<InnerHeader>,
    #[serde(flatten)]
    address: UrlVerification,
}

#[derive(Deserialize)]
struct InnerHeader {
    #[serde(default, deserialize_with = "text::filled")]
    token: Option<VerificationToken>,
}
