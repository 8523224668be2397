//! Why a request of a webhook was refused.

use std::fmt;

/// A request that was refused, or a webhook that cannot be set up.
///
/// Holds no part of the request, so it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WebhookError {
    kind: WebhookErrorKind,
}

/// What was wrong with a request of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookErrorKind {
    /// An Encrypt Key or a Verification Token is empty: anybody could forge requests.
    EmptySecret,
    /// The request has no signature, and it is not the check of an address.
    Unsigned,
    /// The signature does not belong to this body and key.
    WrongSignature,
    /// The timestamp is not a number of seconds, or is further from now than the window allows.
    OutsideWindow,
    /// The same request came before.
    Repeated,
    /// The body is not encrypted, though an Encrypt Key was given.
    NotEncrypted,
    /// The body is encrypted, but no Encrypt Key was given.
    Encrypted,
    /// The signature is right, but the body cannot be decrypted.
    Undecryptable,
    /// The payload is not a JSON object of a callback.
    NotACallback,
    /// The Verification Token is missing or wrong.
    WrongToken,
}

impl WebhookError {
    /// What was wrong.
    pub fn kind(&self) -> WebhookErrorKind {
        self.kind
    }

    /// HTTP status to answer with: 401 when the sender did not prove who it is, 400 for what cannot be read, 500 for a
    /// webhook that is not set up.
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
                "the request has no X-Lark-Signature and is no check of the address made with this Encrypt Key and \
                 Verification Token; compare both with \"Encryption strategy\" in the console, and let proxies keep the \
                 X-Lark-* headers"
            }
            WebhookErrorKind::WrongSignature => {
                "the signature does not fit; compare the Encrypt Key with \"Encryption strategy\" in the console, and \
                 pass the body as the bytes that came, not as JSON written again"
            }
            WebhookErrorKind::OutsideWindow => {
                "the request is too old or from the future; check the clock of this machine, or widen the window"
            }
            WebhookErrorKind::Repeated => {
                "the same request came before; if a proxy in front sends requests twice, switch that off"
            }
            WebhookErrorKind::NotEncrypted => {
                "the body is not encrypted; if the console shows no Encrypt Key, use `Webhook::without_encrypt_key`"
            }
            WebhookErrorKind::Encrypted => {
                "the body is encrypted; give the Encrypt Key of \"Encryption strategy\" in the console to `Webhook::new`"
            }
            WebhookErrorKind::Undecryptable => {
                "the body cannot be decrypted; compare the Encrypt Key with \"Encryption strategy\" in the console"
            }
            WebhookErrorKind::NotACallback => {
                "the payload is not a JSON object of a callback; check that the console has this address for callbacks \
                 and events only"
            }
            WebhookErrorKind::WrongToken => {
                "the Verification Token is missing or wrong; compare it with \"Encryption strategy\" in the console"
            }
        })
    }
}

impl std::error::Error for WebhookError {}
