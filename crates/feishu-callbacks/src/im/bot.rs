//! The bot and its chats: entered, menu, added, removed.

use serde::Serialize;

use super::UserIds;
use crate::decode::in_place::{Id, List, Nested, Plain, Time, Words, read_in_place};
use crate::ids::{AppId, ChatId, MessageId, OpenId, TenantKey, UserId};
use crate::time::Timestamp;

/// Body of `im.chat.access_event.bot_p2p_chat_entered_v1`. Source: "User enters the chat with the bot" of the Feishu
/// documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct BotP2pChatEnteredEvent {
    /// The chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// Who opened it.
    pub operator_id: UserIds,
    /// Last message in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<MessageId>,
    /// When the last message was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_create_time: Option<Timestamp>,
}

read_in_place! {
    BotP2pChatEnteredEvent {
        chat_id: Id,
        operator_id: Nested,
        last_message_id: Id,
        last_message_create_time: Time,
    } aliases {
        operator,
        open_chat_id,
        open_id,
        union_id,
        user_id,
    }
}

/// Body of `p2p_chat_create`, an event of schema 1.0. Source: "Chat with the bot first created" of the Feishu
/// documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct P2pChatCreatedEvent {
    /// App of the bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// Who opened it.
    pub operator: UserIds,
    /// Tenant of the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
    /// Who chats with the bot.
    pub user: ChatUser,
}

read_in_place! {
    P2pChatCreatedEvent {
        app_id: Id,
        chat_id: Id,
        operator: Nested,
        tenant_key: Id,
        user: Nested,
    } aliases {
        operator_id,
        open_chat_id,
    }
}

/// A user with a name, in schema 1.0.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct ChatUser {
    /// The user as this app knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_id: Option<OpenId>,
    /// Only with the scope `contact:user.employee_id:readonly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Name as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

read_in_place! {
    ChatUser {
        open_id: Id,
        user_id: Id,
        name: Words,
    }
}

/// Body of `application.bot.menu_v6`. Source: "Bot menu" of the Feishu documentation.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct BotMenuEvent {
    /// Who chose it.
    pub operator: MenuOperator,
    /// Key of the item, as set in the console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_key: Option<String>,
    /// When it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
}

read_in_place! {
    BotMenuEvent {
        operator: Nested,
        event_key: Words,
        timestamp: Time,
    } aliases {
        operator_id,
    }
}

/// Who chose an item of the menu.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct MenuOperator {
    /// Name as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<String>,
    /// Ids of the user.
    pub operator_id: UserIds,
}

read_in_place! {
    MenuOperator {
        operator_name: Words,
        operator_id: Nested,
    } aliases {
        open_id,
        union_id,
        user_id,
    }
}

/// Declares bodies about members of a group, which share most of their fields.
macro_rules! membership {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty as $how:ty,)* })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize)]
        #[non_exhaustive]
        pub struct $name {
            /// The group.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub chat_id: Option<ChatId>,
            /// Who did it.
            pub operator_id: UserIds,
            /// Whether the group has members of other tenants.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub external: Option<bool>,
            /// Tenant of the operator.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub operator_tenant_key: Option<TenantKey>,
            /// Name of the group.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub name: Option<String>,
            /// Name of the group by language.
            pub i18n_names: ChatNames,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        read_in_place! {
            $name {
                chat_id: Id,
                operator_id: Nested,
                external: Plain,
                operator_tenant_key: Id,
                name: Words,
                i18n_names: Nested,
                $($field: $how,)*
            } aliases {
                operator,
                open_id,
                union_id,
                user_id,
                open_chat_id,
            }
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
        users: Vec<ChatMember> as List,
    }
    /// Body of `im.chat.member.user.deleted_v1`. Source: "User left a group" of the Feishu documentation.
    UserDeletedEvent {
        /// Who left.
        users: Vec<ChatMember> as List,
    }
}

/// A member of a group.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct ChatMember {
    /// Name as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tenant of the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
    /// Ids of the member.
    pub user_id: UserIds,
}

read_in_place! {
    ChatMember {
        name: Words,
        tenant_key: Id,
        user_id: Nested,
    } aliases {
        id,
        open_id,
        union_id,
    }
}

/// Name of a group by language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChatNames {
    /// Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zh_cn: Option<String>,
    /// English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub en_us: Option<String>,
    /// Japanese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ja_jp: Option<String>,
}

read_in_place! {
    ChatNames {
        zh_cn: Words,
        en_us: Words,
        ja_jp: Words,
    }
}
