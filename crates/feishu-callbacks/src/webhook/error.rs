//! [`WebhookError`]: why a webhook request was refused.

use std::fmt;

/// Error of [`Webhook`](super::Webhook): a request was refused, or a secret is empty.
///
/// It contains no part of the request, so it is safe to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WebhookError {
    kind: WebhookErrorKind,
}

/// The kind of a [`WebhookError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookErrorKind {
    /// An Encrypt Key or a Verification Token is empty, so requests could be forged.
    EmptySecret,
    /// The request has no signature and is not a valid check of the address.
    Unsigned,
    /// The signature does not match the body and the key.
    WrongSignature,
    /// The timestamp is not a number of seconds, is further from the current time than the window allows, or is older
    /// than the requests that are still remembered.
    OutsideWindow,
    /// The request was received before.
    Repeated,
    /// The body is not encrypted, but the receiver has an Encrypt Key.
    NotEncrypted,
    /// The body is encrypted, but the receiver has no Encrypt Key.
    Encrypted,
    /// The signature is right, but the body cannot be decrypted.
    Undecryptable,
    /// The payload is not the JSON object of a callback.
    NotACallback,
    /// The Verification Token is missing or wrong.
    WrongToken,
}

impl WebhookError {
    /// The kind of error.
    pub fn kind(&self) -> WebhookErrorKind {
        self.kind
    }

    /// HTTP status to answer with: 401 if the request is not authentic, 400 if it cannot be read, 500 if a secret is
    /// empty.
    pub fn status(&self) -> u16 {
        match self.kind {
            WebhookErrorKind::EmptySecret => 500,
            WebhookErrorKind::Unsigned
            | WebhookErrorKind::WrongSignature
            | WebhookErrorKind::OutsideWindow
            | WebhookErrorKind::Repeated
            | WebhookErrorKind::WrongToken => 401,
            WebhookErrorKind::NotEncrypted
            | WebhookErrorKind::Encrypted
            | WebhookErrorKind::Undecryptable
            | WebhookErrorKind::NotACallback => 400,
        }
    }
}

impl From<WebhookErrorKind> for WebhookError {
    fn from(kind: WebhookErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            WebhookErrorKind::EmptySecret => {
                "the Encrypt Key or the Verification Token is empty; copy both from \"Events & callbacks\" → \
                 \"Encryption strategy\" in the console"
            }
            WebhookErrorKind::Unsigned => {
                "the request has no X-Lark-Signature and is not a check of the address made with this Encrypt Key and \
                 Verification Token; compare both with \"Encryption strategy\" in the console, and let proxies keep the \
                 X-Lark-* headers"
            }
            WebhookErrorKind::WrongSignature => {
                "the signature does not match; compare the Encrypt Key with \"Encryption strategy\" in the console, and \
                 pass the body bytes as received, not re-serialised JSON"
            }
            WebhookErrorKind::OutsideWindow => {
                "the timestamp of the request is too old or in the future; check the clock of this machine, or set a larger \
                 `window` or `remembered`"
            }
            WebhookErrorKind::Repeated => {
                "the request was received before; if a proxy in front of the bot resends requests, disable that"
            }
            WebhookErrorKind::NotEncrypted => {
                "the body is not encrypted; if the console shows no Encrypt Key, use `Webhook::without_encrypt_key`"
            }
            WebhookErrorKind::Encrypted => {
                "the body is encrypted; pass the Encrypt Key from \"Encryption strategy\" in the console to `Webhook::new`"
            }
            WebhookErrorKind::Undecryptable => {
                "the body cannot be decrypted; compare the Encrypt Key with \"Encryption strategy\" in the console"
            }
            WebhookErrorKind::NotACallback => {
                "the payload is not the JSON object of a callback; check that this address is used for callbacks and \
                 events only"
            }
            WebhookErrorKind::WrongToken => {
                "the Verification Token is missing or wrong; compare it with \"Encryption strategy\" in the console"
            }
        })
    }
}

impl std::error::Error for WebhookError {}
