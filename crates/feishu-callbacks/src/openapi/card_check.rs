//! Checks the card in the body of a call, whichever call sends it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::CallKind;
use crate::card::{RawCard, validate};
use crate::finding::Finding;

#[derive(Deserialize)]
struct Body<'a> {
    msg_type: Option<String>,
    content: Option<String>,
    #[serde(borrow)]
    card: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<String>,
}

impl CallKind {
    /// What the platform or the user's client would refuse in the card that a call with this body sends: a message, a reply
    /// or a patch, a delayed update, a card entity. Empty for other calls, for templates, and for a body that is not their
    /// JSON. A place is a position in the body; the card of a message is a text in `content`.
    ///
    /// ```
    /// use feishu_callbacks::openapi::CallKind;
    ///
    /// let card = r#"{"schema":"2.0","body":{"elements":[{"tag":"button","value":{"a":1}}]}}"#;
    /// let body = serde_json::json!({"receive_id": "oc_1", "msg_type": "interactive", "content": card}).to_string();
    /// let findings = CallKind::MessageSend.findings(body.as_bytes());
    /// assert!(findings[0].to_string().contains("/content/body/elements/0"), "{}", findings[0]);
    /// assert!(CallKind::ImageUpload.findings(body.as_bytes()).is_empty());
    /// ```
    pub fn findings(self, body: &[u8]) -> Vec<Finding> {
        if !self.sends_cards() {
            return Vec::new();
        }
        let Ok(body) = serde_json::from_slice::<Body<'_>>(body) else { return Vec::new() };
        let entity;
        let (card, place) = match self {
            Self::MessageSend | Self::MessageReply if body.msg_type.as_deref() != Some("interactive") => {
                return Vec::new();
            }
            Self::MessageSend | Self::MessageReply | Self::MessagePatch => {
                (body.content.as_deref(), "/content")
            }
            Self::CardCreate if body.kind.as_deref() == Some("card_json") => (body.data.as_deref(), "/data"),
            Self::CardReplace => {
                let inner = body.card.and_then(|card| serde_json::from_str::<Body<'_>>(card.get()).ok());
                entity =
                    inner.filter(|card| card.kind.as_deref() == Some("card_json")).and_then(|card| card.data);
                (entity.as_deref(), "/card/data")
            }
            _ => (body.card.map(RawValue::get), "/card"),
        };
        // A template, or no card at all, which the platform says itself.
        let card = card.and_then(|card| RawCard::parse(card).ok());
        card.map(|card| validate::raw_card(&card, place)).unwrap_or_default()
    }

    fn sends_cards(self) -> bool {
        matches!(
            self,
            Self::MessageSend
                | Self::MessageReply
                | Self::MessagePatch
                | Self::EphemeralSend
                | Self::CardUpdate
                | Self::CardCreate
                | Self::CardReplace
        )
    }
}
