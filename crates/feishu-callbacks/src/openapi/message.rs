//! Messages: send, reply, and update a card by its message id.

use serde::{Deserialize, Serialize};

use super::answer::{DataPlace, Nothing};
use super::{Call, json, segment};
use crate::card::CardContent;
use crate::ids::{ChatId, MessageId, OpenId, ThreadId, UnionId, UserId};
use crate::text;

/// The content of a message to send.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutgoingMessage {
    msg_type: &'static str,
    /// JSON in a string, as all of these calls want it.
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
}

impl OutgoingMessage {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of("text", serde_json::json!({ "text": text.into() }).to_string())
    }

    /// A card.
    pub fn card(card: impl Into<CardContent>) -> Self {
        Self::of("interactive", card_content(&card.into()))
    }

    /// An image that was uploaded before, `img_v3_…`.
    pub fn image(key: impl Into<String>) -> Self {
        Self::of("image", serde_json::json!({ "image_key": key.into() }).to_string())
    }

    /// Any other kind, with its content as JSON.
    pub fn other(msg_type: &'static str, content: &serde_json::Value) -> Self {
        Self::of(msg_type, content.to_string())
    }

    /// Sets an idempotency key of at most 50 characters: within an hour, calls with the same key send one message.
    pub fn once(mut self, uuid: impl Into<String>) -> Self {
        self.uuid = Some(uuid.into());
        self
    }

    fn of(msg_type: &'static str, content: String) -> Self {
        Self { msg_type, content, uuid: None }
    }
}

/// The receiver of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Receiver {
    /// A user of this app.
    User(OpenId),
    /// A user across the developer's apps.
    Union(UnionId),
    /// A user of the tenant.
    TenantUser(UserId),
    /// A user by address.
    Email(String),
    /// A chat.
    Chat(ChatId),
}

impl Receiver {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::User(id) => ("open_id", id.as_str()),
            Self::Union(id) => ("union_id", id.as_str()),
            Self::TenantUser(id) => ("user_id", id.as_str()),
            Self::Email(address) => ("email", address),
            Self::Chat(id) => ("chat_id", id.as_str()),
        }
    }
}

/// Sends a message. Source: "Send message" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageSend {
    /// Who gets it.
    pub to: Receiver,
    /// What it says.
    pub message: OutgoingMessage,
}

impl Call for MessageSend {
    const METHOD: &'static str = "POST";
    type Data = SentMessage;

    fn path(&self) -> String {
        format!("/open-apis/im/v1/messages?receive_id_type={}", self.to.parts().0)
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            receive_id: &'a str,
            #[serde(flatten)]
            message: &'a OutgoingMessage,
        }

        json(&Shape { receive_id: self.to.parts().1, message: &self.message })
    }
}

/// Answers a message. Source: "Reply to message" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageReply {
    /// The message that is answered.
    pub to: MessageId,
    /// What it says.
    pub message: OutgoingMessage,
    /// Whether to answer in a topic.
    pub in_thread: bool,
}

impl Call for MessageReply {
    const METHOD: &'static str = "POST";
    type Data = SentMessage;

    fn path(&self) -> String {
        format!("/open-apis/im/v1/messages/{}/reply", segment(self.to.as_str()))
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            #[serde(flatten)]
            message: &'a OutgoingMessage,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            reply_in_thread: bool,
        }

        json(&Shape { message: &self.message, reply_in_thread: self.in_thread })
    }
}

/// Updates a card by its message id, at any time within 14 days. The card must be shared (`update_multi`), before and
/// after; at most five updates per second. Source: "Update message card" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagePatch {
    /// Message with the card: `event.context.open_message_id` of a click.
    pub message: MessageId,
    /// The new card.
    pub card: CardContent,
}

impl Call for MessagePatch {
    const METHOD: &'static str = "PATCH";
    const DATA: DataPlace = DataPlace::Nowhere;
    type Data = Nothing;

    fn path(&self) -> String {
        format!("/open-apis/im/v1/messages/{}", segment(self.message.as_str()))
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape {
            content: String,
        }

        json(&Shape { content: card_content(&self.card) })
    }
}

/// A message that was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SentMessage {
    /// Its id.
    #[serde(default, deserialize_with = "text::filled")]
    pub message_id: Option<MessageId>,
    /// Its chat.
    #[serde(default, deserialize_with = "text::filled")]
    pub chat_id: Option<ChatId>,
    /// Its topic, if it is in one.
    #[serde(default, deserialize_with = "text::filled")]
    pub thread_id: Option<ThreadId>,
}

/// A card as these calls want it: the card itself, or a template with its wrapper; never `type: raw`.
fn card_content(card: &CardContent) -> String {
    match card {
        CardContent::Raw(card) => card.as_json().to_owned(),
        // A tree of text and numbers always serialises.
        template @ CardContent::Template(_) => serde_json::to_string(template).unwrap_or_default(),
    }
}
