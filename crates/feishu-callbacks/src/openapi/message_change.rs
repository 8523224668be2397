//! Editing the text of a message, recalling a message, reacting to one.

use serde::{Deserialize, Serialize};

use super::answer::{DataPlace, Nothing};
use super::call_kind::CallKind;
use super::message::{OutgoingMessage, SentMessage};
use super::{Call, json, segment};
use crate::ids::MessageId;
use crate::text;

/// Replaces the content of a text (`text`) or rich text (`post`) that this bot sent. A card is replaced with
/// [`MessagePatch`](super::MessagePatch).
///
/// A message can be edited 20 times (230072), only by its sender (230071), and for as long as the tenant's administrator
/// allows (230075). Text has at most 150 KB, rich text 30 KB (230025). 1000 calls per minute and 50 per second. Needs one of
/// the scopes `im:message`, `im:message:send_as_bot` and `im:message:update`.
/// Source: "Edit message" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageEdit {
    /// The message.
    pub message: MessageId,
    /// What it says from now on. An idempotency key is left out: this call has none.
    pub content: OutgoingMessage,
}

impl Call for MessageEdit {
    const METHOD: &'static str = "PUT";
    const KIND: CallKind = CallKind::MessageEdit;
    type Data = SentMessage;

    fn path(&self) -> String {
        format!("/open-apis/im/v1/messages/{}", segment(self.message.as_str()))
    }

    fn body(&self) -> Vec<u8> {
        json(&self.content.without_key())
    }
}

/// Recalls a message of this bot; in a group that the bot owns or administrates, also that of another, for a year.
///
/// Refused with 230026 if the bot may not, and with 230009 after the time that the tenant's administrator allows. 1000 calls
/// per minute and 50 per second. Needs one of the scopes `im:message`, `im:message:recall` and `im:message:send_as_bot`.
/// Source: "Recall message" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRecall {
    /// The message.
    pub message: MessageId,
}

impl Call for MessageRecall {
    const METHOD: &'static str = "DELETE";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::MessageRecall;
    type Data = Nothing;

    fn path(&self) -> String {
        format!("/open-apis/im/v1/messages/{}", segment(self.message.as_str()))
    }

    fn body(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Adds a reaction to a message, such as the sign that the bot is typing, for which there is no call of its own.
///
/// The sign does not go away by itself: add it once, and delete it after the answer is delivered. Repeating the call to keep
/// it alive uses up the app's monthly calls.
///
/// Refused with 231001 if the platform has no such emoji, with 231003 if the message is gone. 1000 calls per minute and 50
/// per second. Needs `im:message` or `im:message.reactions:write_only`.
/// Source: "Add reaction" and "Emoji types" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::openapi::{Call, ReactionAdd};
///
/// let typing = ReactionAdd { message: "om_1".into(), emoji: ReactionAdd::TYPING.into() };
/// assert_eq!(typing.path(), "/open-apis/im/v1/messages/om_1/reactions");
/// assert_eq!(typing.body(), br#"{"reaction_type":{"emoji_type":"Typing"}}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionAdd {
    /// The message.
    pub message: MessageId,
    /// Name of the emoji as in the platform's list, in its mixed case: `Typing`, `OK`, `THINKING`.
    pub emoji: String,
}

impl ReactionAdd {
    /// The emoji that says "typing".
    pub const TYPING: &'static str = "Typing";
}

impl Call for ReactionAdd {
    const METHOD: &'static str = "POST";
    const KIND: CallKind = CallKind::ReactionAdd;
    type Data = AddedReaction;

    fn path(&self) -> String {
        format!("/open-apis/im/v1/messages/{}/reactions", segment(self.message.as_str()))
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            reaction_type: Inner<'a>,
        }

        #[derive(Serialize)]
        struct Inner<'a> {
            emoji_type: &'a str,
        }

        json(&Shape { reaction_type: Inner { emoji_type: &self.emoji } })
    }
}

/// A reaction that was added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AddedReaction {
    /// Its id, to delete it.
    #[serde(default, deserialize_with = "text::filled_string")]
    pub reaction_id: Option<String>,
}

/// Deletes a reaction that this bot added; another one's is refused with 231007.
///
/// Rates and scopes as for [`ReactionAdd`]. Source: "Delete reaction" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionDelete {
    /// The message.
    pub message: MessageId,
    /// The reaction: [`AddedReaction::reaction_id`].
    pub reaction_id: String,
}

impl Call for ReactionDelete {
    const METHOD: &'static str = "DELETE";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::ReactionDelete;
    type Data = Nothing;

    fn path(&self) -> String {
        let (message, reaction) = (segment(self.message.as_str()), segment(&self.reaction_id));
        format!("/open-apis/im/v1/messages/{message}/reactions/{reaction}")
    }

    fn body(&self) -> Vec<u8> {
        Vec::new()
    }
}
