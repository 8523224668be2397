//! Reading one message with what it forwards, and the messages of a chat or topic.

use super::call_kind::CallKind;
use super::read_message::ReadMessages;
use super::{Call, segment};
use crate::ids::{ChatId, MessageId, ThreadId};

/// Reads a message. Of a merged forward it brings the forward and all messages in it, whose
/// [`upper_message_id`](super::ReadMessage::upper_message_id) names the forward they are in.
///
/// The bot must be in the chat (230002). 1000 calls per minute and 50 per second. Needs `im:message` or
/// `im:message:readonly`; for a message of a group `im:message.group_msg` besides.
/// Source: "Get message content" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageGet {
    message: MessageId,
    whole_cards: bool,
}

impl MessageGet {
    /// Reads this message; a card comes reduced to its words.
    pub fn new(message: impl Into<MessageId>) -> Self {
        Self { message: message.into(), whole_cards: false }
    }

    /// Asks for cards as they were sent. Without it a card of 2.0 or a streamed one is a picture and a sentence.
    pub fn whole_cards(mut self) -> Self {
        self.whole_cards = true;
        self
    }
}

impl Call for MessageGet {
    const METHOD: &'static str = "GET";
    const KIND: CallKind = CallKind::MessageGet;
    type Data = ReadMessages;

    fn path(&self) -> String {
        let query = if self.whole_cards { "?card_msg_content_type=user_card_content" } else { "" };
        format!("/open-apis/im/v1/messages/{}{query}", segment(self.message.as_str()))
    }

    fn body(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Lists the messages of a chat or of a topic, page by page.
///
/// Of the topics of an ordinary group, the list of the chat has the first message only. The bot must be in the chat
/// (230002); 230073 means that it cannot see the topic, 231203 that the group forbids reading. 1000 calls per minute and 50
/// per second. Scopes as for [`MessageGet`], or `im:message.history:readonly`.
/// Source: "Get chat history" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::openapi::{Call, MessageList};
///
/// let list = MessageList::topic("omt_7").newest_first().page_size(MessageList::MAX_PAGE_SIZE);
/// let first = MessageList::read_answer(br#"{"code":0,"data":{"has_more":true,"page_token":"p=2","items":[]}}"#)?;
/// let second = list.after(&first).expect("there is more");
/// assert!(second.path().ends_with("&sort_type=ByCreateTimeDesc&page_size=50&page_token=p%3D2"));
/// # Ok::<(), feishu_callbacks::openapi::ApiError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageList {
    container: &'static str,
    id: String,
    period: (Option<u64>, Option<u64>),
    newest_first: bool,
    page_size: Option<u32>,
    page: Option<String>,
    whole_cards: bool,
}

impl MessageList {
    /// The most messages of a page; without [`page_size`](Self::page_size) the platform sends 20.
    pub const MAX_PAGE_SIZE: u32 = 50;

    /// Lists the messages of a chat, the oldest first.
    pub fn chat(chat: impl Into<ChatId>) -> Self {
        Self::of("chat", chat.into().as_str())
    }

    /// Lists the messages of a topic, the oldest first.
    pub fn topic(topic: impl Into<ThreadId>) -> Self {
        Self::of("thread", topic.into().as_str())
    }

    fn of(container: &'static str, id: &str) -> Self {
        let (id, period) = (id.to_owned(), (None, None));
        Self { container, id, period, newest_first: false, page_size: None, page: None, whole_cards: false }
    }

    /// Only messages of this period, in seconds since 1970. The platform does not support it for a topic.
    pub fn between(mut self, start: u64, end: u64) -> Self {
        self.period = (Some(start), Some(end));
        self
    }

    /// The newest first. It must be the same for all pages.
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// Messages of a page: 1 to [`MAX_PAGE_SIZE`](Self::MAX_PAGE_SIZE).
    pub fn page_size(mut self, size: u32) -> Self {
        self.page_size = Some(size);
        self
    }

    /// Asks for cards as they were sent.
    pub fn whole_cards(mut self) -> Self {
        self.whole_cards = true;
        self
    }

    /// The call for the page after this one; `None` after the last.
    pub fn after(&self, page: &ReadMessages) -> Option<Self> {
        let token = page.page_token.clone().filter(|_| page.has_more)?;
        Some(Self { page: Some(token), ..self.clone() })
    }
}

impl Call for MessageList {
    const METHOD: &'static str = "GET";
    const KIND: CallKind = CallKind::MessageList;
    type Data = ReadMessages;

    fn path(&self) -> String {
        let (container, id) = (self.container, segment(&self.id));
        let mut path = format!("/open-apis/im/v1/messages?container_id_type={container}&container_id={id}");
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                path.extend(["&", name, "=", &segment(&value)]);
            }
        };
        add("start_time", self.period.0.map(|seconds| seconds.to_string()));
        add("end_time", self.period.1.map(|seconds| seconds.to_string()));
        add("sort_type", self.newest_first.then(|| "ByCreateTimeDesc".to_owned()));
        add("page_size", self.page_size.map(|size| size.to_string()));
        add("page_token", self.page.clone());
        add("card_msg_content_type", self.whole_cards.then(|| "user_card_content".to_owned()));
        path
    }

    fn body(&self) -> Vec<u8> {
        Vec::new()
    }
}
