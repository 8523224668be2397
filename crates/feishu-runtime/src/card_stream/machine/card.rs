//! What is known of one card of a stream.

use std::time::Duration;

use feishu_callbacks::openapi::CardChange;
use feishu_callbacks::{CardId, MessageId};
use tokio::time::Instant;

/// How far the number of a change jumps when the platform's is higher: changes of another writer, or of a process before.
const JUMP: u32 = 1000;
/// Updates of a message while its text grows. Users report that after 20 to 30 of them further ones have no effect.
pub(super) const MAX_PATCHES: u32 = 18;

/// One card: an entity and its message, or a message alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) id: Option<CardId>,
    pub(crate) message: Option<MessageId>,
    /// The text that the platform took last; `None` if not known.
    pub(crate) shown: Option<String>,
    /// How many bytes of the whole text were there when it was taken.
    pub(crate) covered: usize,
    /// When streaming was switched on last, if it is on.
    pub(crate) streaming: Option<Instant>,
    /// Whether it has the elements that are there only while it streams.
    pub(crate) is_dressed: bool,
    /// Whether its elements are known. If not, it is replaced as a whole.
    pub(crate) is_sure: bool,
    /// Whether it replaces an entity that was gone.
    pub(crate) is_second: bool,
    pub(crate) patches: u32,
    /// The number of the last change.
    pub(crate) sequence: u32,
}

impl Sheet {
    pub(crate) fn new() -> Self {
        Self { is_sure: true, ..Self::default() }
    }

    /// A new card in place of one that is gone.
    pub(super) fn second() -> Self {
        Self { is_second: true, ..Self::new() }
    }

    /// The next change. A number is never taken twice.
    pub(super) fn change(&mut self, uuid: String) -> CardChange {
        self.sequence = self.sequence.saturating_add(1);
        CardChange::new(self.sequence).once(uuid)
    }

    pub(super) fn jump(&mut self) {
        self.sequence = self.sequence.saturating_add(JUMP);
    }

    /// Whether it shows this text for good.
    pub(super) fn has_ended(&self, text: &str) -> bool {
        self.message.is_some()
            && self.streaming.is_none()
            && self.is_sure
            && !self.is_dressed
            && self.shown.as_deref() == Some(text)
    }
}

/// The time between the start of one update and the next: not faster than the last answer took, and longer for long texts,
/// which are sent as a whole each time.
pub(super) fn interval(chosen: Duration, took: Duration, bytes: usize) -> Duration {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    chosen.mul_f64(1.0 + f64::from(bytes) / 8192.0).max(took)
}

/// The same for a card that is updated as a message: a second at first, then more, as the number of updates is limited.
pub(super) fn patch_interval(took: Duration, patches: u32) -> Duration {
    let more = 1.5_f64.powi(i32::try_from(patches.saturating_sub(5).min(10)).unwrap_or(10));
    Duration::from_secs(1).mul_f64(more).max(took)
}
