//! Reactions on messages.

use serde::{Deserialize, Serialize};

use super::UserIds;
use crate::ids::{AppId, MessageId};
use crate::open_enum::open_enum;
use crate::text;
use crate::time::{self, Timestamp};

/// Declares the two bodies, which differ in nothing but their type.
macro_rules! reactions {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            /// The message.
            #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
            pub message_id: Option<MessageId>,
            /// The reaction.
            #[serde(default)]
            pub reaction_type: ReactionType,
            /// Whether a person or an app reacted.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub operator_type: Option<OperatorType>,
            /// The person, if it was one.
            #[serde(default)]
            pub user_id: UserIds,
            /// The app, if it was one.
            #[serde(default, deserialize_with = "text::filled", skip_serializing_if = "Option::is_none")]
            pub app_id: Option<AppId>,
            /// When it was done.
            #[serde(default, deserialize_with = "time::filled", skip_serializing_if = "Option::is_none")]
            pub action_time: Option<Timestamp>,
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReactionType {
    /// Name of the emoji, such as `SMILE`.
    #[serde(default, deserialize_with = "text::string", skip_serializing_if = "Option::is_none")]
    pub emoji_type: Option<String>,
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
