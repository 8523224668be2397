//! Reassembly of fragmented messages, in any order and split at any byte, within limits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use feishu_proto::{RawFrame, header_name};

use super::recent::Recent;
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
    /// The message is over a limit. It was counted and logged, and is in [`Reassembly::take_refused`] if it is to be answered.
    Refused,
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
    /// Ids of messages over a limit. Their later fragments are dropped, as the message has been answered.
    oversized: Recent,
    /// Frames of messages that were given up and must be answered with 500.
    refused: Vec<RawFrame>,
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
    /// The first fragment without its payload, to answer the message should it be evicted.
    head: Option<RawFrame>,
}

/// Maximum bytes of a fragment's headers that are kept for an answer; real ones have less than 1 KiB.
const MAX_HEAD: usize = 4 << 10;

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
            oversized: Recent::default(),
            refused: Vec::new(),
            arrivals: 0,
        }
    }

    /// Adds a data frame. A frame with a missing or unreadable `sum` counts as a whole message: an unreadable message
    /// is still answered with an error, while a fragment that never completes would get no answer.
    pub(super) fn place(&mut self, now: Instant, frame: &RawFrame) -> Placed {
        let payload = frame.payload();
        let sum = frame.header(header_name::SUM).and_then(|sum| sum.trim().parse::<u32>().ok()).unwrap_or(1);
        if sum <= 1 {
            return self.whole(now, frame, payload);
        }
        self.expire(now);
        let Some(id) = frame.message_id() else {
            return self.bad("a fragment has no message_id");
        };
        let seq = frame.header(header_name::SEQ).and_then(|seq| seq.trim().parse::<u32>().ok());
        let Some(seq) = seq.filter(|seq| *seq < sum) else {
            return self.bad("a fragment's seq is missing or not below its sum");
        };
        if self.oversized.contains(now, id, &self.limits) {
            self.counters.over_limit.one();
            return Placed::Refused;
        }
        let count = usize::try_from(sum).unwrap_or(usize::MAX);
        if count > self.limits.fragments {
            return self.refuse(now, frame, count, "Limits::fragments", self.limits.fragments);
        }
        self.place_fragment(now, id, &Fragment { frame, seq, sum, payload })
    }

    /// The frames of messages that were given up since the last call, each to be answered with 500.
    pub(super) fn take_refused(&mut self) -> Vec<RawFrame> {
        std::mem::take(&mut self.refused)
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

    fn whole(&mut self, now: Instant, frame: &RawFrame, payload: Bytes) -> Placed {
        let (size, most) = (payload.len(), self.limits.message_bytes);
        if size > most {
            return self.refuse(now, frame, size, "Limits::message_bytes", most);
        }
        self.counters.frames_delivered.one();
        Placed::Complete(payload)
    }

    fn place_fragment(&mut self, now: Instant, id: &str, fragment: &Fragment<'_>) -> Placed {
        let cost = fragment.payload.len() + FRAGMENT_OVERHEAD;
        match self.partial.get(id) {
            Some(partial) if partial.sum != fragment.sum => {
                return self.bad("a fragment's sum differs from that of earlier fragments");
            }
            Some(partial) if partial.has(fragment.seq) => {
                self.counters.repeated_fragments.one();
                // The message comes once more, and its missing fragments are still to come.
                if let Some(partial) = self.partial.get_mut(id) {
                    partial.touched = now;
                }
                return Placed::Waiting;
            }
            Some(partial) if partial.payload_len() + fragment.payload.len() > self.limits.message_bytes => {
                let size = partial.payload_len() + fragment.payload.len();
                let most = self.limits.message_bytes;
                return self.refuse(now, fragment.frame, size, "Limits::message_bytes", most);
            }
            None if self.evicted.contains(now, id, &self.limits) => {
                self.counters.evicted_fragments.one();
                return Placed::Waiting;
            }
            None if fragment.payload.len() > self.limits.message_bytes => {
                let (size, most) = (fragment.payload.len(), self.limits.message_bytes);
                return self.refuse(now, fragment.frame, size, "Limits::message_bytes", most);
            }
            known => {
                let before = known.map(|partial| partial.bytes);
                if !self.make_room(now, cost, id, before.is_some()) {
                    let (size, most) = (before.unwrap_or(0) + cost, self.limits.partial_bytes);
                    return self.refuse(now, fragment.frame, size, "Limits::partial_bytes", most);
                }
            }
        }

        self.arrivals += 1;
        let arrival = self.arrivals;
        let partial = self.partial.entry(id.to_owned()).or_insert_with(|| {
            let repeat = self.completed.contains(now, id, &self.limits);
            Partial::new(fragment, now, arrival, repeat)
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
            let limit = if self.bytes + cost > self.limits.partial_bytes {
                "Limits::partial_bytes"
            } else {
                "Limits::partial_messages"
            };
            if let Some(partial) = self.remove(&oldest) {
                self.evict(now, &oldest, partial, limit);
            }
        }
        true
    }

    /// Gives up an incomplete message in favour of others.
    fn evict(&mut self, now: Instant, id: &str, partial: Partial, limit: &'static str) {
        self.counters.evicted_fragments.add(partial.fragments);
        self.evicted.insert(now, id, &self.limits);
        let answered = partial.head.is_some();
        tracing::warn!(
            message_id = id,
            size = partial.payload_len(),
            have = partial.fragments,
            sum = partial.sum,
            limit,
            answered,
            "dropped an incomplete message to make room for a newer one; it is answered with 500"
        );
        self.refused.extend(partial.head);
    }

    /// Gives up the message of `frame`, which is over `limit`: its fragments are dropped, and it is answered with 500.
    fn refuse(
        &mut self,
        now: Instant,
        frame: &RawFrame,
        size: usize,
        limit: &'static str,
        most: usize,
    ) -> Placed {
        self.counters.over_limit.one();
        let message_id = frame.message_id();
        tracing::warn!(
            message_id,
            trace_id = frame.trace_id(),
            size,
            limit,
            most,
            "refused a message that is too large: it is answered with 500; see the limit"
        );
        if let Some(id) = message_id {
            if let Some(partial) = self.remove(id) {
                self.counters.over_limit.add(partial.fragments);
            }
            if frame.header(header_name::SUM).is_some_and(|sum| sum.trim() != "1") {
                self.oversized.insert(now, id, &self.limits);
            }
        }
        self.refused.push(frame.clone());
        Placed::Refused
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
}

struct Fragment<'a> {
    frame: &'a RawFrame,
    seq: u32,
    sum: u32,
    payload: Bytes,
}

impl Partial {
    fn new(fragment: &Fragment<'_>, now: Instant, arrival: u64, repeat: bool) -> Self {
        // The rest of a message that was completed, and answered, needs no answer.
        let head = if repeat { None } else { head(fragment.frame) };
        Self {
            head,
            sum: fragment.sum,
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

    fn add(&mut self, now: Instant, fragment: &Fragment<'_>, cost: usize) {
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

/// The frame without its payload, if that is small enough to be kept.
fn head(frame: &RawFrame) -> Option<RawFrame> {
    let mut head = frame.to_frame().ok()?;
    head.payload = None;
    let wire = head.encode_to_vec();
    (wire.len() <= MAX_HEAD).then(|| RawFrame::decode(wire.into()).ok())?
}

/// Counts the fragments that still wait as expired, so that the counters stay consistent.
impl Drop for Reassembly {
    fn drop(&mut self) {
        let waiting: u64 = self.partial.values().map(|partial| partial.fragments).sum();
        self.counters.fragments_waiting.sub(waiting);
        self.counters.expired_fragments.add(waiting);
    }
}
