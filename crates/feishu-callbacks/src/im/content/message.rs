//! What a received message says, by short ways over its content.

use super::ask::{lists_all, lists_bot};
use super::kinds::Content;
use super::resource::Resource;
use crate::im::identity::BotIdentity;
use crate::im::message::Message;

impl Message {
    /// The content, typed by its kind. It is parsed now; a handler that asks several questions of one message reads it
    /// once and asks the content.
    ///
    /// ```
    /// use feishu_callbacks::im::content::Content;
    /// use feishu_callbacks::{MessageReceive, decode};
    ///
    /// let payload = br#"{"header":{"event_type":"im.message.receive_v1"},"event":{"message":{
    ///     "message_type":"audio","content":"{\"file_key\":\"file_v3_1\",\"duration\":2000}"}}}"#;
    /// let received: MessageReceive = decode(payload)?;
    /// let Content::Audio { file_key, duration, .. } = received.event.message.read_content() else { panic!() };
    /// assert_eq!((file_key.as_str(), duration.unwrap().as_secs()), ("file_v3_1", 2));
    /// # Ok::<(), feishu_callbacks::DecodeError>(())
    /// ```
    pub fn read_content(&self) -> Content {
        let kind = self.message_type.as_ref().map_or("", |kind| kind.as_str());
        Content::read(kind, self.content.as_deref().unwrap_or_default())
    }

    /// The plain text of a message of any kind that has some; see [`Content::text`].
    pub fn text(&self) -> Option<String> {
        self.read_content().text(&self.mentions)
    }

    /// The message as markdown; see [`Content::markdown`].
    pub fn markdown(&self) -> Option<String> {
        self.read_content().markdown(&self.mentions)
    }

    /// [`text`](Self::text) without the mentions of this bot and without blanks around: what was said to it. Empty if
    /// nothing but the mention was written.
    pub fn text_without(&self, me: &BotIdentity) -> Option<String> {
        self.read_content().text_without(&self.mentions, me)
    }

    /// [`text`](Self::text) without any mention and without blanks around. Empty if nothing but mentions was written.
    pub fn text_without_mentions(&self) -> Option<String> {
        self.read_content().text_without_mentions(&self.mentions)
    }

    /// True if this bot is mentioned, by `open_id`, in the list of mentions or only inside a rich text. A mention of
    /// everybody is not one; see [`mentions_all`](Self::mentions_all).
    pub fn mentions_bot(&self, me: &BotIdentity) -> bool {
        lists_bot(&self.mentions, me) || self.read_content().mentions_bot(&[], me)
    }

    /// True if all members are mentioned: in the list of mentions, or only in the text, or inside a rich text.
    pub fn mentions_all(&self) -> bool {
        lists_all(&self.mentions) || self.read_content().mentions_all(&[])
    }

    /// The images and files of a message that can be downloaded; see [`Content::resources`].
    pub fn resources(&self) -> Vec<Resource> {
        self.read_content().resources()
    }
}
