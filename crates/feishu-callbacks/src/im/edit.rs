//! Edited messages.

use serde::Serialize;

use super::message::{Message, MessageSender};
use crate::decode::in_place::{Nested, read_in_place};

/// Body of `im.message.updated_v1`: a user edited a message, such as to mention the bot after all.
///
/// The event is not documented. Projects that receive it over the long connection report the shape of
/// `im.message.receive_v1`, the same `message_id` and a later `update_time`; what else may be there is in the payload. A
/// bot that remembers messages by their id alone takes an edit for a repeat.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct MessageUpdatedEvent {
    /// Who wrote the message.
    pub sender: MessageSender,
    /// The message as it is now.
    pub message: Message,
}

read_in_place! {
    MessageUpdatedEvent {
        sender: Nested,
        message: Nested,
    } aliases {
        sender_id,
        operator,
        operator_id,
        message_id,
        open_message_id,
        chat_id,
        open_chat_id,
    }
}
