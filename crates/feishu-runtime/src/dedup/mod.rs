//! Repeats: answered as the first one was, without the handler.

#[cfg(feature = "dedup-file")]
mod file;
mod memory;
#[cfg(feature = "dedup-redis")]
mod redis;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "dedup-redis")]
pub use self::redis::RedisStore;
#[cfg(feature = "dedup-file")]
pub use file::FileStore;
pub use store::{DedupStore, StoreError, StoredClaim};

pub(crate) use memory::{Bounds, Claim, Claimed, Memory};
pub(crate) use store::StoreRules;

/// How repeats are recognised. On by default.
///
/// The platform sends an event again, up to four times, when it is not answered well in time: after 15 seconds, 5
/// minutes, 1 hour and 6 hours; and it may send one twice at any time (its documentation, "Event overview"). The key is
/// the event's id, or the message's where there is none. While the first is being handled a repeat waits for the same
/// answer; when it was handled the repeat gets the same answer again; when it failed the handler runs again.
///
/// What this process has seen it remembers itself. A [store](Self::store) is asked as well, for events: callbacks are
/// never sent again, and a click must not wait for a store.
#[derive(Clone)]
#[must_use]
pub struct Dedup {
    pub(crate) on: bool,
    pub(crate) bounds: Bounds,
    pub(crate) store: Option<StoreRules>,
    timeout: Duration,
    lease: Duration,
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

    /// Shares what was seen with other processes, or with this one after a restart.
    pub fn store(mut self, store: impl DedupStore + 'static) -> Self {
        self.store = Some(StoreRules { store: Arc::new(store), timeout: self.timeout, lease: self.lease });
        self
    }

    /// How long one call of the store may take; 300 ms by default. When it takes longer or fails, the event is handled
    /// without it: twice is better than not at all.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        if let Some(rules) = &mut self.store {
            rules.timeout = timeout;
        }
        self
    }

    /// How long a claim in the store outlives a process that died; 30 s by default. It is renewed while the handler
    /// runs.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        if let Some(rules) = &mut self.store {
            rules.lease = lease;
        }
        self
    }
}

impl Default for Dedup {
    fn default() -> Self {
        let retention = Duration::from_secs((7 * 60 + 10) * 60);
        Self {
            on: true,
            bounds: Bounds { entries: 100_000, bytes: 32 << 20, retention },
            store: None,
            timeout: Duration::from_millis(300),
            lease: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for Dedup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedup")
            .field("on", &self.on)
            .field("bounds", &self.bounds)
            .field("store", &self.store.is_some())
            .finish_non_exhaustive()
    }
}
