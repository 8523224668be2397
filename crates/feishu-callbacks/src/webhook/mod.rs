//! What only webhooks receive, never the long connection: the old card callback, the check of a webhook address, and
//! signed and encrypted requests.
//!
//! With the feature `webhook`, `Webhook` turns headers and body of a request into the callback in it.

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
