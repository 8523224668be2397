//! Events of messages, chats and bots.

mod bot;
pub mod content;
mod conversation;
mod edit;
mod identity;
mod message;
mod reaction;
#[cfg(feature = "events")]
mod table;
mod version;

pub use bot::{
    BotAddedEvent, BotDeletedEvent, BotMenuEvent, BotP2pChatEnteredEvent, ChatMember, ChatNames, ChatUser,
    MenuOperator, P2pChatCreatedEvent, UserAddedEvent, UserDeletedEvent,
};
pub use content::Resource;
pub use conversation::Conversation;
pub use edit::MessageUpdatedEvent;
pub use identity::BotIdentity;
pub use message::{
    ChatType, Mention, Message, MessageReadEvent, MessageReader, MessageRecalledEvent, MessageReceiveEvent,
    MessageSender, MessageType, RecallType, SenderType,
};
pub use reaction::{OperatorType, ReactionCreatedEvent, ReactionDeletedEvent, ReactionType};
pub use version::MessageVersion;

#[cfg(feature = "im")]
pub use crate::events::im::*;

use serde::Serialize;

use crate::decode::in_place::{Id, read_in_place};
use crate::envelope::Envelope;
use crate::ids::{OpenId, UnionId, UserId};

/// A message came to the bot.
pub type MessageReceive = Envelope<MessageReceiveEvent>;
/// A message was edited.
pub type MessageUpdated = Envelope<MessageUpdatedEvent>;
/// A user read messages of the bot.
pub type MessageRead = Envelope<MessageReadEvent>;
/// A message was recalled.
pub type MessageRecalled = Envelope<MessageRecalledEvent>;
/// A reaction was added to a message.
pub type ReactionCreated = Envelope<ReactionCreatedEvent>;
/// A reaction was taken from a message.
pub type ReactionDeleted = Envelope<ReactionDeletedEvent>;
/// A user opened the chat with the bot.
pub type BotP2pChatEntered = Envelope<BotP2pChatEnteredEvent>;
/// A user opened the chat with the bot for the first time (schema 1.0).
pub type P2pChatCreated = Envelope<P2pChatCreatedEvent>;
/// A user chose an item of the bot's menu.
pub type BotMenu = Envelope<BotMenuEvent>;
/// The bot was added to a group.
pub type BotAdded = Envelope<BotAddedEvent>;
/// The bot was removed from a group.
pub type BotDeleted = Envelope<BotDeletedEvent>;
/// Users were added to a group of the bot.
pub type UserAdded = Envelope<UserAddedEvent>;
/// Users left a group of the bot.
pub type UserDeleted = Envelope<UserDeletedEvent>;

/// The ids of one user. Which are there depends on the app's scopes.
///
/// In a body they are found flat or nested, under every name seen so far. Text without a kind, such as
/// `"sender_id": "ou_a"`, is recognised by its prefix. If two places differ, the documented one counts and the other is
/// an odd field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserIds {
    /// The user as this app knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<OpenId>,
    /// The user across the developer's apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub union_id: Option<UnionId>,
    /// Only with the scope `contact:user.employee_id:readonly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

read_in_place! {
    UserIds {
        open_id: Id,
        union_id: Id,
        user_id: Id,
    } aliases {
        operator_id,
    }
}

impl UserIds {
    /// The ids of a user or bot that a call names by one id and its kind, `open_id`, `union_id` or `user_id`. Of another
    /// kind, such as `app_id`, and of an empty id, nothing is kept. Source: "Get message content" of the Feishu
    /// documentation.
    pub fn from_id(kind: &str, id: &str) -> Self {
        let mut ids = Self::default();
        match kind {
            _ if id.is_empty() => {}
            "open_id" => ids.open_id = Some(id.into()),
            "union_id" => ids.union_id = Some(id.into()),
            "user_id" => ids.user_id = Some(id.into()),
            _ => {}
        }
        ids
    }
}

/// Gives events their type; the platform takes no answer to them.
macro_rules! events {
    ($($event:ident = $name:literal;)+) => {$(
        impl crate::envelope::EventBody for $event {
            const TYPE: &'static str = $name;
            type Reply = ();
        }
    )+};
}

events! {
    MessageReceiveEvent = "im.message.receive_v1";
    MessageUpdatedEvent = "im.message.updated_v1";
    MessageReadEvent = "im.message.message_read_v1";
    MessageRecalledEvent = "im.message.recalled_v1";
    ReactionCreatedEvent = "im.message.reaction.created_v1";
    ReactionDeletedEvent = "im.message.reaction.deleted_v1";
    BotP2pChatEnteredEvent = "im.chat.access_event.bot_p2p_chat_entered_v1";
    P2pChatCreatedEvent = "p2p_chat_create";
    BotMenuEvent = "application.bot.menu_v6";
    BotAddedEvent = "im.chat.member.bot.added_v1";
    BotDeletedEvent = "im.chat.member.bot.deleted_v1";
    UserAddedEvent = "im.chat.member.user.added_v1";
    UserDeletedEvent = "im.chat.member.user.deleted_v1";
}
