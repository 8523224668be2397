//! Reassembly of fragmented messages, in any order and split at any byte, within limits.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use feishu_proto::{RawFrame, header_name};

use crate::Limits;
use crate::counters::Counters;

/// The result of taking a data frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// The frame completed its message; this is the whole payload.
    Complete(Bytes),
    /// The fragment waits for the rest of its message, or was a duplicate.
    Waiting,
    /// The frame was dropped and counted; the reason is for the log.
    Dropped(&'static str),
}

/// The incomplete messages of one reconnect loop, and the ids of recently completed ones.
pub(super) struct Reassembly {
    limits: Limits,
    counters: Arc<Counters>,
    pub(super) partial: HashMap<String, Partial>,
    /// Bytes in all partial messages, including the overhead of each fragment.
    pub(super) bytes: usize,
    /// A lower bound of the first expiry; `None` if no message is incomplete.
    next_expiry: Option<Instant>,
    completed: Recent,
    /// Ids of evicted messages. Their later fragments are dropped, as keeping them would only evict other messages.
    evicted: Recent,
    /// The number of the next partial message, in order of arrival.
    arrivals: u64,
}

/// One incomplete message. The contiguous part from the start is already joined; the rest is kept by index.
pub(super) struct Partial {
    sum: u32,
    joined: BytesMut,
    next: u32,
    ahead: BTreeMap<u32, Bytes>,
    fragments: u64,
    bytes: usize,
    started: Instant,
    touched: Instant,
    arrival: u64,
    /// Whether a message of this id was completed recently. A stray duplicate fragment is then dropped silently. If the
    /// whole message is sent again, it is delivered again, because the platform waits for an answer.
    repeat: bool,
}

/// Bytes charged for each fragment on top of its payload, so that many empty fragments hit the limit, too.
pub(super) const FRAGMENT_OVERHEAD: usize = 64;

impl Reassembly {
    pub(super) fn new(limits: Limits, counters: Arc<Counters>) -> Self {
        Self {
            limits,
            counters,
            partial: HashMap::new(),
            bytes: 0,
            next_expiry: None,
            completed: Recent::default(),
            evicted: Recent::default(),
            arrivals: 0,
        }
    }

    /// Adds a data frame. A frame with a missing or unreadable `sum` counts as a whole message: an unreadable message
    /// is still answered with an error, while a fragment that never completes would get no answer.
    pub(super) fn place(&mut self, now: Instant, frame: &RawFrame) -> Placed {
        let payload = frame.payload();
        let sum = frame.header(header_name::SUM).and_then(|sum| sum.trim().parse::<u32>().ok()).unwrap_or(1);
        if sum <= 1 {
            return self.whole(payload);
        }
        self.expire(now);
        let Some(id) = frame.message_id() else {
            return self.bad("a fragment has no message_id");
        };
        let seq = frame.header(header_name::SEQ).and_then(|seq| seq.trim().parse::<u32>().ok());
        let Some(seq) = seq.filter(|seq| *seq < sum) else {
            return self.bad("a fragment's seq is missing or not below its sum");
        };
        if usize::try_from(sum).is_ok_and(|sum| sum > self.limits.fragments) {
            return self.over_limit("a message has more fragments than the limit");
        }
        self.place_fragment(now, id, &Fragment { seq, sum, payload })
    }

    /// Drops incomplete messages that have timed out.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.next_expiry.is_none_or(|expiry| expiry > now) {
            return;
        }
        let limits = self.limits;
        let mut next = None;
        let mut expired = Vec::new();
        for (id, partial) in &self.partial {
            let expiry = partial.expiry(&limits);
            if expiry <= now {
                expired.push(id.clone());
            } else {
                next = Some(next.map_or(expiry, |next: Instant| next.min(expiry)));
            }
        }
        self.next_expiry = next;
        for id in expired {
            let Some(partial) = self.remove(&id) else { continue };
            if partial.repeat {
                self.counters.repeated_fragments.add(partial.fragments);
            } else {
                self.counters.expired_fragments.add(partial.fragments);
                tracing::warn!(
                    message_id = id,
                    have = partial.fragments,
                    sum = partial.sum,
                    "dropped a message that was not completed in time"
                );
            }
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.next_expiry
    }

    fn whole(&mut self, payload: Bytes) -> Placed {
        if payload.len() > self.limits.message_bytes {
            return self.over_limit("a message is larger than the limit");
        }
        self.counters.frames_delivered.one();
        Placed::Complete(payload)
    }

    fn place_fragment(&mut self, now: Instant, id: &str, fragment: &Fragment) -> Placed {
        let cost = fragment.payload.len() + FRAGMENT_OVERHEAD;
        match self.partial.get(id) {
            Some(partial) if partial.sum != fragment.sum => {
                return self.bad("a fragment's sum differs from that of earlier fragments");
            }
            Some(partial) if partial.has(fragment.seq) => {
                self.counters.repeated_fragments.one();
                return Placed::Waiting;
            }
            Some(partial) if partial.payload_len() + fragment.payload.len() > self.limits.message_bytes => {
                if let Some(partial) = self.remove(id) {
                    self.counters.over_limit.add(partial.fragments);
                }
                return self.over_limit("a message is larger than the limit");
            }
            None if self.evicted.contains(now, id, &self.limits) => {
                self.counters.evicted_fragments.one();
                return Placed::Waiting;
            }
            None if fragment.payload.len() > self.limits.message_bytes => {
                return self.over_limit("a message is larger than the limit");
            }
            known => {
                let known = known.is_some();
                if !self.make_room(now, cost, id, known) {
                    if let Some(partial) = self.remove(id) {
                        self.counters.over_limit.add(partial.fragments);
                    }
                    return self.over_limit("a message exceeds the limit for all incomplete messages");
                }
            }
        }

        self.arrivals += 1;
        let arrival = self.arrivals;
        let partial = self.partial.entry(id.to_owned()).or_insert_with(|| {
            let repeat = self.completed.contains(now, id, &self.limits);
            Partial::new(fragment.sum, now, arrival, repeat)
        });
        partial.add(now, fragment, cost);
        self.bytes += cost;
        self.counters.fragments_waiting.one();
        let (complete, expiry) = (partial.is_complete(), partial.expiry(&self.limits));
        if complete {
            return self.complete(now, id);
        }
        self.next_expiry = Some(self.next_expiry.map_or(expiry, |next| next.min(expiry)));
        Placed::Waiting
    }

    fn complete(&mut self, now: Instant, id: &str) -> Placed {
        let Some(partial) = self.remove(id) else { return Placed::Waiting };
        self.counters.frames_delivered.add(partial.fragments);
        self.completed.insert(now, id, &self.limits);
        Placed::Complete(partial.joined.freeze())
    }

    /// Evicts the oldest partial messages until another fragment of message `own` fits; `false` if it cannot.
    fn make_room(&mut self, now: Instant, cost: usize, own: &str, known: bool) -> bool {
        let added = usize::from(!known);
        while self.bytes + cost > self.limits.partial_bytes
            || self.partial.len() + added > self.limits.partial_messages
        {
            let others = self.partial.iter().filter(|(id, _)| id.as_str() != own);
            let Some(oldest) = others.min_by_key(|(_, partial)| partial.arrival).map(|(id, _)| id.clone())
            else {
                return false;
            };
            if let Some(partial) = self.remove(&oldest) {
                self.counters.evicted_fragments.add(partial.fragments);
                self.evicted.insert(now, &oldest, &self.limits);
                tracing::warn!(
                    message_id = oldest,
                    have = partial.fragments,
                    sum = partial.sum,
                    "dropped an incomplete message to make room for a newer one"
                );
            }
        }
        true
    }

    fn remove(&mut self, id: &str) -> Option<Partial> {
        let partial = self.partial.remove(id)?;
        self.bytes -= partial.bytes;
        self.counters.fragments_waiting.sub(partial.fragments);
        Some(partial)
    }

    fn bad(&self, why: &'static str) -> Placed {
        self.counters.bad_fragments.one();
        Placed::Dropped(why)
    }

    fn over_limit(&self, why: &'static str) -> Placed {
        self.counters.over_limit.one();
        Placed::Dropped(why)
    }
}

struct Fragment {
    seq: u32,
    sum: u32,
    payload: Bytes,
}

impl Partial {
    fn new(sum: u32, now: Instant, arrival: u64, repeat: bool) -> Self {
        Self {
            sum,
            joined: BytesMut::new(),
            next: 0,
            ahead: BTreeMap::new(),
            fragments: 0,
            bytes: 0,
            started: now,
            touched: now,
            arrival,
            repeat,
        }
    }

    fn has(&self, seq: u32) -> bool {
        seq < self.next || self.ahead.contains_key(&seq)
    }

    fn payload_len(&self) -> usize {
        self.bytes - usize::try_from(self.fragments).unwrap_or(usize::MAX) * FRAGMENT_OVERHEAD
    }

    fn add(&mut self, now: Instant, fragment: &Fragment, cost: usize) {
        self.touched = now;
        self.fragments += 1;
        self.bytes += cost;
        if fragment.seq != self.next {
            // A copy: the slice would keep the whole receive buffer alive.
            self.ahead.insert(fragment.seq, Bytes::copy_from_slice(&fragment.payload));
            return;
        }
        self.joined.extend_from_slice(&fragment.payload);
        self.next += 1;
        while let Some(payload) = self.ahead.remove(&self.next) {
            self.joined.extend_from_slice(&payload);
            self.next += 1;
        }
    }

    fn is_complete(&self) -> bool {
        self.next == self.sum
    }

    fn expiry(&self, limits: &Limits) -> Instant {
        (self.touched + limits.partial_idle).min(self.started + limits.partial_age)
    }
}

/// A set of recent message ids, bounded in number and age.
#[derive(Default)]
struct Recent {
    ids: HashSet<Arc<str>>,
    order: VecDeque<(Instant, Arc<str>)>,
}

impl Recent {
    fn insert(&mut self, now: Instant, id: &str, limits: &Limits) {
        if limits.completed_ids == 0 {
            return;
        }
        while self.order.len() >= limits.completed_ids {
            self.forget_oldest();
        }
        let id: Arc<str> = id.into();
        if self.ids.insert(Arc::clone(&id)) {
            self.order.push_back((now, id));
        }
    }

    fn contains(&mut self, now: Instant, id: &str, limits: &Limits) -> bool {
        while self.order.front().is_some_and(|(at, _)| *at + limits.partial_idle <= now) {
            self.forget_oldest();
        }
        self.ids.contains(id)
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.ids.remove(&id);
        }
    }
}

/// Counts the fragments that still wait as expired, so that the counters stay consistent.
impl Drop for Reassembly {
    fn drop(&mut self) {
        let waiting: u64 = self.partial.values().map(|partial| partial.fragments).sum();
        self.counters.fragments_waiting.sub(waiting);
        self.counters.expired_fragments.add(waiting);
    }
}
