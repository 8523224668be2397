//! The calls of a stream.

use feishu_callbacks::openapi::{
    CardCreate, CardReplace, CardSettingsChange, MessagePatch, MessageReply, MessageSend, StreamText,
};
use tokio::time::Instant;

use crate::card_stream::options::Look;

/// A kind of call, on the card of this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Create(usize),
    Send(usize),
    /// Sets the text while the card streams.
    Text(usize),
    /// Switches streaming on again.
    Reopen(usize),
    /// Switches streaming off, with the line in the list of chats.
    Off(usize),
    /// Replaces the card as a whole.
    Whole(usize),
    /// Updates the message.
    Patch(usize),
}

impl Act {
    pub(crate) fn sheet(self) -> usize {
        match self {
            Self::Create(at)
            | Self::Send(at)
            | Self::Text(at)
            | Self::Reopen(at)
            | Self::Off(at)
            | Self::Whole(at)
            | Self::Patch(at) => at,
        }
    }
}

/// A call that is being made.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) act: Act,
    pub(super) request: Request,
    /// The text that is shown after it; `None` if it changes none.
    pub(super) text: Option<String>,
    /// How much of the whole text that is.
    pub(super) covered: usize,
    pub(super) look: Look,
    pub(super) sent_at: Instant,
    /// How often it was made before without an answer.
    pub(super) repeats: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Request {
    Create(CardCreate),
    Send(MessageSend),
    Reply(MessageReply),
    Text(StreamText),
    Settings(CardSettingsChange),
    Replace(CardReplace),
    Patch(MessagePatch),
}
