//! Watchdog for handlers that block a runtime thread.
//!
//! A tokio worker thread that is blocked in a handler does not drive sockets and timers. Another worker could, but it may
//! be asleep: the worker that received a message runs its handler itself and wakes no other worker for it. And a blocked
//! task cannot notice its own deadline. So a separate thread watches while handlers are polled: it wakes a worker, gives
//! the connection another task, and answers late deliveries.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use feishu_transport::Takeover;
use tokio::runtime::{Handle, RuntimeFlavor};

/// How often the thread checks: the longest time for which a blocking handler delays others.
const LOOK: Duration = Duration::from_millis(20);
/// A poll that has taken so long at a check counts as blocked: its connection gets another task.
const BLOCKED: Duration = Duration::from_millis(1);
/// Number of checks without a handler after which the thread sleeps until the next one.
const LOOKS: u32 = 100;

/// A task watched by the guard.
pub(crate) trait Polled: Send + Sync {
    /// Called repeatedly on the guard's thread while the task is being polled. It must not block, and must do nothing before
    /// the deadline.
    fn look(self: Arc<Self>);
}

/// The watchdog. On a single-threaded runtime it does nothing, as nothing would help.
#[derive(Default)]
pub(crate) struct StallGuard {
    /// Whether the thread was started, which happens at the first handler.
    looks: OnceLock<bool>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Watched>,
    changed: Condvar,
}

#[derive(Default)]
struct Watched {
    /// The calls being polled now, at most one per worker.
    polled: Vec<Poll>,
    resting: bool,
    ended: bool,
}

/// One poll that goes on.
struct Poll {
    polled: Arc<dyn Polled>,
    began: Instant,
    /// For a call on the task of its connection.
    takeover: Option<Takeover>,
}

/// A guard held while a handler is polled.
pub(crate) struct Polling<'a> {
    polled: Arc<dyn Polled>,
    shared: Option<&'a Shared>,
}

impl StallGuard {
    /// Creates the guard to be held while `polled` is polled.
    pub(crate) fn polling(
        &self,
        polled: Arc<dyn Polled>,
        began: Instant,
        takeover: Option<Takeover>,
    ) -> Polling<'_> {
        let looks = *self.looks.get_or_init(|| start(&self.shared));
        let shared = looks.then_some(&*self.shared);
        if let Some(shared) = shared {
            let mut seen = shared.lock();
            seen.polled.push(Poll { polled: Arc::clone(&polled), began, takeover });
            if seen.resting {
                shared.changed.notify_one();
            }
        }
        Polling { polled, shared }
    }

    /// Ends the thread for good.
    pub(crate) fn end(&self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
    }

    /// Makes the task just woken by this worker available to other workers: it would otherwise run next on this worker and
    /// wait for a handler that blocks.
    pub(crate) fn pass_on(&self) {
        if let (Some(true), Ok(runtime)) = (self.looks.get(), Handle::try_current()) {
            runtime.spawn(async {});
        }
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let Some(shared) = self.shared else { return };
        let mut seen = shared.lock();
        if let Some(index) = seen
            .polled
            .iter()
            .position(|poll| std::ptr::addr_eq(Arc::as_ptr(&poll.polled), Arc::as_ptr(&self.polled)))
        {
            seen.polled.swap_remove(index);
        }
    }
}

impl Drop for StallGuard {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for StallGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StallGuard").field("looks", &self.looks.get()).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread's loop, which runs until the client is dropped.
    fn look_on(&self, runtime: &Handle) {
        // Answering may start futures of `after_reply`.
        let _entered = runtime.enter();
        let mut quiet = 0;
        let mut seen = self.lock();
        while !seen.ended {
            if quiet < LOOKS {
                let waited = self.changed.wait_timeout(seen, LOOK);
                seen = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                seen.resting = true;
                seen = self.changed.wait(seen).unwrap_or_else(PoisonError::into_inner);
                seen.resting = false;
                quiet = 0;
            }
            if seen.polled.is_empty() {
                quiet += 1;
                continue;
            }
            quiet = 0;
            let polled = seen.polled.iter().map(|poll| Arc::clone(&poll.polled)).collect::<Vec<_>>();
            let blocked = seen.polled.iter().filter(|poll| poll.began.elapsed() >= BLOCKED);
            let takeovers = blocked.filter_map(|poll| poll.takeover.clone()).collect::<Vec<_>>();
            drop(seen);
            takeovers.iter().for_each(Takeover::start);
            // A task spawned from outside wakes a worker, which then also drives sockets and timers.
            runtime.spawn(async {});
            polled.into_iter().for_each(Polled::look);
            seen = self.lock();
        }
    }
}

fn start(shared: &Arc<Shared>) -> bool {
    let Ok(runtime) = Handle::try_current() else { return false };
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return false;
    }
    let shared = Arc::clone(shared);
    let thread = thread::Builder::new().name("feishu-stall-guard".to_owned());
    match thread.spawn(move || shared.look_on(&runtime)) {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, "cannot start the watchdog thread; a handler that blocks may delay others");
            false
        }
    }
}
