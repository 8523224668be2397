//! Memory of the requests that came within the window, to recognise one that is sent again.

use std::collections::{HashSet, VecDeque};

/// Requests that came, oldest first. Bounded: a full memory forgets its oldest.
#[derive(Debug)]
pub(super) struct Repeats {
    limit: usize,
    order: VecDeque<(u64, u128)>,
    known: HashSet<u128>,
}

impl Repeats {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, order: VecDeque::new(), known: HashSet::new() }
    }

    /// Whether this request, made at `sent`, is new. Forgets those made before `oldest`: the window refuses them.
    pub(super) fn is_new(&mut self, request: u128, sent: u64, oldest: u64) -> bool {
        while self.order.front().is_some_and(|(sent, _)| *sent < oldest) {
            self.forget_oldest();
        }
        if self.known.contains(&request) {
            return false;
        }
        if self.order.len() >= self.limit {
            self.forget_oldest();
        }
        if self.limit > 0 {
            self.order.push_back((sent, request));
            self.known.insert(request);
        }
        true
    }

    fn forget_oldest(&mut self) {
        if let Some((_, request)) = self.order.pop_front() {
            self.known.remove(&request);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Repeats;

    #[test]
    fn a_full_memory_forgets_its_oldest_and_the_window_empties_it() {
        let mut repeats = Repeats::new(2);
        assert!(repeats.is_new(1, 10, 0) && repeats.is_new(2, 11, 0));
        assert!(!repeats.is_new(1, 10, 0) && !repeats.is_new(2, 11, 0));
        assert!(repeats.is_new(3, 12, 0), "the third pushes the first out");
        assert!(!repeats.is_new(2, 11, 0) && repeats.is_new(1, 10, 0));
        assert!(repeats.is_new(4, 50, 40));
        assert_eq!((repeats.order.len(), repeats.known.len()), (1, 1));
    }

    #[test]
    fn a_memory_of_none_takes_every_request_for_new() {
        let mut repeats = Repeats::new(0);
        assert!(repeats.is_new(1, 10, 0) && repeats.is_new(1, 10, 0));
        assert!(repeats.order.is_empty() && repeats.known.is_empty());
    }
}
