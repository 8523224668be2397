//! `url_verification`: the console's check of a webhook address. It is not sent over the long connection.

use serde::{Deserialize, Serialize};

use crate::envelope::EventBody;
use crate::header::VerificationToken;
use crate::reply::{Reply, ReplyError, write_json};
use crate::text;

/// Request that is sent when a webhook address is saved in the console. It must be answered within one second.
///
/// Source: "Configure the callback request address" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::webhook::UrlVerification;
/// use feishu_callbacks::{Envelope, Reply};
/// let payload = br#"{"type":"url_verification","token":"v7","challenge":"say this"}"#;
/// let asked: Envelope<UrlVerification> = feishu_callbacks::decode(payload)?;
/// assert_eq!(asked.event.answer().to_json()?, br#"{"challenge":"say this"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UrlVerification {
    /// Text to send back.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// Verification Token of the app: compare it before answering.
    #[serde(default, deserialize_with = "text::filled", skip_serializing)]
    pub token: Option<VerificationToken>,
}

impl UrlVerification {
    /// The answer that the console expects.
    pub fn answer(&self) -> Challenge {
        Challenge { challenge: self.challenge.clone().unwrap_or_default() }
    }
}

impl EventBody for UrlVerification {
    const TYPE: &'static str = "url_verification";
    type Reply = Challenge;
}

/// Answer to a [`UrlVerification`]: the challenge it contained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Challenge {
    challenge: String,
}

impl Reply for Challenge {
    const CALLBACK: bool = true;

    fn to_json(&self) -> Result<Vec<u8>, ReplyError> {
        write_json(self, 32 + self.challenge.len())
    }
}
