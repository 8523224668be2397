//! What the handle of a stream and its task share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use feishu_callbacks::MessageId;
use feishu_callbacks::markdown::safe_prefix;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::StreamError;
use super::machine::CLICK;

/// Shared by the handle, the task, and the clicks on the cards.
#[derive(Default)]
pub(crate) struct Shared {
    slot: Mutex<Slot>,
    /// Wakes the task.
    pub(super) wake: Notify,
}

#[derive(Default)]
pub(super) struct Slot {
    pub(super) text: String,
    pub(super) phase: Phase,
    /// Clicks on the cards that are not answered yet, and until when they count.
    clicks: usize,
    held_until: Option<Instant>,
    /// The cards of this stream, once they are sent.
    pub(super) messages: Vec<MessageId>,
    /// Whether the inbox keeps the final text, or can.
    pub(super) is_kept: bool,
    /// Why the stream cannot go on.
    pub(super) failed: Option<StreamError>,
}

/// Whether more text comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Grows,
    Finished,
    /// Ended without the author's `finish`; the text has the words for it.
    Interrupted,
}

impl Shared {
    /// Of a stream whose text is final.
    pub(super) fn ended(text: String) -> Self {
        let slot = Slot { text, phase: Phase::Finished, ..Slot::default() };
        Self { slot: Mutex::new(slot), wake: Notify::new() }
    }

    pub(super) fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the text with words that follow it. False if it has ended before.
    pub(super) fn interrupt(&self, words: &str) -> bool {
        let mut slot = self.slot();
        if slot.phase != Phase::Grows {
            return false;
        }
        slot.phase = Phase::Interrupted;
        // The words would stand in an open fence, or in the row of a table.
        slot.text = safe_prefix(&slot.text);
        let end = slot.text.trim_end().len();
        slot.text.truncate(end);
        if !slot.text.trim().is_empty() {
            slot.text.push_str("\n\n");
        }
        slot.text.push_str(words);
        drop(slot);
        self.wake.notify_one();
        true
    }

    /// A click on one of the cards came: they cannot be changed until it is answered.
    pub(super) fn hold(&self) {
        let mut slot = self.slot();
        slot.clicks += 1;
        slot.held_until = Some(Instant::now() + CLICK);
        drop(slot);
        self.wake.notify_one();
    }

    pub(super) fn release(&self) {
        let mut slot = self.slot();
        slot.clicks = slot.clicks.saturating_sub(1);
        if slot.clicks == 0 {
            slot.held_until = None;
        }
        drop(slot);
        self.wake.notify_one();
    }
}

impl Slot {
    pub(super) fn held_until(&self) -> Option<Instant> {
        self.held_until
    }
}
