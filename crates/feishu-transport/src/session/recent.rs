//! The ids of messages that were completed or given up a short time ago.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::Limits;

/// A set of recent message ids, bounded in number and age.
#[derive(Default)]
pub(super) struct Recent {
    ids: HashSet<Arc<str>>,
    order: VecDeque<(Instant, Arc<str>)>,
}

impl Recent {
    pub(super) fn insert(&mut self, now: Instant, id: &str, limits: &Limits) {
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

    pub(super) fn contains(&mut self, now: Instant, id: &str, limits: &Limits) -> bool {
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
