//! Ordered execution: one delivery at a time per key, in the order of arrival.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// The arrivals of one ordered handler, and its queues by key.
pub(crate) struct Lanes<T> {
    arrived: Mutex<VecDeque<T>>,
    keys: Arc<Keys>,
}

/// The waiting deliveries, by key.
struct Keys {
    /// Maximum number of deliveries waiting per key.
    limit: usize,
    /// A key is present while one of its deliveries has its turn.
    waiting: Mutex<HashMap<u64, VecDeque<oneshot::Sender<Leave>>>>,
}

/// A place in the queue of a key.
pub(crate) enum Turn {
    /// The turn has come.
    Mine(Leave),
    /// The turn will come.
    Wait(oneshot::Receiver<Leave>),
}

/// A turn; dropping it passes the turn to the next delivery.
pub(crate) struct Leave {
    key: Option<(u64, Arc<Keys>)>,
}

impl<T> Lanes<T> {
    pub(crate) fn new(limit: usize) -> Self {
        let keys = Keys { limit, waiting: Mutex::default() };
        Self { arrived: Mutex::default(), keys: Arc::new(keys) }
    }

    /// Records an arrival. Call it in the order to be kept, followed by one [`Lanes::take`] on any task.
    pub(crate) fn arrive(&self, item: T) {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push_back(item);
    }

    /// Takes the earliest arrival and queues it by the key that `prepare` returns. `prepare` runs under a lock, which keeps
    /// the order if several tasks call this at once. There is no turn if too many wait for the key.
    pub(crate) fn take<P>(
        &self,
        prepare: impl FnOnce(&T) -> (Option<u64>, P),
    ) -> Option<(T, P, Option<Turn>)> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let item = arrived.pop_front()?;
        let (key, prepared) = prepare(&item);
        let turn = match key {
            Some(key) => self.keys.line_up(key),
            None => Some(Turn::Mine(Leave { key: None })),
        };
        Some((item, prepared, turn))
    }
}

impl Keys {
    fn line_up(self: &Arc<Self>, key: u64) -> Option<Turn> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lane) = waiting.get_mut(&key) else {
            waiting.insert(key, VecDeque::new());
            return Some(Turn::Mine(Leave { key: Some((key, Arc::clone(self))) }));
        };
        if lane.len() >= self.limit {
            lane.retain(|waiting| !waiting.is_closed());
        }
        if lane.len() >= self.limit {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        lane.push_back(sender);
        Some(Turn::Wait(receiver))
    }

    fn next(self: Arc<Self>, key: u64) {
        let mut turn = Leave { key: Some((key, Arc::clone(&self))) };
        loop {
            let next = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let next = waiting.get_mut(&key).and_then(VecDeque::pop_front);
                if next.is_none() {
                    waiting.remove(&key);
                }
                next
            };
            let Some(next) = next else {
                turn.key = None;
                return;
            };
            match next.send(turn) {
                Ok(()) => return,
                // This delivery no longer waits.
                Err(back) => turn = back,
            }
        }
    }
}

impl Turn {
    /// Waits for the turn, which lasts until the returned guard is dropped.
    pub(crate) async fn mine(self) -> Leave {
        match self {
            Self::Mine(leave) => leave,
            // The sender is dropped only with the key's queue, which stays while a delivery waits in it.
            Self::Wait(wait) => wait.await.unwrap_or(Leave { key: None }),
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some((key, keys)) = self.key.take() {
            keys.next(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(lanes: &Lanes<u64>, key: u64) -> Option<Turn> {
        lanes.arrive(key);
        lanes.take(|key| (Some(*key), ())).unwrap().2
    }

    fn is_mine(turn: Option<&Turn>) -> bool {
        matches!(turn, Some(Turn::Mine(_)))
    }

    #[tokio::test]
    async fn take_orders_one_key_and_leaves_other_keys_free() {
        let lanes = Lanes::new(4);
        let first = enter(&lanes, 1);
        let other = enter(&lanes, 2);
        let second = enter(&lanes, 1);
        assert!(is_mine(first.as_ref()) && is_mine(other.as_ref()) && !is_mine(second.as_ref()));
        drop(first);
        let second = second.unwrap().mine().await;
        assert!(!is_mine(enter(&lanes, 1).as_ref()), "it waits, and is dropped at once");
        drop(second);
        assert!(is_mine(enter(&lanes, 1).as_ref()));
    }

    #[tokio::test]
    async fn take_passes_a_dropped_turn_on_to_the_next() {
        let lanes = Lanes::new(4);
        let first = enter(&lanes, 1);
        let (gone, unnoticed, last) = (enter(&lanes, 1), enter(&lanes, 1), enter(&lanes, 1));
        drop(gone);
        drop(first);
        drop(unnoticed);
        drop(last.unwrap().mine().await);
        assert!(is_mine(enter(&lanes, 1).as_ref()));
    }

    #[test]
    fn take_bounds_the_waiters_of_a_key() {
        let lanes = Lanes::new(2);
        let _first = enter(&lanes, 1);
        let second = enter(&lanes, 1);
        let _third = enter(&lanes, 1);
        assert!(second.is_some());
        assert!(enter(&lanes, 1).is_none());
        drop(second);
        assert!(enter(&lanes, 1).is_some(), "who no longer waits makes room");
    }
}
