//! Where a streamed card is sent.

use feishu_callbacks::im::Message;
use feishu_callbacks::openapi::Receiver;
use feishu_callbacks::{ChatId, MessageId};

/// Where a [`CardStream`](super::CardStream) sends its card.
///
/// ```
/// use feishu_runtime::StreamTarget;
/// use feishu_runtime::callbacks::openapi::Receiver;
///
/// let chat = StreamTarget::send(Receiver::Chat("oc_1".into()));
/// let reply = StreamTarget::reply("om_1");
/// # let _ = (chat, reply);
/// ```
#[derive(Clone, Debug)]
pub struct StreamTarget(pub(crate) Place);

/// The same, for the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    To(Receiver),
    Reply {
        to: MessageId,
        in_thread: bool,
        /// Where to send instead if the message is gone.
        chat: Option<ChatId>,
    },
}

impl StreamTarget {
    /// A message of its own to a user or chat.
    pub fn send(to: Receiver) -> Self {
        Self(Place::To(to))
    }

    /// A reply to a message, `om_…`.
    pub fn reply(to: impl Into<MessageId>) -> Self {
        Self(Place::Reply { to: to.into(), in_thread: false, chat: None })
    }

    /// A reply to a received message, in its topic if it is in one. If the message was recalled meanwhile, the card goes
    /// to its chat instead. `None` if the message has neither an id nor a chat.
    pub fn answer(message: &Message) -> Option<Self> {
        let chat = message.chat_id.clone();
        let reply = message.message_id.clone().map(|to| Place::Reply {
            to,
            in_thread: message.thread_id.is_some(),
            chat: chat.clone(),
        });
        reply.or(chat.map(|chat| Place::To(Receiver::Chat(chat)))).map(Self)
    }

    pub(super) fn in_thread(mut self, wanted: Option<bool>) -> Self {
        if let (Place::Reply { in_thread, .. }, Some(wanted)) = (&mut self.0, wanted) {
            *in_thread = wanted;
        }
        self
    }
}

impl Place {
    /// Where to send after the platform refused this place; `None` if there is no other.
    pub(super) fn instead(&self, is_gone: bool) -> Option<Self> {
        match self {
            Self::Reply { to, in_thread: true, chat } if !is_gone => {
                Some(Self::Reply { to: to.clone(), in_thread: false, chat: chat.clone() })
            }
            Self::Reply { chat: Some(chat), .. } => Some(Self::To(Receiver::Chat(chat.clone()))),
            _ => None,
        }
    }
}
