//! Messages: send, reply, and update a card by its message id.

use serde::{Deserialize, Serialize};

use super::answer::{DataPlace, Nothing};
use super::call_kind::CallKind;
use super::{Call, json, segment};
use crate::card::CardContent;
use crate::error::{FieldError, FieldSource, Found};
use crate::ids::{CardId, ChatId, MessageId, OpenId, ThreadId, UnionId, UserId};
use crate::im::Message;
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

    /// A card entity that [`CardCreate`](super::CardCreate) created. Each can be sent once; what a second send answers is not
    /// documented.
    pub fn card_entity(card_id: &CardId) -> Self {
        Self::of("interactive", serde_json::json!({"type": "card", "data": {"card_id": card_id}}).to_string())
    }

    /// An image that was uploaded before, `img_v3_…`.
    pub fn image(key: impl Into<String>) -> Self {
        Self::of("image", serde_json::json!({ "image_key": key.into() }).to_string())
    }

    /// A file that was uploaded before, `file_v3_…`; not a video.
    pub fn file(key: impl Into<String>) -> Self {
        Self::of("file", serde_json::json!({ "file_key": key.into() }).to_string())
    }

    /// A voice message that was uploaded before as [`FileKind::Opus`](super::FileKind::Opus).
    pub fn audio(key: impl Into<String>) -> Self {
        Self::of("audio", serde_json::json!({ "file_key": key.into() }).to_string())
    }

    /// A video that was uploaded before as [`FileKind::Mp4`](super::FileKind::Mp4), with the key of an image as its cover.
    pub fn video(key: impl Into<String>, cover: impl Into<String>) -> Self {
        let content = serde_json::json!({ "file_key": key.into(), "image_key": cover.into() });
        Self::of("media", content.to_string())
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

    /// Without the idempotency key, for a call that has none.
    pub(super) fn without_key(&self) -> Self {
        Self { uuid: None, ..self.clone() }
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
    const KIND: CallKind = CallKind::MessageSend;
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

/// Replies to a message. Source: "Reply to message" of the Feishu documentation.
///
/// The message is named by its own id. The id of a topic is of another type, because the platform refuses it here:
///
/// ```compile_fail,E0308
/// use feishu_callbacks::ThreadId;
/// use feishu_callbacks::openapi::{MessageReply, OutgoingMessage};
///
/// let topic = ThreadId::from("omt_7");
/// let reply = MessageReply { to: topic, message: OutgoingMessage::text("Hello"), in_thread: true };
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MessageReply {
    /// The message that is replied to, `om_…`.
    pub to: MessageId,
    /// What the reply says.
    pub message: OutgoingMessage,
    /// Whether to reply in the topic of the message. This opens a topic where there is none.
    pub in_thread: bool,
}

impl MessageReply {
    /// A reply to a received message, in its topic if it is in one; no topic is opened.
    ///
    /// Only `thread_id` means a topic: `root_id` and `parent_id` are there for every reply that quotes a message.
    ///
    /// ```
    /// use feishu_callbacks::openapi::{MessageReply, OutgoingMessage};
    /// use feishu_callbacks::{MessageReceive, decode};
    ///
    /// let payload = br#"{"header":{"event_type":"im.message.receive_v1"},
    ///                    "event":{"message":{"message_id":"om_1","root_id":"om_0","thread_id":"omt_7"}}}"#;
    /// let received: MessageReceive = decode(payload)?;
    /// let reply = MessageReply::new(&received.event.message, OutgoingMessage::text("Hello"))?;
    /// assert_eq!((reply.to.as_str(), reply.in_thread), ("om_1", true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the message has no id.
    pub fn new(to: &Message, message: OutgoingMessage) -> Result<Self, FieldError> {
        let Some(id) = to.message_id.clone() else {
            let member = "message_id".to_owned();
            return Err(FieldError::new(FieldSource::Message, member, "the id of a message", Found::Nothing));
        };
        Ok(Self { to: id, message, in_thread: to.thread_id.is_some() })
    }
}

impl Call for MessageReply {
    const METHOD: &'static str = "POST";
    const KIND: CallKind = CallKind::MessageReply;
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
    const KIND: CallKind = CallKind::MessagePatch;
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
