//! Deduplication: a repeat gets the answer of the first delivery, without running the handler again.

#[cfg(feature = "dedup-file")]
mod file;
mod log;
mod memory;
#[cfg(feature = "dedup-redis")]
mod redis;
mod shard;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "dedup-redis")]
pub use self::redis::RedisStore;
#[cfg(feature = "dedup-file")]
pub use file::FileStore;
pub use store::{DedupStore, StoreError, StoredClaim};

pub(crate) use memory::{Bounds, Claim, Claimed, Kind, Memory};
pub(crate) use store::StoreRules;

/// The deduplication settings. On by default.
///
/// The platform sends an event again, up to four times, if it is not answered with code 200 in time: after 15 seconds, 5
/// minutes, 1 hour and 6 hours; and it may send one twice at any time (its documentation, "Event overview"). The key is
/// the message and its `update_time` for events that carry a message, as it can be pushed again under another event id;
/// the event's id for others; the frame's id if there is none; or what [`Route::dedup_by`](crate::Route::dedup_by) says. While the first is being handled, a repeat waits for its answer;
/// after it was handled, the repeat gets the same answer again; if it failed, the handler runs again.
///
/// The process remembers in memory. The platform never sends a callback again, so callbacks are remembered for a minute
/// only (8192 of them, 4 MiB), for frames that come twice. A [store](Self::store) is used in addition, for events only:
/// a click must not wait for a store.
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
    /// Turns deduplication off: every delivery runs its handler.
    pub fn off() -> Self {
        Self { on: false, ..Self::default() }
    }

    /// Sets the maximum number of remembered events; 1 000 000 by default, which is 39 events per second for as long as the
    /// platform repeats them. The oldest is evicted first. An event takes about 80 bytes.
    pub fn entries(mut self, entries: usize) -> Self {
        self.bounds.entries = entries;
        self
    }

    /// Sets the maximum bytes of remembered events with their answers; 96 MiB by default. The oldest is evicted first.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bounds.bytes = bytes;
        self
    }

    /// Sets how long events are remembered, in whole seconds from when they are taken; 7 h 10 min by default, as the last repeat
    /// comes after 7 h 5 min 15 s.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.bounds.retention = retention;
        self
    }

    /// Sets a store, to recognise repeats across processes or restarts.
    pub fn store(mut self, store: impl DedupStore + 'static) -> Self {
        self.store = Some(StoreRules { store: Arc::new(store), timeout: self.timeout, lease: self.lease });
        self
    }

    /// Sets the deadline of one store call; 300 ms by default. If a call fails or takes longer, the event is handled without
    /// the store, because handling it twice is better than not at all.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        if let Some(rules) = &mut self.store {
            rules.timeout = timeout;
        }
        self
    }

    /// Sets how long a claim in the store stays valid without renewal; 30 s by default. It is renewed while the handler
    /// runs, so it expires only after the process died.
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
            bounds: Bounds { entries: 1_000_000, bytes: 96 << 20, retention },
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
