//! Memory of the accepted requests within the window, for replay protection.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

/// The accepted requests, by timestamp. Holds at most `limit` of them.
#[derive(Debug)]
pub(super) struct Repeats {
    limit: usize,
    /// Smallest timestamp first.
    by_time: BinaryHeap<Reverse<(u64, u128)>>,
    known: HashSet<u128>,
    /// Newest timestamp of the requests that were dropped because the memory was full.
    dropped: Option<u64>,
}

/// Result of looking up a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// The first request of this kind. It is remembered now.
    New,
    /// The request was accepted before.
    Repeated,
    /// The memory no longer reaches back to this timestamp, so the request may be a repeat.
    TooOld,
}

impl Repeats {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, by_time: BinaryHeap::new(), known: HashSet::new(), dropped: None }
    }

    /// Looks up a request with timestamp `sent` and remembers it if it is new. Drops the requests older than `oldest`,
    /// which the window refuses.
    ///
    /// A full memory drops the request with the smallest timestamp. From then on, requests with that timestamp or an
    /// older one are refused: whether they were accepted before is not known any more.
    pub(super) fn look_up(&mut self, request: u128, sent: u64, oldest: u64) -> Seen {
        if self.limit == 0 {
            return Seen::New;
        }
        while self.by_time.peek().is_some_and(|Reverse((sent, _))| *sent < oldest) {
            self.drop_oldest();
        }
        if self.known.contains(&request) {
            return Seen::Repeated;
        }
        if self.dropped.is_some_and(|dropped| sent <= dropped) {
            return Seen::TooOld;
        }
        self.by_time.push(Reverse((sent, request)));
        self.known.insert(request);
        if self.by_time.len() > self.limit {
            self.dropped = self.dropped.max(self.drop_oldest());
        }
        Seen::New
    }

    fn drop_oldest(&mut self) -> Option<u64> {
        let Reverse((sent, request)) = self.by_time.pop()?;
        self.known.remove(&request);
        Some(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::{Repeats, Seen};

    #[test]
    fn look_up_refuses_requests_as_old_as_one_that_a_full_memory_dropped() {
        let mut repeats = Repeats::new(2);
        assert_eq!(repeats.look_up(1, 10, 0), Seen::New);
        assert_eq!(repeats.look_up(2, 11, 0), Seen::New);
        assert_eq!(repeats.look_up(1, 10, 0), Seen::Repeated);
        assert_eq!(repeats.look_up(3, 12, 0), Seen::New, "drops the first");
        assert_eq!(repeats.look_up(1, 10, 0), Seen::TooOld, "a replay of the dropped request");
        assert_eq!(repeats.look_up(4, 9, 0), Seen::TooOld, "older than the dropped request");
        assert_eq!(repeats.look_up(2, 11, 0), Seen::Repeated);
        assert_eq!(repeats.look_up(3, 12, 0), Seen::Repeated);
        assert_eq!(repeats.look_up(5, 11, 0), Seen::New, "newer than the dropped request");
    }

    #[test]
    fn look_up_drops_the_smallest_timestamp_in_whatever_order_requests_arrive() {
        let mut repeats = Repeats::new(2);
        assert_eq!(repeats.look_up(1, 90, 0), Seen::New, "a sender whose clock is ahead");
        assert_eq!(repeats.look_up(2, 50, 0), Seen::New);
        assert_eq!(repeats.look_up(3, 40, 0), Seen::New, "dropped at once, as it is the oldest");
        assert_eq!(repeats.look_up(3, 40, 0), Seen::TooOld);
        assert_eq!(repeats.look_up(4, 60, 0), Seen::New);
    }

    #[test]
    fn look_up_drops_requests_outside_the_window() {
        let mut repeats = Repeats::new(2);
        assert_eq!(repeats.look_up(1, 30, 0), Seen::New);
        assert_eq!(repeats.look_up(2, 10, 0), Seen::New);
        assert_eq!(repeats.look_up(3, 50, 40), Seen::New);
        assert_eq!((repeats.by_time.len(), repeats.known.len(), repeats.dropped), (1, 1, None));
    }

    #[test]
    fn look_up_with_a_limit_of_zero_accepts_every_request() {
        let mut repeats = Repeats::new(0);
        assert_eq!(repeats.look_up(1, 10, 0), Seen::New);
        assert_eq!(repeats.look_up(1, 10, 0), Seen::New);
        assert!(repeats.by_time.is_empty() && repeats.known.is_empty());
    }
}
