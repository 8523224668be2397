//! Repeats: answered as the first one was, without the handler.

mod memory;

use std::time::Duration;

pub(crate) use memory::{Bounds, Claim, Claimed, Memory};

/// How repeats are recognised. On by default.
///
/// The platform sends an event again, up to four times, when it is not answered well in time: after 15 seconds, 5
/// minutes, 1 hour and 6 hours; and it may send one twice at any time (its documentation, "Event overview"). The key is
/// the event's id, or the message's where there is none. While the first is being handled a repeat waits for the same
/// answer; when it was handled the repeat gets the same answer again; when it failed the handler runs again.
#[derive(Debug, Clone)]
#[must_use]
pub struct Dedup {
    pub(crate) on: bool,
    pub(crate) bounds: Bounds,
}

impl Dedup {
    /// Every delivery runs its handler.
    pub fn off() -> Self {
        Self { on: false, ..Self::default() }
    }

    /// Answers to remember; 100 000 by default, which at one event per second is a day. The oldest goes first.
    pub fn entries(mut self, entries: usize) -> Self {
        self.bounds.entries = entries;
        self
    }

    /// Bytes to remember, answers and keys together; 32 MiB by default, which is 100 000 small answers. The oldest goes
    /// first.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bounds.bytes = bytes;
        self
    }

    /// How long to remember; 7 h 10 min by default: the whole ladder of repeats takes 7 h 5 min 15 s.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.bounds.retention = retention;
        self
    }
}

impl Default for Dedup {
    fn default() -> Self {
        let retention = Duration::from_secs((7 * 60 + 10) * 60);
        Self { on: true, bounds: Bounds { entries: 100_000, bytes: 32 << 20, retention } }
    }
}
