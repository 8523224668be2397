//! [`Webhook`]: verifies and decrypts webhook requests.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::encrypt_key::{EncryptKey, hex};
use super::error::{WebhookError, WebhookErrorKind as Kind};
use super::repeats::{Repeats, Seen};
use super::verification::{Challenge, UrlVerification};
use crate::header::VerificationToken;
use crate::secret::same;
use crate::text;

/// Verifies and decrypts webhook requests.
///
/// Use one value for all requests of an address: it remembers them, to refuse replays. Sources: "Encrypt Key encryption and signature
/// verification" and "Configure the callback request address" of the Feishu documentation.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use feishu_callbacks::webhook::{EncryptKey, Opened, Webhook};
///
/// let webhook = Webhook::new("my encrypt key", "my token")?;
///
/// // A request as the platform sends it. The headers may be an `&http::HeaderMap` as well.
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

/// How requests are authenticated.
enum Proof {
    /// Signed with the Encrypt Key, and encrypted.
    EncryptKey(EncryptKey),
    /// Signed with the Verification Token: the old card callback.
    SignedByToken,
    /// Only by the Verification Token in the payload.
    Token,
}

/// The content of a verified request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opened {
    /// The console's check of the address. Answer with status 200 and this value as JSON within one second.
    Challenge(Challenge),
    /// The payload of a callback or event, as JSON.
    Callback(Vec<u8>),
}

impl Webhook {
    /// Default of [`window`](Self::window): five minutes.
    pub const DEFAULT_WINDOW: Duration = Duration::from_secs(5 * 60);
    /// Default of [`remembered`](Self::remembered): 16,384 requests, enough for 55 per second in a window of five minutes.
    pub const DEFAULT_REMEMBERED: usize = 16 * 1024;

    /// Creates a receiver from both secrets that "Encryption strategy" in the console shows.
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

    /// Creates a receiver for an app without an Encrypt Key: only the Verification Token in the payload is checked.
    ///
    /// Such requests have no signature and no timestamp, so an intercepted one can be replayed. Prefer [`new`](Self::new).
    ///
    /// # Errors
    /// When the token is empty.
    pub fn without_encrypt_key(
        verification_token: impl Into<VerificationToken>,
    ) -> Result<Self, WebhookError> {
        Self::with_proof(Proof::Token, verification_token.into())
    }

    /// Creates a receiver for the old card callback, `card.action.trigger_v1`. Its requests are signed with the
    /// Verification Token (SHA-1) and not encrypted.
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

    /// Sets the largest difference between the timestamp of a request and the current time, in either direction.
    /// Defaults to [`DEFAULT_WINDOW`](Self::DEFAULT_WINDOW).
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets how many requests are remembered to refuse replays. Defaults to
    /// [`DEFAULT_REMEMBERED`](Self::DEFAULT_REMEMBERED). Each takes about 60 bytes.
    ///
    /// A full memory drops its oldest request; from then on, requests with the same or an older timestamp are refused
    /// with [`WebhookErrorKind::OutsideWindow`](super::WebhookErrorKind::OutsideWindow). With 0, replays within the
    /// window are accepted.
    pub fn remembered(mut self, requests: usize) -> Self {
        self.repeats = Mutex::new(Repeats::new(requests));
        self
    }

    /// Verifies a request and returns its payload.
    ///
    /// `headers` are pairs of name and value, such as an `&http::HeaderMap`; the case of names does not matter. `body` is
    /// the body as received, and `now` the time of arrival.
    ///
    /// The console's check of the address needs no signature, as in the official SDKs. It must still be encrypted with
    /// the key and contain the token.
    ///
    /// # Errors
    /// When the request is not authentic, was received before, or cannot be read. Answer with
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
            // The same error for every reason, so that an unsigned request cannot be used to probe the encryption.
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
        if let Opened::Callback(_) = opened {
            let mut repeats = self.repeats.lock().unwrap_or_else(PoisonError::into_inner);
            match repeats.look_up(request, sent, oldest) {
                Seen::New => {}
                Seen::Repeated => return Err(Kind::Repeated.into()),
                Seen::TooOld => return Err(Kind::OutsideWindow.into()),
            }
        }
        Ok(opened)
    }

    /// Decrypts the body and checks its token. A signed callback may lack the token.
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
            // The `token` of an old card callback is the token of the click, not the Verification Token.
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

/// The request headers that are part of the signature. Missing ones are empty.
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

/// The members of the payload that are checked.
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
