//! Runs calls in few tasks: a call gets a task of its own only if its handler is not done at its first poll.
//!
//! A task for each call wakes a second worker thread for each, which cost a quarter of the time under load. Calls that
//! arrive together are polled one after another by one runner. A handler that blocks delays the calls behind it until
//! the stall guard looks, after which another runner takes them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tracing::{Instrument as _, Span};

use super::Core;
use crate::panics::poll_caught;

/// Calls that a runner polls before it lets other tasks run, such as the one that writes the answers.
const BATCH: usize = 64;
/// A poll that takes longer is worth a second thread for the calls behind it.
const SLOW: Duration = Duration::from_micros(200);
/// A poll that has taken so long when the stall guard looks counts as blocked.
const BLOCKED: Duration = Duration::from_millis(1);

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The calls that wait for their first poll, and the tasks that poll them.
pub(super) struct Runners {
    queue: Mutex<Queue>,
    start: std::time::Instant,
    /// The span of the client, for runners that are started from elsewhere.
    span: OnceLock<Span>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// The runners that take from the queue.
    active: Vec<Arc<Progress>>,
    /// Of a runner that ended, for the next one.
    spare: Option<Arc<Progress>>,
}

/// Since when a runner has been in one poll: microseconds since the start, 0 between polls.
#[derive(Default)]
struct Progress(AtomicU64);

impl Runners {
    pub(super) fn new() -> Self {
        #[allow(
            clippy::disallowed_methods,
            reason = "measures a blocked thread, which a paused clock does not see"
        )]
        let start = std::time::Instant::now();
        Self { queue: Mutex::default(), start, span: OnceLock::new() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never 0.
    fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).map_or(u64::MAX, |micros| micros.max(1))
    }
}

impl Core {
    /// Runs a call: in a runner until its handler waits, then in a task of its own. It must be called within a runtime.
    pub(crate) fn spawn_call(self: &Arc<Self>, call: impl Future<Output = ()> + Send + 'static) {
        let mut queue = self.runners.queue();
        queue.jobs.push_back(Box::pin(call));
        let runner = queue.active.is_empty().then(|| self.add_runner(&mut queue));
        drop(queue);
        if let Some(runner) = runner {
            let span = self.runners.span.get_or_init(Span::current);
            self.tasks.spawn(runner.instrument(span.clone()));
        }
    }

    /// Replaces runners that are blocked. Called by the stall guard while a handler is being polled.
    pub(crate) fn replace_blocked_runners(self: &Arc<Self>) {
        let now = self.runners.micros();
        let mut queue = self.runners.queue();
        let before = queue.active.len();
        queue.active.retain(|progress| {
            let since = progress.0.load(Relaxed);
            since == 0 || Duration::from_micros(now.saturating_sub(since)) < BLOCKED
        });
        let is_needed = queue.active.len() < before && queue.active.is_empty() && !queue.jobs.is_empty();
        let runner = is_needed.then(|| self.add_runner(&mut queue));
        drop(queue);
        if let Some(runner) = runner {
            let span = self.runners.span.get().cloned().unwrap_or_else(Span::none);
            self.tasks.spawn(runner.instrument(span));
        }
    }

    fn add_runner(self: &Arc<Self>, queue: &mut Queue) -> Runner {
        let progress = queue.spare.take().unwrap_or_default();
        queue.active.push(Arc::clone(&progress));
        Runner { core: Arc::clone(self), progress, is_done: false }
    }
}

/// A task that polls waiting calls until there are none.
struct Runner {
    core: Arc<Core>,
    progress: Arc<Progress>,
    /// Whether it left the queue by itself. Its progress may then be another runner's.
    is_done: bool,
}

impl Runner {
    /// The next call; `None` when there is none, or another runner was started in place of this one.
    fn next(&self) -> Option<Job> {
        let mut queue = self.core.runners.queue();
        let place = queue.active.iter().position(|progress| Arc::ptr_eq(progress, &self.progress))?;
        let job = queue.jobs.pop_front();
        if job.is_none() {
            queue.spare = Some(queue.active.swap_remove(place));
        }
        job
    }

    /// Polls a call for the first time. One that waits is polled again at once by its own task, so it needs no waker
    /// before.
    fn run(&self, mut job: Job) {
        match poll_caught(job.as_mut(), &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(panic)) => tracing::error!(%panic, "a delivery was given up; please report this"),
            Poll::Pending => drop(self.core.tasks.spawn(job.in_current_span())),
        }
    }

    /// Starts a second runner for the calls behind a slow one, if a thread may be free.
    fn help(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut queue = self.core.runners.queue();
        if queue.jobs.is_empty() || queue.active.len() >= runtime.metrics().num_workers() {
            return;
        }
        let runner = self.core.add_runner(&mut queue);
        drop(queue);
        self.core.tasks.spawn(runner.in_current_span());
        // A worker keeps the last task that it started for itself; another one makes it available to all.
        runtime.spawn(async {});
    }
}

impl Future for Runner {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut began = self.core.runners.micros();
        for _ in 0..BATCH {
            let Some(job) = self.next() else {
                self.is_done = true;
                return Poll::Ready(());
            };
            self.progress.0.store(began, Relaxed);
            self.run(job);
            self.progress.0.store(0, Relaxed);
            let now = self.core.runners.micros();
            if Duration::from_micros(now - began) > SLOW {
                self.help();
            }
            began = now;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Drops the waiting calls when the runtime ends, which answers them with code 500.
impl Drop for Runner {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let mut queue = self.core.runners.queue();
        queue.active.retain(|progress| !Arc::ptr_eq(progress, &self.progress));
        let left = if queue.active.is_empty() { std::mem::take(&mut queue.jobs) } else { VecDeque::new() };
        drop(queue);
        drop(left);
    }
}
