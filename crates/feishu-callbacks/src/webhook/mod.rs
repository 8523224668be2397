//! Webhook requests: the old card callback, the console's check of a webhook address, and signed and encrypted requests.
//!
//! None of these is sent over the long connection. With the feature `webhook`, `Webhook` verifies and decrypts requests.

mod card_v1;
#[cfg(feature = "webhook")]
mod encrypt_key;
#[cfg(feature = "webhook")]
mod error;
#[cfg(feature = "webhook")]
mod receiver;
#[cfg(feature = "webhook")]
mod repeats;
mod verification;

pub use card_v1::{CardActionTriggerV1, CardActionV1, CardReplyV1};
#[cfg(feature = "webhook")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
pub use encrypt_key::EncryptKey;
#[cfg(feature = "webhook")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
pub use error::{WebhookError, WebhookErrorKind};
#[cfg(feature = "webhook")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
pub use receiver::{Opened, Webhook};
pub use verification::{Challenge, UrlVerification};
