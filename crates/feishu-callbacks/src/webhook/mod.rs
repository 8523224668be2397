//! What only webhooks receive, never the long connection: the old card callback and the check of a webhook address.

mod card_v1;
mod verification;

pub use card_v1::{CardActionTriggerV1, CardActionV1, CardReplyV1};
pub use verification::{Challenge, UrlVerification};
