//! Where a message belongs: chat, topic, and the message it quotes.

use std::fmt;

use super::message::Message;
use crate::ids::{ChatId, MessageId, ThreadId};

/// The chat and, inside a topic, the topic of a message: the key under which a bot keeps what was said.
///
/// Only `thread_id` means a topic. `root_id` is there for every reply that quotes a message, so a key made of it opens a
/// new conversation with each quote, also in one-to-one chats.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Conversation {
    /// The chat, group or one-to-one.
    pub chat_id: ChatId,
    /// The topic; `None` in the main view of the chat.
    pub thread_id: Option<ThreadId>,
}

/// `oc_…`, or `oc_…/omt_…` in a topic: text to use as a key.
impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.thread_id {
            Some(topic) => write!(f, "{}/{topic}", self.chat_id),
            None => write!(f, "{}", self.chat_id),
        }
    }
}

impl Message {
    /// The conversation of the message. `None` if the message names no chat.
    ///
    /// ```
    /// use feishu_callbacks::{MessageReceive, decode};
    ///
    /// let payload = br#"{"header":{"event_type":"im.message.receive_v1"},"event":{"message":{
    ///     "message_id":"om_2","chat_id":"oc_1","root_id":"om_1","parent_id":"om_1"}}}"#;
    /// let received: MessageReceive = decode(payload)?;
    /// let message = &received.event.message;
    /// assert_eq!(message.conversation().unwrap().to_string(), "oc_1");
    /// assert_eq!(message.quoted().unwrap(), "om_1");
    /// assert_eq!(message.topic_root(), None);
    /// # Ok::<(), feishu_callbacks::DecodeError>(())
    /// ```
    pub fn conversation(&self) -> Option<Conversation> {
        Some(Conversation { chat_id: self.chat_id.clone()?, thread_id: self.thread_id.clone() })
    }

    /// The message that is quoted by this reply, in the main view of a chat. `None` inside a topic: there `parent_id` is
    /// always the first message of the topic, and the message that was really answered is not known. Source: "Introduction
    /// to messages" of the Feishu documentation.
    pub fn quoted(&self) -> Option<&MessageId> {
        self.parent_id.as_ref().filter(|_| self.thread_id.is_none())
    }

    /// The first message of the topic that the message is in. `None` outside a topic.
    pub fn topic_root(&self) -> Option<&MessageId> {
        self.root_id.as_ref().filter(|_| self.thread_id.is_some())
    }
}
