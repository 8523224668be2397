//! `card.action.trigger_v1`, the old callback of cards: webhook only, never over the long connection.
//!
//! Its payload has no envelope, and its answer is the whole card at the top level.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::card::{Action, CallbackToken, CardContent, RawCard, Template, Toast, validate};
use crate::decode::in_place::{Id, Nested, Words, read_in_place};
use crate::envelope::{Envelope, EventBody};
use crate::finding::Finding;
use crate::ids::{CARD_ACTION_V1, ChatId, MessageId, OpenId, TenantKey, UserId};
use crate::reply::{Reply, ReplyError, write_json};

/// A click on a card in the old format, as a handler takes it.
pub type CardActionTriggerV1 = Envelope<CardActionV1>;

/// The old body of a click. Source: "Card callback structure (legacy)" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct CardActionV1 {
    /// Who clicked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<OpenId>,
    /// Only with the scope `contact:user.employee_id:readonly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Message with the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_message_id: Option<MessageId>,
    /// Chat of the message. Not in the documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_chat_id: Option<ChatId>,
    /// Tenant of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
    /// Token for later updates of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<CallbackToken>,
    /// Time zone of the user's device. Not in the documentation at this place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Component that was used, and what was entered.
    pub action: Action,
}

read_in_place! {
    CardActionV1 {
        open_id: Id,
        user_id: Id,
        open_message_id: Id,
        open_chat_id: Id,
        tenant_key: Id,
        token: Id,
        timezone: Words,
        action: Nested,
    } aliases {
        operator,
        operator_id,
        message_id,
        chat_id,
        context,
    }
}

impl EventBody for CardActionV1 {
    const TYPE: &'static str = CARD_ACTION_V1;
    type Reply = CardReplyV1;
}

/// The old answer: the whole card at the top level, with a toast beside it.
///
/// ```
/// use feishu_callbacks::webhook::CardReplyV1;
/// use feishu_callbacks::{RawCard, Reply, Toast};
/// let card = RawCard::parse(r#"{"elements":[{"tag":"hr"}]}"#)?;
/// let reply = CardReplyV1::card(card).with_toast(Toast::info("Done"));
/// assert_eq!(
///     String::from_utf8(reply.to_json()?)?,
///     r#"{"elements":[{"tag":"hr"}],"toast":{"type":"info","content":"Done"}}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CardReplyV1 {
    card: Option<CardContent>,
    toast: Option<Toast>,
}

impl CardReplyV1 {
    /// Leaves the card as it is: `{}`.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Replaces the card.
    pub fn card(card: RawCard) -> Self {
        Self { card: Some(card.into()), toast: None }
    }

    /// Replaces the card by a template.
    pub fn template(template: Template) -> Self {
        Self { card: Some(template.into()), toast: None }
    }

    /// Shows a toast.
    pub fn toast(toast: Toast) -> Self {
        Self { card: None, toast: Some(toast) }
    }

    /// Adds a toast, or replaces the one that is there.
    pub fn with_toast(mut self, toast: Toast) -> Self {
        self.toast = Some(toast);
        self
    }
}

impl Serialize for CardReplyV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reply = serializer.serialize_map(None)?;
        match &self.card {
            Some(CardContent::Raw(card)) => {
                let members: Map<String, Value> =
                    serde_json::from_str(card.as_json()).map_err(serde::ser::Error::custom)?;
                for (key, value) in &members {
                    reply.serialize_entry(key, value)?;
                }
            }
            Some(CardContent::Template(template)) => {
                reply.serialize_entry("type", "template")?;
                reply.serialize_entry("data", template)?;
            }
            None => {}
        }
        if let Some(toast) = &self.toast {
            reply.serialize_entry("toast", toast)?;
        }
        reply.end()
    }
}

impl Reply for CardReplyV1 {
    const CALLBACK: bool = true;

    fn to_json(&self) -> Result<Vec<u8>, ReplyError> {
        write_json(self, 64 + self.card.as_ref().map_or(0, CardContent::size_hint))
    }

    fn findings(&self) -> Vec<Finding> {
        match &self.card {
            Some(CardContent::Raw(card)) => validate::raw_card(card, ""),
            Some(template) => validate::card(template, "/data"),
            None => Vec::new(),
        }
    }
}
