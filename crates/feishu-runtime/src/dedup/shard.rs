//! A part of the memory of repeats: a table from the hash of a key to what became of its delivery.
//!
//! Pure: the time goes in as whole seconds. Every call does the same small amount of work, whatever is remembered.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use feishu_transport::Answer;
use tokio::sync::oneshot;

use super::log::Log;

/// Repeats that wait for one answer. The platform sends an event five times in all.
pub(super) const MAX_WAITING: usize = 16;
/// Bytes that an entry takes beside its answer: 24 in the table and 24 in the log, each about two thirds full.
pub(super) const ENTRY_BYTES: usize = 80;
/// Expired entries that one call forgets at most. Two, so that expiry catches up with what is added.
const EXPIRED_PER_CALL: usize = 2;

/// Bounds of one part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) entries: usize,
    pub(super) bytes: usize,
    /// Seconds.
    pub(super) retention: u32,
}

#[derive(Debug)]
pub(super) struct Shard {
    bounds: Bounds,
    entries: HashMap<u64, Entry, BuildHasherDefault<Hashed>>,
    /// What may be forgotten. A key that failed and came again is listed twice.
    log: Log,
    /// Entries that are not in flight.
    remembered: usize,
}

#[derive(Debug)]
enum Entry {
    /// A handler is running for it. Boxed only once a repeat has come or an interim answer was sent.
    InFlight(Option<Box<InFlight>>),
    /// Its number in the log.
    Ended(u32),
}

#[derive(Debug, Default)]
struct InFlight {
    /// What was sent when the deadline passed.
    interim: Option<Answer>,
    waiting: Vec<oneshot::Sender<Answer>>,
}

/// What a claim found.
#[derive(Debug)]
pub(super) enum Found {
    /// The delivery is free. `repeat` if an earlier attempt failed.
    New {
        repeat: bool,
    },
    Answered(Answer),
    InFlight(oneshot::Receiver<Answer>),
    Crowded,
}

impl Shard {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, entries: HashMap::default(), log: Log::default(), remembered: 0 }
    }

    /// Claims a key at this second.
    pub(super) fn claim(&mut self, key: u64, now: u32) -> Found {
        self.forget(now);
        let repeat = match self.entries.get_mut(&key) {
            Some(Entry::Ended(number)) => match self.log.get(*number) {
                // It may be past its time and still here, because each call forgets only a few.
                Some(ended) if !self.bounds.is_expired(ended.at, now) => match self.log.answer(ended) {
                    Some(answer) => return Found::Answered(answer),
                    None => true,
                },
                _ => false,
            },
            Some(Entry::InFlight(in_flight)) => {
                let in_flight = in_flight.get_or_insert_with(Box::default);
                if let Some(answer) = &in_flight.interim {
                    return Found::Answered(answer.clone());
                }
                if in_flight.waiting.len() >= MAX_WAITING {
                    return Found::Crowded;
                }
                let (sender, receiver) = oneshot::channel();
                in_flight.waiting.push(sender);
                return Found::InFlight(receiver);
            }
            None => false,
        };
        self.put(key, Entry::InFlight(None));
        Found::New { repeat }
    }

    /// Notes an answer that was sent while the handler goes on, and returns who waits for it.
    pub(super) fn interim(&mut self, key: u64, answer: &Answer) -> Vec<oneshot::Sender<Answer>> {
        let Some(Entry::InFlight(in_flight)) = self.entries.get_mut(&key) else { return Vec::new() };
        let in_flight = in_flight.get_or_insert_with(Box::default);
        in_flight.interim = Some(answer.clone());
        std::mem::take(&mut in_flight.waiting)
    }

    /// Notes how a claim ended, with `None` for a failure, and returns who waits for it.
    pub(super) fn end(
        &mut self,
        key: u64,
        answer: Option<&Answer>,
        now: u32,
    ) -> Vec<oneshot::Sender<Answer>> {
        let number = self.log.push(key, answer, now);
        let before = self.put(key, Entry::Ended(number));
        self.forget(now);
        match before {
            Some(Entry::InFlight(Some(in_flight))) => in_flight.waiting,
            _ => Vec::new(),
        }
    }

    /// How many ended deliveries are remembered, and the bytes they take.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.remembered, self.remembered * ENTRY_BYTES + self.log.data_len())
    }

    fn put(&mut self, key: u64, entry: Entry) -> Option<Entry> {
        self.remembered += usize::from(matches!(entry, Entry::Ended(_)));
        let before = self.entries.insert(key, entry);
        self.remembered -= usize::from(matches!(before, Some(Entry::Ended(_))));
        before
    }

    /// Drops the oldest while there is too much, and a few of those that are too old. What is in flight stays.
    fn forget(&mut self, now: u32) {
        let mut expired = 0;
        while let Some((number, oldest)) = self.log.oldest() {
            let (remembered, bytes) = self.size();
            let too_much = remembered > self.bounds.entries
                || bytes > self.bounds.bytes
                || self.log.len() / 2 > self.bounds.entries;
            if !too_much {
                if expired == EXPIRED_PER_CALL || !self.bounds.is_expired(oldest.at, now) {
                    return;
                }
                expired += 1;
            }
            self.log.pop();
            if matches!(self.entries.get(&oldest.key), Some(Entry::Ended(listed)) if *listed == number) {
                self.entries.remove(&oldest.key);
                self.remembered -= 1;
            }
        }
    }
}

impl Bounds {
    fn is_expired(&self, at: u32, now: u32) -> bool {
        now.saturating_sub(at) >= self.retention
    }
}

/// The keys are hashes already.
#[derive(Debug, Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::PLACE_BYTES;
    use super::*;

    fn shard(entries: usize, bytes: usize) -> Shard {
        Shard::new(Bounds { entries, bytes, retention: 100 })
    }

    fn handle(shard: &mut Shard, key: u64, answer: &Answer, now: u32) {
        assert!(matches!(shard.claim(key, now), Found::New { .. }), "{key} at {now}");
        assert!(shard.end(key, Some(answer), now).is_empty());
    }

    fn is_known(shard: &mut Shard, key: u64, now: u32) -> bool {
        matches!(shard.claim(key, now), Found::Answered(_))
    }

    #[test]
    fn claim_forgets_an_answer_after_exactly_the_retention() {
        let mut shard = shard(10, 10_000);
        handle(&mut shard, 1, &Answer::empty(), 5);
        assert!(is_known(&mut shard, 1, 104));
        assert!(!is_known(&mut shard, 1, 105));
    }

    #[test]
    fn end_forgets_the_oldest_past_the_bounds_of_entries_and_bytes() {
        let mut few = shard(3, 10_000);
        (1..=3).for_each(|key| handle(&mut few, key, &Answer::empty(), 0));
        assert!(is_known(&mut few, 1, 0), "at the limit");
        handle(&mut few, 4, &Answer::empty(), 0);
        assert_eq!(few.size(), (3, 3 * ENTRY_BYTES));
        assert!(!is_known(&mut few, 1, 0), "one past it");

        let answer = Answer::ok(vec![b' '; 100]);
        let mut small = shard(100, 3 * (ENTRY_BYTES + 100));
        (1..=3).for_each(|key| handle(&mut small, key, &answer, 0));
        assert!(is_known(&mut small, 1, 0));
        handle(&mut small, 4, &Answer::empty(), 0);
        assert!(!is_known(&mut small, 1, 0));
    }

    #[test]
    fn claim_in_flight_is_never_forgotten_and_bounds_its_waiters() {
        let mut shard = shard(1, 300);
        assert!(matches!(shard.claim(1, 0), Found::New { .. }));
        (2..=4).for_each(|key| handle(&mut shard, key, &Answer::empty(), 0));
        let waiting: Vec<_> = (0..MAX_WAITING).map(|_| shard.claim(1, 0)).collect();
        assert!(waiting.iter().all(|found| matches!(found, Found::InFlight(_))));
        assert!(matches!(shard.claim(1, 0), Found::Crowded));
        assert_eq!(shard.end(1, None, 0).len(), MAX_WAITING);
        assert!(matches!(shard.claim(1, 0), Found::New { repeat: true }));
    }

    #[test]
    fn expiry_costs_two_entries_per_call_and_leaves_nothing_behind() {
        let mut shard = shard(10_000, 1 << 20);
        (0..1000).for_each(|key| handle(&mut shard, key, &Answer::empty(), 0));
        assert!(!is_known(&mut shard, 999, 100), "expired, and not yet forgotten");
        shard.end(999, Some(&Answer::empty()), 100);
        let before = shard.size().0;
        assert!((990..1000).contains(&before), "{before}");
        (1000..1500).for_each(|key| handle(&mut shard, key, &Answer::empty(), 100));
        assert_eq!(shard.size().0, 501, "only what is young");
        assert_eq!((shard.entries.len(), shard.log.len()), (501, 501));
    }

    #[test]
    fn end_bounds_the_queue_when_one_key_fails_again_and_again() {
        let mut shard = shard(8, 10_000);
        for now in 0..1000 {
            assert!(matches!(shard.claim(1, now % 50), Found::New { .. }));
            shard.end(1, None, now % 50);
        }
        assert!(shard.log.len() <= 18, "{}", shard.log.len());
    }

    #[test]
    fn entry_bytes_covers_the_tables_at_their_fullest() {
        // hashbrown fills a table to 7/8 before it doubles, so just after it is 7/16 full, at one byte of metadata each.
        let slot = size_of::<(u64, Entry)>() + 1;
        assert!(slot * 8 / 7 + PLACE_BYTES <= ENTRY_BYTES);
    }
}
