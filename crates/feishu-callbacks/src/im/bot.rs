//! The bot and its chats: entered, menu, added, removed.

use serde::{Deserialize, Serialize};

use super::UserIds;
use crate::ids::{AppId, ChatId, MessageId, OpenId, TenantKey, UserId};
use crate::text;
use crate::time::{self, Timestamp};

/// Body of `im.chat.access_event.bot_p2p_chat_entered_v1`. Source: "User enters the chat with the bot" of the Feishu
/// documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BotP2pChatEnteredEvent {
    /// The chat.
    #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// Who opened it.
    #[serde(default)]
    pub operator_id: UserIds,
    /// Last message in it.
    #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<MessageId>,
    /// When the last message was sent.
    #[serde(default, deserialize_with = "time::filled", skip_serializing_if = "Option::is_none")]
    pub last_message_create_time: Option<Timestamp>,
}

/// Body of `p2p_chat_create`, an event of schema 1.0. Source: "Chat with the bot first created" of the Feishu
/// documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct P2pChatCreatedEvent {
    /// App of the bot.
    #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The chat.
    #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// Who opened it.
    #[serde(default)]
    pub operator: UserIds,
    /// Tenant of the app.
    #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
    /// Who chats with the bot.
    #[serde(default)]
    pub user: ChatUser,
}

/// A user with a name, in schema 1.0.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatUser {
    /// The user as this app knows them.
    #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
    pub open_id: Option<OpenId>,
    /// Only with the scope `contact:user.employee_id:readonly`.
    #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Name as shown.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Body of `application.bot.menu_v6`. Source: "Bot menu" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BotMenuEvent {
    /// Who chose it.
    #[serde(default)]
    pub operator: MenuOperator,
    /// Key of the item, as set in the console.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub event_key: Option<String>,
    /// When it was chosen.
    #[serde(default, deserialize_with = "time::filled", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
}

/// Who chose an item of the menu.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MenuOperator {
    /// Name as shown.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<String>,
    /// Ids of the user.
    #[serde(default)]
    pub operator_id: UserIds,
}

/// Declares bodies about members of a group, which share most of their fields.
macro_rules! membership {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            /// The group.
            #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
            pub chat_id: Option<ChatId>,
            /// Who did it.
            #[serde(default)]
            pub operator_id: UserIds,
            /// Whether the group has members of other tenants.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub external: Option<bool>,
            /// Tenant of whoever did it.
            #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
            pub operator_tenant_key: Option<TenantKey>,
            /// Name of the group.
            #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
            pub name: Option<String>,
            /// Name of the group by language.
            #[serde(default)]
            pub i18n_names: ChatNames,
            $($(#[$field_doc])* pub $field: $type,)*
        }
    )+};
}

membership! {
    /// Body of `im.chat.member.bot.added_v1`. Source: "Bot added to a group" of the Feishu documentation.
    BotAddedEvent {}
    /// Body of `im.chat.member.bot.deleted_v1`. Source: "Bot removed from a group" of the Feishu documentation.
    BotDeletedEvent {}
    /// Body of `im.chat.member.user.added_v1`. Source: "User added to a group" of the Feishu documentation.
    UserAddedEvent {
        /// Who was added.
        #[serde(default, deserialize_with = "text::list")]
        users: Vec<ChatMember>,
    }
    /// Body of `im.chat.member.user.deleted_v1`. Source: "User left a group" of the Feishu documentation.
    UserDeletedEvent {
        /// Who left.
        #[serde(default, deserialize_with = "text::list")]
        users: Vec<ChatMember>,
    }
}

/// A member of a group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatMember {
    /// Name as shown.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tenant of the member.
    #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
    /// Ids of the member.
    #[serde(default)]
    pub user_id: UserIds,
}

/// Name of a group by language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatNames {
    /// Chinese.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub zh_cn: Option<String>,
    /// English.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub en_us: Option<String>,
    /// Japanese.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub ja_jp: Option<String>,
}
