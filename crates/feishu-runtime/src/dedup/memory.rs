//! The in-memory table of running and answered deliveries.
//!
//! Events and callbacks are remembered apart. The platform repeats an event for hours and never repeats a callback, so
//! clicks must not push events out. Each kind is kept in many small tables: a growing table copies all of its entries
//! at once, and a table of a hundred thousand stopped every call for up to 20 ms.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use feishu_transport::Answer;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::shard::{self, Found, Shard};

/// How long a callback is remembered. The platform never sends one again, but a frame may come twice.
const CALLBACK_RETENTION: Duration = Duration::from_secs(60);
/// Callbacks to remember: a minute of 136 per second. More would keep memory busy that the processor's caches no longer
/// hold.
const CALLBACK_ENTRIES: usize = 8192;
/// Bytes of the remembered callbacks, with their answers.
const CALLBACK_BYTES: usize = 4 << 20;
/// Entries of one table: few enough that growing it takes less than a tenth of a millisecond.
const SHARD_ENTRIES: usize = 4096;
const MAX_SHARDS: usize = 256;

/// Bounds on the events that are remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    pub(crate) retention: Duration,
}

/// Claims and answers by key.
#[derive(Debug)]
pub(crate) struct Memory {
    events: Shards,
    callbacks: Shards,
    hasher: RandomState,
    start: Instant,
}

/// Whether the platform repeats a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Callback,
}

/// What a claim found.
#[derive(Debug)]
pub(crate) enum Claimed {
    /// The delivery is free. `repeat` if an earlier attempt failed.
    New { claim: Claim, repeat: bool },
    /// It was answered.
    Answered(Answer),
    /// A handler is running for it; the receiver gets its answer.
    InFlight(oneshot::Receiver<Answer>),
    /// A handler is running for it, and too many repeats wait for its answer already.
    Crowded,
}

/// The right to handle one delivery. Dropping it says that it failed.
#[derive(Debug)]
pub(crate) struct Claim {
    memory: Arc<Memory>,
    kind: Kind,
    key: u64,
    /// The second of the claim. The retention counts from it.
    at: u32,
    open: bool,
}

impl Memory {
    pub(crate) fn new(events: Bounds) -> Arc<Self> {
        let callbacks =
            Bounds { entries: CALLBACK_ENTRIES, bytes: CALLBACK_BYTES, retention: CALLBACK_RETENTION };
        Arc::new(Self {
            events: Shards::new(events),
            callbacks: Shards::new(callbacks),
            hasher: RandomState::new(),
            start: Instant::now(),
        })
    }

    /// Claims a key, in one step. Keys are distinguished by a hash of 64 bits with a secret of this process: among a
    /// million, two that are equal are less likely than one in ten million.
    pub(crate) fn claim(self: &Arc<Self>, kind: Kind, key: impl Hash) -> Claimed {
        let key = self.hasher.hash_one(key);
        let at = u32::try_from(self.start.elapsed().as_secs()).unwrap_or(u32::MAX);
        let found = self.shard(kind, key).claim(key, at);
        match found {
            Found::New { repeat } => {
                let claim = Claim { memory: Arc::clone(self), kind, key, at, open: true };
                Claimed::New { claim, repeat }
            }
            Found::Answered(answer) => Claimed::Answered(answer),
            Found::InFlight(answer) => Claimed::InFlight(answer),
            Found::Crowded => Claimed::Crowded,
        }
    }

    /// How many answers are remembered, and the bytes they take.
    pub(crate) fn size(&self) -> (usize, usize) {
        let shards = self.events.0.iter().chain(&self.callbacks.0);
        shards.map(|shard| lock(shard).size()).fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
    }

    fn shard(&self, kind: Kind, key: u64) -> MutexGuard<'_, Shard> {
        match kind {
            Kind::Event => self.events.of(key),
            Kind::Callback => self.callbacks.of(key),
        }
    }
}

/// The tables of one kind. A power of two of them.
#[derive(Debug)]
struct Shards(Box<[Mutex<Shard>]>);

impl Shards {
    fn new(bounds: Bounds) -> Self {
        let count = (bounds.entries / SHARD_ENTRIES).clamp(1, MAX_SHARDS).next_power_of_two();
        let bounds = shard::Bounds {
            entries: bounds.entries / count,
            bytes: bounds.bytes / count,
            retention: u32::try_from(bounds.retention.as_secs()).unwrap_or(u32::MAX),
        };
        Self((0..count).map(|_| Mutex::new(Shard::new(bounds))).collect())
    }

    fn of(&self, key: u64) -> MutexGuard<'_, Shard> {
        // The lowest and the highest bits choose the place within the table.
        let index = usize::try_from(key >> 32).unwrap_or_default() & (self.0.len() - 1);
        #[allow(clippy::indexing_slicing, reason = "the length is a power of two, and the mask is one less")]
        lock(&self.0[index])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Claim {
    /// Notes what was sent while the handler goes on; repeats get the same.
    pub(crate) fn interim(&self, answer: &Answer) {
        if !answer.is_ok() {
            return;
        }
        let waiting = self.memory.shard(self.kind, self.key).interim(self.key, answer);
        for waiter in waiting {
            let _ = waiter.send(answer.clone());
        }
    }

    /// Handled: repeats get `answer`.
    pub(crate) fn complete(mut self, answer: &Answer) {
        self.open = false;
        self.end(Some(answer));
    }

    fn end(&self, answer: Option<&Answer>) {
        let waiting = self.memory.shard(self.kind, self.key).end(self.key, answer, self.at);
        for waiter in waiting {
            let _ = waiter.send(answer.cloned().unwrap_or_else(Answer::failed));
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.open {
            self.end(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn memory(entries: usize) -> Arc<Memory> {
        Memory::new(Bounds { entries, bytes: 96 << 20, retention: 7 * HOUR })
    }

    fn claim(memory: &Arc<Memory>, kind: Kind, key: &str) -> (Claim, bool) {
        match memory.claim(kind, key) {
            Claimed::New { claim, repeat } => (claim, repeat),
            other => panic!("{other:?}"),
        }
    }

    fn is_known(memory: &Arc<Memory>, kind: Kind, key: &str) -> bool {
        matches!(memory.claim(kind, key), Claimed::Answered(_))
    }

    #[tokio::test(start_paused = true)]
    async fn claim_of_a_repeat_waits_for_the_answer_of_the_first() {
        let memory = memory(10);
        let (first, repeat) = claim(&memory, Kind::Event, "a");
        assert!(!repeat);
        let Claimed::InFlight(waiting) = memory.claim(Kind::Event, "a") else { panic!() };
        let answer = Answer::ok("{\"n\":1}");
        first.complete(&answer);
        assert_eq!(waiting.await.unwrap(), answer);
        assert!(matches!(memory.claim(Kind::Event, "a"), Claimed::Answered(same) if same == answer));
    }

    #[tokio::test(start_paused = true)]
    async fn claim_after_a_failure_is_marked_as_a_repeat() {
        let memory = memory(10);
        let (first, _) = claim(&memory, Kind::Event, "a");
        let Claimed::InFlight(waiting) = memory.claim(Kind::Event, "a") else { panic!() };
        drop(first);
        assert!(!waiting.await.unwrap().is_ok());
        let (second, repeat) = claim(&memory, Kind::Event, "a");
        assert!(repeat);
        second.complete(&Answer::empty());
        assert!(is_known(&memory, Kind::Event, "a"));
        assert_eq!(memory.size().0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn interim_answers_repeats_while_the_handler_goes_on() {
        let memory = memory(10);
        let (first, _) = claim(&memory, Kind::Event, "a");
        let Claimed::InFlight(waiting) = memory.claim(Kind::Event, "a") else { panic!() };
        first.interim(&Answer::failed());
        first.interim(&Answer::empty());
        assert_eq!(waiting.await.unwrap(), Answer::empty());
        assert!(is_known(&memory, Kind::Event, "a"));
    }

    #[tokio::test(start_paused = true)]
    async fn callbacks_never_push_events_out_and_are_forgotten_after_a_minute() {
        let memory = memory(100_000);
        claim(&memory, Kind::Event, "event").0.complete(&Answer::empty());
        for click in 0..110_000_u32 {
            let Claimed::New { claim, .. } = memory.claim(Kind::Callback, click) else { panic!("{click}") };
            claim.complete(&Answer::empty());
        }
        assert!(memory.size().0 <= CALLBACK_ENTRIES + 1);
        claim(&memory, Kind::Callback, "click").0.complete(&Answer::empty());
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(is_known(&memory, Kind::Callback, "click"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!is_known(&memory, Kind::Callback, "click"));
        tokio::time::advance(6 * HOUR).await;
        assert!(is_known(&memory, Kind::Event, "event"));
    }

    #[tokio::test(start_paused = true)]
    async fn retention_counts_from_the_claim() {
        let memory = memory(10);
        let (claim, _) = claim(&memory, Kind::Callback, "click");
        tokio::time::advance(Duration::from_secs(50)).await;
        claim.complete(&Answer::empty());
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(is_known(&memory, Kind::Callback, "click"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!is_known(&memory, Kind::Callback, "click"));
    }

    #[tokio::test(start_paused = true)]
    async fn claim_forgets_little_before_all_tables_are_full() {
        let memory = memory(1 << 16);
        for event in 0..60_000_u32 {
            let Claimed::New { claim, .. } = memory.claim(Kind::Event, event) else { panic!("{event}") };
            claim.complete(&Answer::empty());
        }
        assert!(memory.size().0 > 59_500, "{}", memory.size().0);
    }

    #[tokio::test(start_paused = true)]
    async fn complete_keeps_no_part_of_a_large_buffer() {
        let memory = memory(10);
        let large = Bytes::from(vec![b' '; 1 << 20]);
        claim(&memory, Kind::Event, "a").0.complete(&Answer::ok(large.slice(..10)));
        assert!(large.is_unique());
    }
}
