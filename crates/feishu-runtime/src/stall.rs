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
    /// The number of the next poll.
    next: u64,
    resting: bool,
    ended: bool,
}

/// One poll that goes on.
struct Poll {
    number: u64,
    polled: Arc<dyn Polled>,
    began: Instant,
    /// For a call on the task of its connection.
    takeover: Option<Takeover>,
}

/// A guard held while a handler is polled.
pub(crate) struct Polling<'a>(Option<(&'a Shared, u64)>);

impl StallGuard {
    /// Creates the guard to be held while `polled` is polled.
    pub(crate) fn polling<P: Polled + 'static>(
        &self,
        polled: &Arc<P>,
        began: Instant,
        takeover: Option<&Takeover>,
    ) -> Polling<'_> {
        if !*self.looks.get_or_init(|| start(&self.shared)) {
            return Polling(None);
        }
        let shared = &*self.shared;
        let polled = Arc::<P>::clone(polled);
        let takeover = takeover.cloned();
        let mut seen = shared.lock();
        let number = seen.next;
        seen.next += 1;
        seen.polled.push(Poll { number, polled, began, takeover });
        if seen.resting {
            shared.changed.notify_one();
        }
        Polling(Some((shared, number)))
    }

    /// Ends the thread for good.
    pub(crate) fn end(&self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
    }

    /// Makes the task just woken by this worker available to other workers: it would otherwise run next on this worker and
    /// wait for a handler that blocks.
    pub(crate) fn pass_on(&self) {
        if let (true, Ok(runtime)) = (self.has_workers(), Handle::try_current()) {
            runtime.spawn(async {});
        }
    }

    /// Whether handlers run on a multi-thread runtime. False before the first poll.
    pub(crate) fn has_workers(&self) -> bool {
        self.looks.get() == Some(&true)
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let Some((shared, number)) = self.0 else { return };
        let mut seen = shared.lock();
        if let Some(index) = seen.polled.iter().position(|poll| poll.number == number) {
            let poll = seen.polled.swap_remove(index);
            drop(seen);
            drop(poll);
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
