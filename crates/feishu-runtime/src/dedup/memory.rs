//! The in-memory table of running and answered events.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use feishu_callbacks::EventId;
use feishu_transport::Answer;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Maximum repeats that wait for one answer. The platform sends an event at most five times.
const MAX_WAITING: usize = 16;
/// Bytes charged for an entry besides its key and answer.
const ENTRY_BYTES: usize = 160;

/// Limits of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    pub(crate) retention: Duration,
}

/// A table of claims and answers.
#[derive(Debug)]
pub(crate) struct Memory {
    bounds: Bounds,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<EventId, Entry>,
    /// Ended entries, oldest first: number and time of the end.
    ended: VecDeque<(u64, Instant, EventId)>,
    bytes: usize,
    /// Entries in `ended` that are still in `entries`.
    remembered: usize,
    next: u64,
}

#[derive(Debug)]
enum Entry {
    InFlight {
        /// The answer sent at the deadline.
        interim: Option<Answer>,
        waiting: Vec<oneshot::Sender<Answer>>,
    },
    /// Ended: handled with an answer, or failed without one.
    Ended { number: u64, answer: Option<Answer> },
}

/// The result of a claim.
#[derive(Debug)]
pub(crate) enum Claimed {
    /// The event is free. `repeat` if an earlier attempt failed.
    New { claim: Claim, repeat: bool },
    /// The event was answered already.
    Answered(Answer),
    /// A handler is running for it; the receiver gets its answer.
    InFlight(oneshot::Receiver<Answer>),
    /// A handler is running for it, and too many repeats wait for its answer already.
    Crowded,
}

/// The claim on one event. Dropping it marks the event as failed.
#[derive(Debug)]
pub(crate) struct Claim {
    memory: Arc<Memory>,
    key: EventId,
    open: bool,
}

impl Memory {
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, table: Mutex::default() })
    }

    /// Claims an event atomically.
    pub(crate) fn claim(self: &Arc<Self>, key: &EventId) -> Claimed {
        let mut table = self.table();
        table.forget_expired(&self.bounds, Instant::now());
        let repeat = match table.entries.get_mut(key) {
            Some(
                Entry::InFlight { interim: Some(answer), .. } | Entry::Ended { answer: Some(answer), .. },
            ) => {
                return Claimed::Answered(answer.clone());
            }
            Some(Entry::InFlight { waiting, .. }) => {
                if waiting.len() >= MAX_WAITING {
                    return Claimed::Crowded;
                }
                let (sender, receiver) = oneshot::channel();
                waiting.push(sender);
                return Claimed::InFlight(receiver);
            }
            Some(Entry::Ended { answer: None, .. }) => true,
            None => false,
        };
        table.replace(key, Entry::InFlight { interim: None, waiting: Vec::new() });
        Claimed::New { claim: Claim { memory: Arc::clone(self), key: key.clone(), open: true }, repeat }
    }

    /// The number of remembered answers, and their size in bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        let table = self.table();
        (table.remembered, table.bytes)
    }

    fn end(&self, key: &EventId, answer: Option<&Answer>) {
        let now = Instant::now();
        let mut table = self.table();
        let number = table.next;
        table.next += 1;
        let before = table.replace(key, Entry::Ended { number, answer: answer.cloned() });
        table.ended.push_back((number, now, key.clone()));
        table.forget_expired(&self.bounds, now);
        drop(table);
        if let Some(Entry::InFlight { waiting, .. }) = before {
            for waiter in waiting {
                let _ = waiter.send(answer.cloned().unwrap_or_else(Answer::failed));
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn replace(&mut self, key: &EventId, entry: Entry) -> Option<Entry> {
        self.count(key, &entry, true);
        let before = self.entries.insert(key.clone(), entry);
        if let Some(before) = &before {
            self.count(key, before, false);
        }
        before
    }

    fn count(&mut self, key: &EventId, entry: &Entry, add: bool) {
        let Entry::Ended { answer, .. } = entry else { return };
        let data = answer.as_ref().and_then(Answer::data).map_or(0, bytes::Bytes::len);
        let bytes = ENTRY_BYTES + key.as_str().len() + data;
        if add {
            self.bytes += bytes;
            self.remembered += 1;
        } else {
            self.bytes = self.bytes.saturating_sub(bytes);
            self.remembered = self.remembered.saturating_sub(1);
        }
    }

    /// Evicts entries over the limits, oldest first. Running events are never evicted.
    fn forget_expired(&mut self, bounds: &Bounds, now: Instant) {
        while let Some((_, at, _)) = self.ended.front() {
            let too_old = now.saturating_duration_since(*at) >= bounds.retention;
            let too_much = self.remembered > bounds.entries
                || self.bytes > bounds.bytes
                // Entries that were replaced by a later attempt are listed twice.
                || self.ended.len() / 2 > bounds.entries;
            if !too_old && !too_much {
                return;
            }
            let Some((number, _, key)) = self.ended.pop_front() else { return };
            if matches!(self.entries.get(&key), Some(Entry::Ended { number: current, .. }) if *current == number)
            {
                if let Some(entry) = self.entries.remove(&key) {
                    self.count(&key, &entry, false);
                }
            }
        }
    }
}

impl Claim {
    /// Stores the answer sent while the handler continues; repeats get the same.
    pub(crate) fn interim(&self, answer: &Answer) {
        if !answer.is_ok() {
            return;
        }
        let mut waiters = Vec::new();
        if let Some(Entry::InFlight { interim, waiting }) = self.memory.table().entries.get_mut(&self.key) {
            *interim = Some(answer.clone());
            waiters = std::mem::take(waiting);
        }
        for waiter in waiters {
            let _ = waiter.send(answer.clone());
        }
    }

    /// Marks the event as handled; repeats get `answer`.
    pub(crate) fn complete(mut self, answer: &Answer) {
        self.open = false;
        self.memory.end(&self.key, Some(answer));
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.open {
            self.memory.end(&self.key, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn memory(entries: usize, bytes: usize) -> Arc<Memory> {
        Memory::new(Bounds { entries, bytes, retention: 7 * HOUR })
    }

    fn claim(memory: &Arc<Memory>, key: &str) -> (Claim, bool) {
        match memory.claim(&key.into()) {
            Claimed::New { claim, repeat } => (claim, repeat),
            other => panic!("{other:?}"),
        }
    }

    fn is_known(memory: &Arc<Memory>, key: &str) -> bool {
        matches!(memory.claim(&key.into()), Claimed::Answered(_))
    }

    #[tokio::test(start_paused = true)]
    async fn claim_of_a_repeat_waits_for_the_answer_of_the_first() {
        let memory = memory(10, 10_000);
        let (first, repeat) = claim(&memory, "a");
        assert!(!repeat);
        let Claimed::InFlight(waiting) = memory.claim(&"a".into()) else { panic!() };
        let answer = Answer::ok("{\"n\":1}");
        first.complete(&answer);
        assert_eq!(waiting.await.unwrap(), answer);
        assert!(matches!(memory.claim(&"a".into()), Claimed::Answered(same) if same == answer));
    }

    #[tokio::test(start_paused = true)]
    async fn claim_after_a_failure_is_marked_as_a_repeat() {
        let memory = memory(10, 10_000);
        let (first, _) = claim(&memory, "a");
        let Claimed::InFlight(waiting) = memory.claim(&"a".into()) else { panic!() };
        drop(first);
        assert!(!waiting.await.unwrap().is_ok());
        let (second, repeat) = claim(&memory, "a");
        assert!(repeat);
        second.complete(&Answer::empty());
        assert!(is_known(&memory, "a"));
        assert_eq!(memory.size().0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn interim_answers_repeats_while_the_handler_goes_on() {
        let memory = memory(10, 10_000);
        let (first, _) = claim(&memory, "a");
        let Claimed::InFlight(waiting) = memory.claim(&"a".into()) else { panic!() };
        first.interim(&Answer::failed());
        first.interim(&Answer::empty());
        assert_eq!(waiting.await.unwrap(), Answer::empty());
        assert!(is_known(&memory, "a"));
    }

    #[tokio::test(start_paused = true)]
    async fn claim_forgets_an_answer_after_exactly_the_ttl() {
        let memory = memory(10, 10_000);
        claim(&memory, "a").0.complete(&Answer::empty());
        tokio::time::advance(Duration::from_secs(7 * 3600 - 1)).await;
        assert!(is_known(&memory, "a"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!claim(&memory, "a").1);
    }

    #[tokio::test(start_paused = true)]
    async fn complete_forgets_the_oldest_past_the_bounds_of_entries_and_bytes() {
        let memory = memory(3, 10_000);
        for key in ["a", "b", "c"] {
            claim(&memory, key).0.complete(&Answer::empty());
        }
        assert!(is_known(&memory, "a"), "at the limit");
        claim(&memory, "d").0.complete(&Answer::empty());
        assert!(!is_known(&memory, "a"), "one past it");
        assert_eq!(memory.size().0, 3);

        let memory = self::memory(100, 3 * (ENTRY_BYTES + 1 + 100));
        for key in ["a", "b", "c"] {
            claim(&memory, key).0.complete(&Answer::ok(vec![b' '; 100]));
        }
        assert!(is_known(&memory, "a"));
        claim(&memory, "d").0.complete(&Answer::ok("{}"));
        assert!(!is_known(&memory, "a"));
    }

    #[tokio::test(start_paused = true)]
    async fn claim_in_flight_is_never_forgotten_and_bounds_its_waiters() {
        let memory = memory(1, 300);
        let (_first, _) = claim(&memory, "a");
        for key in ["b", "c", "d"] {
            claim(&memory, key).0.complete(&Answer::empty());
        }
        let mut waiting = Vec::new();
        for _ in 0..MAX_WAITING {
            let Claimed::InFlight(receiver) = memory.claim(&"a".into()) else { panic!() };
            waiting.push(receiver);
        }
        assert!(matches!(memory.claim(&"a".into()), Claimed::Crowded));
    }
}
