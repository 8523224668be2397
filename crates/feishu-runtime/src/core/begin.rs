//! Where calls begin: on the task of their connection, or in a task of their own.
//!
//! A task wakes another worker thread, which took a quarter of the time under load when each call had one. For a call that
//! takes longer than the waking it pays, because the worker threads then share the calls: a card of 64 KiB went from
//! 0.31 to 0.52 of the echo, with less CPU time (`docs/performance.md`).

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tracing::Instrument as _;

use super::Core;

/// A handler whose first polls take longer than this on average gets a task per call. In nanoseconds; waking another worker
/// thread takes 11 to 17 µs.
const SLOW: u32 = 20_000;
/// What one poll counts at most, so that a single one that was interrupted does not make a quick handler slow.
const MOST: u32 = 3 * SLOW;

/// How long the first polls of each route's handler took lately: nanoseconds, a moving average. Later polls run in a task in
/// any case.
pub(super) struct Pace(Box<[AtomicU32]>);

impl Pace {
    pub(super) fn new(routes: usize) -> Self {
        Self((0..routes).map(|_| AtomicU32::new(0)).collect())
    }

    fn note(&self, route: usize, took: Duration) {
        let Some(pace) = self.0.get(route) else { return };
        let took = u32::try_from(took.as_nanos()).unwrap_or(MOST).min(MOST);
        let before = pace.load(Relaxed);
        // When two threads do this at once, one poll is not counted. The average is good enough without it.
        pace.store(before - before / 4 + took / 4, Relaxed);
    }

    fn is_slow(&self, route: usize) -> bool {
        self.0.get(route).is_some_and(|pace| pace.load(Relaxed) > SLOW)
    }
}

impl Core {
    /// Runs a call in a task of its own. It must be called within a runtime.
    pub(crate) fn spawn_call(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(call.in_current_span());
    }

    /// Notes how long the first poll of a route's handler took.
    pub(crate) fn note_first_poll(&self, route: usize, took: Duration) {
        self.pace.note(route, took);
    }

    /// Whether a route's handler is better not run on the task of a connection.
    pub(crate) fn is_slow(&self, route: usize) -> bool {
        self.pace.is_slow(route) && self.stall_guard.has_workers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_is_slow_after_two_slow_polls_and_quick_again_after_quick_ones() {
        let pace = Pace::new(2);
        let polled = |micros: u64| {
            pace.note(1, Duration::from_micros(micros));
            pace.is_slow(1)
        };
        for _ in 0..20 {
            assert!(!polled(3));
        }
        assert!(!polled(1_000_000), "one interrupted poll");
        assert!(!polled(3));
        assert!(!polled(30));
        assert!(polled(1_000), "two in a row");
        for _ in 0..20 {
            polled(3);
        }
        assert!(!pace.is_slow(1));
        for _ in 0..20 {
            polled(25);
        }
        assert!(pace.is_slow(1), "usually slow");
        assert!(!pace.is_slow(0), "each route for itself");
    }
}
