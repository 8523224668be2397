//! Where calls begin: on the task of their connection, or in a task of their own.
//!
//! A task for each call wakes a second worker thread for each, which cost a quarter of the time under load.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tracing::Instrument as _;

use super::Core;

/// A handler of which one poll takes longer gets a task from the start, so that its calls share the worker threads.
const SLOW: Duration = Duration::from_micros(200);

/// Which routes had a slow handler when it was last polled.
pub(super) struct Pace(Box<[AtomicBool]>);

impl Pace {
    pub(super) fn new(routes: usize) -> Self {
        Self((0..routes).map(|_| AtomicBool::new(false)).collect())
    }
}

impl Core {
    /// Runs a call in a task of its own. It must be called within a runtime.
    pub(crate) fn spawn_call(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(call.in_current_span());
    }

    /// Notes how long a poll of a route's handler took.
    pub(crate) fn polled(&self, route: usize, took: Duration) {
        let is_slow = took > SLOW;
        if let Some(slow) = self.pace.0.get(route).filter(|slow| slow.load(Relaxed) != is_slow) {
            slow.store(is_slow, Relaxed);
        }
    }

    /// Whether a route's handler is better not run on the task of a connection.
    pub(crate) fn is_slow(&self, route: usize) -> bool {
        self.pace.0.get(route).is_some_and(|slow| slow.load(Relaxed))
    }
}
