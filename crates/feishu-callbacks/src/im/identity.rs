//! Who this bot is, to tell its own mentions and messages from those of others.

use super::message::MessageSender;
use crate::ids::OpenId;

/// A bot as one app knows it: its `open_id`.
///
/// Another app sees another `open_id` for the same bot, so it belongs to one app. It comes from
/// [`BotInfoGet`](crate::openapi::BotInfoGet).
///
/// ```
/// use feishu_callbacks::im::BotIdentity;
/// use feishu_callbacks::{MessageReceive, decode};
///
/// let payload = br#"{"header":{"event_type":"im.message.receive_v1"},"event":{
///     "sender":{"sender_id":{"open_id":"ou_guest"},"sender_type":"user"},
///     "message":{"message_type":"text","content":"{\"text\":\"@_user_1 two pots for @_user_2\"}","mentions":[
///         {"key":"@_user_1","id":{"open_id":"ou_bot"},"name":"Kettle"},
///         {"key":"@_user_2","id":{"open_id":"ou_ann"},"name":"Ann"}]}}}"#;
/// let received: MessageReceive = decode(payload)?;
/// let (sender, message) = (&received.event.sender, &received.event.message);
/// let me = BotIdentity::new("ou_bot");
/// assert!(message.mentions_bot(&me) && !message.mentions_all());
/// assert!(!sender.is_bot() && !sender.is_me(&me));
/// assert_eq!(message.text().as_deref(), Some("@Kettle two pots for @Ann"));
/// assert_eq!(message.text_without(&me).as_deref(), Some("two pots for @Ann"));
/// # Ok::<(), feishu_callbacks::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BotIdentity {
    /// The bot as its own app knows it.
    pub open_id: OpenId,
}

impl BotIdentity {
    /// A bot by its `open_id`.
    pub fn new(open_id: impl Into<OpenId>) -> Self {
        Self { open_id: open_id.into() }
    }
}

impl MessageSender {
    /// True if a program sent the message: the sender is a `bot`, an `app` or of a type that is not documented. False for
    /// `user`, `anonymous` (a person too), `unknown` and a message that names no type.
    ///
    /// Two bots that answer each other's messages never stop; a bot that gets messages of bots leaves these out.
    /// Sources: "Receive messages" and "Get message content" of the Feishu documentation.
    pub fn is_bot(&self) -> bool {
        self.sender_type
            .as_ref()
            .is_some_and(|kind| !matches!(kind.as_str(), "user" | "anonymous" | "unknown" | ""))
    }

    /// True if this bot sent the message, by `open_id`.
    pub fn is_me(&self, me: &BotIdentity) -> bool {
        self.sender_id.open_id.as_ref() == Some(&me.open_id)
    }
}
