//! Messages: received, read, recalled.

use std::fmt;

use serde::Serialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize as _, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::UserIds;
use crate::decode::in_place::{Id, List, Nested, Plain, Read, Time, Words, read_in_place};
use crate::decode::tolerant;
use crate::error::{FieldError, FieldSource, Found};
use crate::ids::{ChatId, MessageId, TenantKey, ThreadId};
use crate::open_enum::open_enum;
use crate::time::Timestamp;

/// Body of `im.message.receive_v1`. Source: "Receive messages" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct MessageReceiveEvent {
    /// Who sent it.
    pub sender: MessageSender,
    /// What was sent.
    pub message: Message,
}

read_in_place! {
    MessageReceiveEvent {
        sender: Nested,
        message: Nested,
    } aliases {
        sender_id,
        operator,
        operator_id,
        message_id,
        open_message_id,
        chat_id,
        open_chat_id,
    }
}

/// Who sent a message.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct MessageSender {
    /// Ids of the sender.
    pub sender_id: UserIds,
    /// A person or a bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_type: Option<SenderType>,
    /// Tenant of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
}

read_in_place! {
    MessageSender {
        sender_id: Nested,
        sender_type: Plain,
        tenant_key: Id,
    } aliases {
        id,
        open_id,
        union_id,
        user_id,
    }
}

/// A received message.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// Id of the message; a repeated push has the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// First message of the thread of replies; only for a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_id: Option<MessageId>,
    /// Message that is replied to; only for a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<MessageId>,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Timestamp>,
    /// When it was last edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<Timestamp>,
    /// Chat of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// Topic of the message, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<ThreadId>,
    /// One-to-one or group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_type: Option<ChatType>,
    /// Kind of content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<MessageType>,
    /// Content: JSON in a string, of a shape that depends on the kind. See [`content_as`](Self::content_as).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The mentions in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    /// Client that it was sent with; only with the scope `im:user_agent:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

read_in_place! {
    Message {
        message_id: Id,
        root_id: Id,
        parent_id: Id,
        create_time: Time,
        update_time: Time,
        chat_id: Id,
        thread_id: Id,
        chat_type: Plain,
        message_type: Plain,
        content: JsonText,
        mentions: List,
        user_agent: Words,
    } aliases {
        open_message_id,
        open_chat_id,
        msg_type,
    }
}

impl Message {
    /// Deserializes the content into your own type.
    ///
    /// # Errors
    /// Names the place inside the content, what was expected and what kind of JSON was there. Says so when the content
    /// is text that is not JSON, as users saw it for forwarded messages.
    pub fn content_as<T: DeserializeOwned>(&self) -> Result<T, FieldError> {
        let content = self.content.as_deref().unwrap_or("null");
        let content = tolerant::repair(content.as_bytes());
        tolerant::decode_strict(&content).map_err(|misfit| {
            if tolerant::is_json(&content) {
                misfit.into_error(FieldSource::MessageContent)
            } else {
                let found = Found::Kind("text that is not JSON".to_owned());
                FieldError::new(FieldSource::MessageContent, String::new(), "JSON", found)
            }
        })
    }
}

/// JSON in a string; also the JSON itself, which is taken as its text.
struct JsonText;

impl Read<Option<String>> for JsonText {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, place: &mut Option<String>) -> Result<(), D::Error> {
        *place = deserializer.deserialize_any(Self)?;
        Ok(())
    }
}

impl<'de> Visitor<'de> for JsonText {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<String>, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Option<String>, E> {
        Ok(Some(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Option<String>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(members)).map(|json| Some(json.to_string()))
    }
}

/// One mention in a message.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Mention {
    /// Placeholder in the text, `@_user_1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Ids of the mentioned user.
    pub id: UserIds,
    /// A person or a bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentioned_type: Option<SenderType>,
    /// Name as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tenant of the mentioned user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
}

read_in_place! {
    Mention {
        key: Words,
        id: Nested,
        mentioned_type: Plain,
        name: Words,
        tenant_key: Id,
    } aliases {
        open_id,
        union_id,
        user_id,
    }
}

/// Body of `im.message.message_read_v1`. Source: "Message read" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct MessageReadEvent {
    /// Who read, and when.
    pub reader: MessageReader,
    /// What was read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub message_id_list: Vec<MessageId>,
}

read_in_place! {
    MessageReadEvent {
        reader: Nested,
        message_id_list: List,
    } aliases {
        reader_id,
    }
}

/// Who read messages, and when.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct MessageReader {
    /// Ids of the reader.
    pub reader_id: UserIds,
    /// When it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_time: Option<Timestamp>,
    /// Tenant of the reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
}

read_in_place! {
    MessageReader {
        reader_id: Nested,
        read_time: Time,
        tenant_key: Id,
    } aliases {
        open_id,
        union_id,
        user_id,
    }
}

/// Body of `im.message.recalled_v1`. Source: "Message recalled" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct MessageRecalledEvent {
    /// The message that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// Chat of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// When it was recalled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall_time: Option<Timestamp>,
    /// The role in which it was recalled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall_type: Option<RecallType>,
}

read_in_place! {
    MessageRecalledEvent {
        message_id: Id,
        chat_id: Id,
        recall_time: Time,
        recall_type: Plain,
    } aliases {
        open_message_id,
        open_chat_id,
    }
}

open_enum! {
    /// A person or a program.
    SenderType {
        /// A person.
        User = "user",
        /// A bot.
        Bot = "bot",
        /// An app, as calls name a bot; seen in events too.
        App = "app",
        /// A person without a name. Source: "Get message content" of the Feishu documentation.
        Anonymous = "anonymous",
        /// The platform does not say.
        Unknown = "unknown",
    }
}

open_enum! {
    /// Kind of chat.
    ChatType {
        /// One-to-one with the bot.
        P2p = "p2p",
        /// A group.
        Group = "group",
    }
}

open_enum! {
    /// Kind of content of a message. Source: "Message content of received messages" of the Feishu documentation.
    MessageType {
        /// Plain text.
        Text = "text",
        /// Text with formats, links and images.
        Post = "post",
        /// An image.
        Image = "image",
        /// A file.
        File = "file",
        /// A voice message.
        Audio = "audio",
        /// A video.
        Media = "media",
        /// A sticker.
        Sticker = "sticker",
        /// A card.
        Interactive = "interactive",
        /// A shared group.
        ShareChat = "share_chat",
        /// A shared contact.
        ShareUser = "share_user",
        /// Forwarded messages.
        MergeForward = "merge_forward",
        /// A system message.
        System = "system",
        /// A folder.
        Folder = "folder",
        /// A place on a map.
        Location = "location",
        /// A to-do.
        Todo = "todo",
        /// A vote.
        Vote = "vote",
        /// An event of a calendar that was shared.
        ShareCalendarEvent = "share_calendar_event",
        /// An event of a calendar that the chat was invited to.
        Calendar = "calendar",
        /// An event of a calendar that was handed over, noted or moved.
        GeneralCalendar = "general_calendar",
        /// A video call.
        VideoChat = "video_chat",
        /// A red packet.
        Hongbao = "hongbao",
    }
}

open_enum! {
    /// The role in which a message was recalled.
    RecallType {
        /// By its author.
        MessageOwner = "message_owner",
        /// By the owner of the group.
        GroupOwner = "group_owner",
        /// By a manager of the group.
        GroupManager = "group_manager",
        /// By an administrator of the company.
        EnterpriseManager = "enterprise_manager",
    }
}
