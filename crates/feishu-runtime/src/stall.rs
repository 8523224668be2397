//! Watchdog for handlers that block a runtime thread.
//!
//! A worker thread of tokio that is blocked in a handler does not look after sockets and timers. Another one could, but
//! it may be asleep: the worker that received a message runs its handler itself and wakes no other worker for it. And the
//! handler's own deadline cannot pass in a task that is not polled. So a thread of the client's own looks on while
//! handlers are polled: it wakes a worker, and answers what is late.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

/// How often the thread looks: the longest time for which a handler that blocks delays others.
const LOOK: Duration = Duration::from_millis(20);
/// Looks without a handler after which the thread rests until the next one.
const LOOKS: u32 = 100;

/// What is polled while the guard looks on.
pub(crate) trait Polled: Send + Sync {
    /// Called again and again while it is being polled, on the thread of the guard. It must not block, and do nothing
    /// while there is time left.
    fn look(self: Arc<Self>);
}

/// Looks after the others while a handler blocks. On a runtime with a single thread it does nothing: nothing would help.
#[derive(Default)]
pub(crate) struct StallGuard {
    /// Whether there is a thread that looks on; it starts with the first handler.
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
    /// The calls whose handlers are being polled at this moment: at most one for each worker.
    polled: Vec<Arc<dyn Polled>>,
    resting: bool,
    ended: bool,
}

/// A handler is being polled while this lives.
pub(crate) struct Polling<'a> {
    polled: Arc<dyn Polled>,
    shared: Option<&'a Shared>,
}

impl StallGuard {
    /// To be held while `polled` is polled.
    pub(crate) fn polling(&self, polled: Arc<dyn Polled>) -> Polling<'_> {
        let looks = *self.looks.get_or_init(|| start(&self.shared));
        let shared = looks.then_some(&*self.shared);
        if let Some(shared) = shared {
            let mut seen = shared.lock();
            seen.polled.push(Arc::clone(&polled));
            if seen.resting {
                shared.changed.notify_one();
            }
        }
        Polling { polled, shared }
    }

    /// Ends the thread that looks on, for good.
    pub(crate) fn end(&self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
    }

    /// Lets another worker have the task that this one has just woken and would run next: should the handler that woke
    /// it block now, it would wait for the handler's end.
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
            .position(|polled| std::ptr::addr_eq(Arc::as_ptr(polled), Arc::as_ptr(&self.polled)))
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

    /// Looks until the client is gone.
    fn look_on(&self, runtime: &Handle) {
        // Answering may start what follows an answer.
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
            let polled = seen.polled.clone();
            drop(seen);
            // Work from outside wakes a worker. When it has nothing else to do, it looks after sockets and timers.
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
            tracing::warn!(%error, "no thread for the stall guard: a handler that blocks may delay others");
            false
        }
    }
}
