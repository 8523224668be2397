//! Several processes that share an inbox: they die and stop, the engine fails, and the platform repeats.

mod gate;
mod offer;
mod process;
mod rules;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use feishu_runtime::testing::MemoryInbox;
use feishu_runtime::{EventInbox, InboxEngine as _};
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::world::Dice;
use offer::Order;
use rules::Line;

/// How long there is trouble, and how long there is calm after that.
const TROUBLE: Duration = Duration::from_secs(300);
const CALM: Duration = Duration::from_secs(3600);

/// What happened in one run, or in several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxSummary {
    /// Runs.
    pub seeds: u64,
    /// Events that were acknowledged.
    pub acknowledged: u64,
    /// Attempts of their handlers.
    pub attempts: u64,
    /// Events that were handled once more, after a death or a time without the engine.
    pub again: u64,
    /// Events that were given up with a cause.
    pub dead: u64,
    /// Processes that died.
    pub deaths: u64,
    /// Processes that were stopped.
    pub stops: u64,
    /// Everything that happened, if that was asked for.
    pub trace: Vec<String>,
}

/// Lives through one seed. With `trace`, everything that happens is written down: the summary and the failure have it.
///
/// # Errors
///
/// What did not hold.
///
/// # Panics
///
/// When no runtime can be made.
pub fn run(seed: u64, trace: bool) -> Result<InboxSummary, Failure> {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime of one thread");
    runtime.block_on(live(seed, trace))
}

/// What all parts of a run share.
struct Stage {
    engine: Arc<MemoryInbox>,
    dice: Mutex<Dice>,
    lines: Mutex<Vec<(Duration, Line)>>,
    start: Instant,
    processes: Mutex<Vec<process::Running>>,
    acknowledged: Mutex<Vec<Order>>,
    lease: Duration,
    attempts: u32,
    /// Processes so far.
    started: AtomicU64,
}

impl Stage {
    fn roll<T>(&self, roll: impl FnOnce(&mut Dice) -> T) -> T {
        roll(&mut lock(&self.dice))
    }

    fn write(&self, line: Line) {
        lock(&self.lines).push((self.start.elapsed(), line));
    }

    fn is_troubled(&self) -> bool {
        self.start.elapsed() < TROUBLE
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn live(seed: u64, trace: bool) -> Result<InboxSummary, Failure> {
    let mut dice = Dice::new(seed);
    let (count, keys) = (1 + dice.below(4), 1 + dice.below(5));
    let (lease, attempts) = (dice.millis(4_000, 30_000), 6 + u32::try_from(dice.below(4)).unwrap_or(0));
    let stage = Arc::new(Stage {
        engine: Arc::new(MemoryInbox::new()),
        dice: Mutex::new(dice),
        lines: Mutex::default(),
        start: Instant::now(),
        processes: Mutex::default(),
        acknowledged: Mutex::default(),
        lease,
        attempts,
        started: AtomicU64::new(1),
    });
    let places: Vec<_> = (0..count).map(|_| tokio::spawn(process::lives(Arc::clone(&stage)))).collect();
    let offers: Vec<_> = (0..=keys).map(|key| tokio::spawn(offer::offers(Arc::clone(&stage), key))).collect();
    for offer in offers {
        let _ = offer.await;
    }
    let mut backlog = u64::MAX;
    while backlog > 0 && stage.start.elapsed() < TROUBLE + CALM {
        sleep(Duration::from_secs(1)).await;
        backlog = stage.engine.backlog("").await.unwrap_or(u64::MAX);
    }
    let queue = EventInbox::new(Arc::clone(&stage.engine)).of_app("");
    let dead = queue.dead_letters(0, 10_000).await.unwrap_or_default();
    places.iter().for_each(tokio::task::JoinHandle::abort);
    let lines = std::mem::take(&mut *lock(&stage.lines));
    let (summary, mistake) = rules::judge(&lines, &lock(&stage.acknowledged), backlog, &dead);
    let trace =
        if trace { lines.iter().map(|(at, line)| format!("{at:?} {line:?}")).collect() } else { Vec::new() };
    match mistake {
        Some(what) => Err(Failure { seed, at: stage.start.elapsed(), what, trace }),
        None => Ok(InboxSummary { trace, ..summary }),
    }
}

impl InboxSummary {
    /// Adds another run; its trace is not kept.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.acknowledged += other.acknowledged;
        self.attempts += other.attempts;
        self.again += other.again;
        self.dead += other.dead;
        self.deaths += other.deaths;
        self.stops += other.stops;
    }
}

impl fmt::Display for InboxSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, acknowledged, attempts, again, dead, deaths, stops, .. } = self;
        write!(
            f,
            "{seeds} seeds: {acknowledged} events acknowledged, {attempts} attempts, {again} handled once more, {dead} dead \
             letters with a cause, {deaths} deaths, {stops} stops",
        )
    }
}
