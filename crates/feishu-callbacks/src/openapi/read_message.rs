//! A message that was read by a call.

use serde::Deserialize;

use crate::ids::{ChatId, MessageId, TenantKey, ThreadId};
use crate::im::content::{Content, Resource};
use crate::im::{Mention, MessageType, SenderType, UserIds};
use crate::time::Timestamp;
use crate::{text, time};

/// Messages that were read: the answer to [`MessageGet`](super::MessageGet), or one page of a
/// [`MessageList`](super::MessageList).
#[derive(Debug, Clone, Default, Deserialize)]
#[non_exhaustive]
pub struct ReadMessages {
    /// The messages; of a merged forward also those in it.
    #[serde(default)]
    pub items: Vec<ReadMessage>,
    /// Whether there is another page; see [`MessageList::after`](super::MessageList::after).
    #[serde(default)]
    pub has_more: bool,
    /// The mark of the next page.
    #[serde(default, deserialize_with = "text::filled_string")]
    pub page_token: Option<String>,
}

impl ReadMessages {
    /// The messages that a merged forward holds, one level deep. They are found by their
    /// [`upper_message_id`](ReadMessage::upper_message_id), not by their place.
    pub fn forwarded_in<'a>(&'a self, forward: &'a MessageId) -> impl Iterator<Item = &'a ReadMessage> {
        self.items.iter().filter(|message| message.upper_message_id.as_ref() == Some(forward))
    }
}

/// A message as a call reads it. An event has the same things under other names; see
/// [`im::Message`](crate::im::Message).
///
/// Source: "Get message content" of the Feishu documentation.
#[derive(Debug, Clone, Default, Deserialize)]
#[non_exhaustive]
pub struct ReadMessage {
    /// Its id.
    #[serde(default, deserialize_with = "text::filled")]
    pub message_id: Option<MessageId>,
    /// The first message of the replies it belongs to.
    #[serde(default, deserialize_with = "text::filled")]
    pub root_id: Option<MessageId>,
    /// The message it replies to; in a topic always the topic's first.
    #[serde(default, deserialize_with = "text::filled")]
    pub parent_id: Option<MessageId>,
    /// Its topic, if it is in one.
    #[serde(default, deserialize_with = "text::filled")]
    pub thread_id: Option<ThreadId>,
    /// The merged forward that holds it.
    #[serde(default, deserialize_with = "text::filled")]
    pub upper_message_id: Option<MessageId>,
    /// Its chat.
    #[serde(default, deserialize_with = "text::filled")]
    pub chat_id: Option<ChatId>,
    /// Kind of its content.
    #[serde(default)]
    pub msg_type: Option<MessageType>,
    /// When it was sent.
    #[serde(default, deserialize_with = "time::filled")]
    pub create_time: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "time::filled")]
    pub update_time: Option<Timestamp>,
    /// Whether it was recalled or deleted; then it has no content.
    #[serde(default)]
    pub deleted: bool,
    /// Whether it was edited.
    #[serde(default)]
    pub updated: bool,
    /// Who sent it.
    #[serde(default)]
    pub sender: ReadSender,
    /// What it says.
    #[serde(default)]
    pub body: ReadBody,
    /// The mentions in it.
    #[serde(default)]
    pub mentions: Vec<ReadMention>,
}

impl ReadMessage {
    /// The content, typed by its kind. It is parsed now.
    ///
    /// ```
    /// use feishu_callbacks::openapi::{Call, MessageGet};
    ///
    /// let answer = br#"{"code":0,"data":{"items":[{"msg_type":"text","body":{"content":"{\"text\":\"@_user_1 two pots\"}"},
    ///     "mentions":[{"key":"@_user_1","id":"ou_bot","id_type":"open_id","name":"Kettle"}]}]}}"#;
    /// let read = MessageGet::read_answer(answer)?;
    /// assert_eq!(read.items[0].text().as_deref(), Some("@Kettle two pots"));
    /// # Ok::<(), feishu_callbacks::openapi::ApiError>(())
    /// ```
    pub fn read_content(&self) -> Content {
        let kind = self.msg_type.as_ref().map_or("", |kind| kind.as_str());
        Content::read(kind, self.body.content.as_deref().unwrap_or_default())
    }

    /// The mentions as an event has them, for the questions that [`Content`] answers.
    pub fn mentions(&self) -> Vec<Mention> {
        self.mentions.iter().map(ReadMention::as_in_event).collect()
    }

    /// The plain text of a message of any kind that has some; see [`Content::text`].
    pub fn text(&self) -> Option<String> {
        self.read_content().text(&self.mentions())
    }

    /// The images and files that can be downloaded; see [`Content::resources`].
    pub fn resources(&self) -> Vec<Resource> {
        self.read_content().resources()
    }
}

impl ReadMention {
    fn as_in_event(&self) -> Mention {
        let id = self.id.as_deref().unwrap_or_default();
        Mention {
            key: self.key.clone(),
            id: UserIds::from_id(self.id_type.as_deref().unwrap_or("open_id"), id),
            mentioned_type: None,
            name: self.name.clone(),
            tenant_key: self.tenant_key.clone(),
        }
    }
}

/// Who sent a message that was read.
#[derive(Debug, Clone, Default, Deserialize)]
#[non_exhaustive]
pub struct ReadSender {
    /// An id of the kind `id_type`.
    #[serde(default, deserialize_with = "text::filled_string")]
    pub id: Option<String>,
    /// `open_id` for a user, `app_id` for an app.
    #[serde(default, deserialize_with = "text::filled_string")]
    pub id_type: Option<String>,
    /// A person or an app.
    #[serde(default)]
    pub sender_type: Option<SenderType>,
    /// Tenant of the sender.
    #[serde(default, deserialize_with = "text::filled")]
    pub tenant_key: Option<TenantKey>,
}

/// The content of a message that was read.
#[derive(Debug, Clone, Default, Deserialize)]
#[non_exhaustive]
pub struct ReadBody {
    /// JSON in a string, of a shape that depends on the kind; the same as in an event.
    #[serde(default, deserialize_with = "text::string")]
    pub content: Option<String>,
}

/// A mention in a message that was read.
#[derive(Debug, Clone, Default, Deserialize)]
#[non_exhaustive]
pub struct ReadMention {
    /// What stands in the text for it: `@_user_1`.
    #[serde(default, deserialize_with = "text::filled_string")]
    pub key: Option<String>,
    /// An id of the kind `id_type`.
    #[serde(default, deserialize_with = "text::filled_string")]
    pub id: Option<String>,
    /// `open_id`; `app_id` for a bot if the call asked for another kind of user ids.
    #[serde(default, deserialize_with = "text::filled_string")]
    pub id_type: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "text::string")]
    pub name: Option<String>,
    /// Tenant of the one who is mentioned.
    #[serde(default, deserialize_with = "text::filled")]
    pub tenant_key: Option<TenantKey>,
}
