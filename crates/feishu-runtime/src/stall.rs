//! What keeps the connection going while a handler blocks its thread.
//!
//! A worker thread of tokio that is blocked in a handler does not look after sockets and timers. Another one could, but
//! it may be asleep: the worker that received a message runs its handler itself and wakes nobody for it. So a thread of
//! the client's own looks on while handlers are being polled, and wakes a worker when that takes long.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

/// How often it is looked whether a handler is being polled: the longest time for which one that blocks delays others.
const LOOK: Duration = Duration::from_millis(20);
/// Looks without a handler after which the thread rests until the next one.
const LOOKS: u32 = 100;

/// Wakes a worker of the runtime while a handler blocks another one. On a runtime with a single thread it does nothing:
/// nothing would help.
#[derive(Default)]
pub(crate) struct StallGuard {
    /// The looking thread, from the first handler on; `None` where there is no use for one.
    thread: OnceLock<Option<Thread>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Handlers that are being polled at this moment.
    polling: AtomicUsize,
    resting: AtomicBool,
    ended: AtomicBool,
}

/// A handler is being polled while this lives.
pub(crate) struct Polling<'a>(&'a StallGuard);

impl StallGuard {
    /// To be held while a handler is polled.
    pub(crate) fn polling(&self) -> Polling<'_> {
        self.shared.polling.fetch_add(1, SeqCst);
        let thread = self.thread.get_or_init(|| start(&self.shared));
        if let Some(thread) = thread.as_ref().filter(|_| self.shared.resting.load(SeqCst)) {
            thread.unpark();
        }
        Polling(self)
    }

    /// Lets another worker have the task that this one has just woken and would run next: should the handler that woke
    /// it block now, it would wait for the handler's end.
    pub(crate) fn pass_on(&self) {
        if let (Some(Some(_)), Ok(runtime)) = (self.thread.get(), Handle::try_current()) {
            runtime.spawn(async {});
        }
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.shared.polling.fetch_sub(1, SeqCst);
    }
}

impl Drop for StallGuard {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        if let Some(Some(thread)) = self.thread.get() {
            thread.unpark();
        }
    }
}

impl fmt::Debug for StallGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StallGuard").field("polling", &self.shared.polling).finish_non_exhaustive()
    }
}

fn start(shared: &Arc<Shared>) -> Option<Thread> {
    let runtime = Handle::try_current().ok()?;
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return None;
    }
    let shared = Arc::clone(shared);
    let spawned = thread::Builder::new()
        .name("feishu-stall-guard".to_owned())
        .spawn(move || look_on(&shared, &runtime));
    match spawned {
        Ok(joined) => Some(joined.thread().clone()),
        Err(error) => {
            tracing::warn!(%error, "no thread for the stall guard: a handler that blocks may delay others");
            None
        }
    }
}

fn look_on(shared: &Shared, runtime: &Handle) {
    let mut quiet = 0;
    while !shared.ended.load(SeqCst) {
        if shared.polling.load(SeqCst) > 0 {
            quiet = 0;
            // Work from outside wakes a worker. When it has nothing else to do, it looks after sockets and timers.
            runtime.spawn(async {});
        } else {
            quiet += 1;
        }
        if quiet < LOOKS {
            thread::park_timeout(LOOK);
            continue;
        }
        shared.resting.store(true, SeqCst);
        // Whoever began to poll before the line above has been seen by the next one, whoever begins after it unparks.
        while shared.polling.load(SeqCst) == 0 && !shared.ended.load(SeqCst) {
            thread::park();
        }
        shared.resting.store(false, SeqCst);
        quiet = 0;
    }
}
