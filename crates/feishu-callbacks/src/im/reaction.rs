//! Reactions on messages.

use serde::Serialize;

use super::UserIds;
use crate::decode::in_place::{Id, Nested, Plain, Time, Words, read_in_place};
use crate::ids::{AppId, MessageId};
use crate::open_enum::open_enum;
use crate::time::Timestamp;

/// Declares the two bodies, which differ in nothing but their type.
macro_rules! reactions {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize)]
        #[non_exhaustive]
        pub struct $name {
            /// The message.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub message_id: Option<MessageId>,
            /// The reaction.
            pub reaction_type: ReactionType,
            /// Whether a person or an app reacted.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub operator_type: Option<OperatorType>,
            /// The person, if it was one.
            pub user_id: UserIds,
            /// The app, if it was one.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub app_id: Option<AppId>,
            /// When it was done.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub action_time: Option<Timestamp>,
        }

        read_in_place! {
            $name {
                message_id: Id,
                reaction_type: Nested,
                operator_type: Plain,
                user_id: Nested,
                app_id: Id,
                action_time: Time,
            } aliases {
                operator,
                operator_id,
                open_id,
                union_id,
                open_message_id,
            }
        }
    )+};
}

reactions! {
    /// Body of `im.message.reaction.created_v1`. Source: "Reaction added" of the Feishu documentation.
    ReactionCreatedEvent;
    /// Body of `im.message.reaction.deleted_v1`. Source: "Reaction deleted" of the Feishu documentation.
    ReactionDeletedEvent;
}

/// A reaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReactionType {
    /// Name of the emoji, such as `SMILE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji_type: Option<String>,
}

read_in_place! {
    ReactionType {
        emoji_type: Words,
    }
}

open_enum! {
    /// Who reacted.
    OperatorType {
        /// A person.
        User = "user",
        /// An app.
        App = "app",
    }
}
