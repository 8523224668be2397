//! The state of the queues in one process, without payloads: which events wait, are claimed or were given up.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::engine::{ClaimEnd, Stored};

/// Handled ids to remember per queue; the oldest is forgotten first.
pub(super) const MAX_HANDLED: usize = 200_000;
/// Dead letters to keep per queue; the oldest is dropped for the next.
pub(super) const MAX_DEAD: usize = 10_000;

/// All queues of an engine.
#[derive(Debug, Default)]
pub(super) struct Table {
    queues: HashMap<String, Queue>,
    next: u64,
}

/// One queue. Events are known by a number that grows with each.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<u64, Item>,
    by_id: HashMap<String, u64>,
    /// The events of each lane in their order; the first may be claimed.
    lanes: HashMap<u64, VecDeque<u64>>,
    /// What may be claimed, by the time when it is due.
    ready: BTreeSet<(u64, u64)>,
    /// What is claimed, by the end of its lease.
    leased: BTreeSet<(u64, u64)>,
    dead: BTreeMap<u64, String>,
    handled: HashMap<String, u64>,
    handled_order: VecDeque<(u64, String)>,
}

#[derive(Debug)]
struct Item {
    id: String,
    lane: Option<u64>,
    attempts: u32,
    failures: u32,
    due: u64,
    claim: Option<(String, u64)>,
}

/// What is stored of an event besides its contents. Times are milliseconds since a start that the engine chose.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) attempts: u32,
    /// How many of the attempts failed.
    pub(super) failures: u32,
    pub(super) due: u64,
}

/// A claim that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) number: u64,
    pub(super) attempt: u32,
    pub(super) failures: u32,
}

/// What the end of a claim changed.
#[derive(Debug)]
pub(super) enum Ended {
    /// Nothing: the claim is another's.
    Nothing,
    Removed {
        number: u64,
        until: u64,
    },
    Waits {
        number: u64,
        state: State,
    },
    Dead {
        number: u64,
        attempts: u32,
        /// The oldest dead letter, if there are too many.
        dropped: Option<u64>,
    },
}

impl Table {
    pub(super) fn queue(&mut self, name: &str) -> &mut Queue {
        if !self.queues.contains_key(name) {
            self.queues.insert(name.to_owned(), Queue::default());
        }
        self.queues.entry(name.to_owned()).or_default()
    }

    /// Puts an event at the end of its queue; the number is there if it is new.
    pub(super) fn put(
        &mut self,
        queue: &str,
        id: &str,
        lane: Option<u64>,
        now: u64,
        backlog: u64,
    ) -> (Stored, Option<u64>) {
        let number = self.next;
        let queue = self.queue(queue);
        if queue.by_id.contains_key(id) || queue.handled.get(id).is_some_and(|until| *until > now) {
            return (Stored::Known, None);
        }
        if queue.waiting.len() as u64 >= backlog {
            return (Stored::Full, None);
        }
        queue.add(number, id, lane, State { due: now, ..State::default() });
        self.next += 1;
        (Stored::New, Some(number))
    }

    /// Puts an event into its queue that its owner has claimed already, or renews the owner's claim of it: its number, and
    /// whether it is new. `None` if the owner does not have the claim.
    pub(super) fn hold(
        &mut self,
        queue: &str,
        owner: &str,
        id: &str,
        now: u64,
        until: u64,
    ) -> Option<(u64, bool)> {
        if self.queue(queue).renew(owner, id, until) {
            return Some((self.queue(queue).held(owner, id)?, false));
        }
        let (stored, number) = self.put(queue, id, None, now, u64::MAX);
        let number = number.filter(|_| stored == Stored::New)?;
        let queue = self.queue(queue);
        queue.ready.remove(&(now, number));
        queue.hold(number, owner, until)?;
        Some((number, true))
    }

    /// Puts an event back that was stored by an earlier process.
    pub(super) fn load(&mut self, queue: &str, number: u64, id: &str, lane: Option<u64>, state: State) {
        self.next = self.next.max(number + 1);
        self.queue(queue).add(number, id, lane, state);
    }

    /// Puts a dead letter back that was stored by an earlier process.
    pub(super) fn load_dead(&mut self, queue: &str, number: u64, id: &str) {
        self.next = self.next.max(number + 1);
        let queue = self.queue(queue);
        queue.by_id.insert(id.to_owned(), number);
        queue.dead.insert(number, id.to_owned());
    }

    /// Takes a dead letter out of its list and puts it at the end of its lane: its old number, and the new one.
    pub(super) fn revive(
        &mut self,
        queue: &str,
        id: &str,
        now: u64,
        lane: impl FnOnce(u64) -> Option<u64>,
    ) -> Option<(u64, u64)> {
        let old = self.queue(queue).take_dead(id)?;
        let new = self.next;
        self.next += 1;
        self.queue(queue).add(new, id, lane(old), State { due: now, ..State::default() });
        Some((old, new))
    }

    /// The claims, to be kept when the table is read again.
    #[cfg(feature = "inbox-file")]
    pub(super) fn claims(&self) -> Vec<(String, String, String, u64)> {
        let of = |(name, queue): (&String, &Queue)| {
            let claim = |item: &Item| {
                let (owner, until) = item.claim.clone()?;
                Some((name.clone(), item.id.clone(), owner, until))
            };
            queue.waiting.values().filter_map(claim).collect::<Vec<_>>()
        };
        self.queues.iter().flat_map(of).collect()
    }
}

impl Queue {
    fn add(&mut self, number: u64, id: &str, lane: Option<u64>, state: State) {
        let State { attempts, failures, due } = state;
        self.by_id.insert(id.to_owned(), number);
        self.waiting.insert(number, Item { id: id.to_owned(), lane, attempts, failures, due, claim: None });
        let is_first = match lane {
            None => true,
            Some(lane) => {
                let lane = self.lanes.entry(lane).or_default();
                lane.push_back(number);
                lane.len() == 1
            }
        };
        if is_first {
            self.ready.insert((due, number));
        }
    }

    /// Claims what is due.
    pub(super) fn claim(&mut self, owner: &str, max: usize, now: u64, lease: Duration) -> Vec<Claim> {
        while let Some((until, number)) = self.leased.first().copied().filter(|(until, _)| *until <= now) {
            self.leased.remove(&(until, number));
            if let Some(item) = self.waiting.get_mut(&number) {
                item.claim = None;
                self.ready.insert((item.due, number));
            }
        }
        let mut claimed = Vec::new();
        while claimed.len() < max {
            let Some((due, number)) = self.ready.first().copied().filter(|(due, _)| *due <= now) else {
                break;
            };
            self.ready.remove(&(due, number));
            claimed.extend(self.hold(number, owner, now.saturating_add(millis(lease))));
        }
        claimed
    }

    fn hold(&mut self, number: u64, owner: &str, until: u64) -> Option<Claim> {
        let item = self.waiting.get_mut(&number)?;
        item.attempts = item.attempts.saturating_add(1);
        item.claim = Some((owner.to_owned(), until));
        self.leased.insert((until, number));
        Some(Claim { number, attempt: item.attempts, failures: item.failures })
    }

    /// Makes a claim again that was held when the table was read again.
    #[cfg(feature = "inbox-file")]
    pub(super) fn claim_again(&mut self, id: &str, owner: &str, until: u64) {
        let Some(number) = self.by_id.get(id).copied() else { return };
        let Some(item) = self.waiting.get_mut(&number) else { return };
        if self.ready.remove(&(item.due, number)) {
            item.claim = Some((owner.to_owned(), until));
            self.leased.insert((until, number));
        }
    }

    /// False if the claim is lost.
    pub(super) fn renew(&mut self, owner: &str, id: &str, until: u64) -> bool {
        let Some(number) = self.held(owner, id) else { return false };
        let Some((_, before)) = self.waiting.get_mut(&number).and_then(|item| item.claim.as_mut()) else {
            return false;
        };
        self.leased.remove(&(*before, number));
        *before = until;
        self.leased.insert((until, number));
        true
    }

    /// The number of an event that this owner has claimed.
    fn held(&self, owner: &str, id: &str) -> Option<u64> {
        let number = self.by_id.get(id).copied()?;
        let (holder, _) = self.waiting.get(&number)?.claim.as_ref()?;
        (holder == owner).then_some(number)
    }

    pub(super) fn end(&mut self, owner: &str, id: &str, end: &ClaimEnd, now: u64) -> Ended {
        let Some(number) = self.held(owner, id) else { return Ended::Nothing };
        let Some(item) = self.waiting.get_mut(&number) else { return Ended::Nothing };
        if let Some((_, until)) = item.claim.take() {
            self.leased.remove(&(until, number));
        }
        let after = match end {
            ClaimEnd::Done(keep) => {
                let until = now.saturating_add(millis(*keep));
                self.remove(number);
                self.by_id.remove(id);
                self.remember(id, until);
                return Ended::Removed { number, until };
            }
            ClaimEnd::Dead(_) => {
                let attempts = item.attempts;
                self.remove(number);
                self.dead.insert(number, id.to_owned());
                return Ended::Dead { number, attempts, dropped: self.drop_dead() };
            }
            ClaimEnd::Release(after) => {
                item.attempts = item.attempts.saturating_sub(1);
                after
            }
            ClaimEnd::Retry(after) => {
                item.failures = item.failures.saturating_add(1);
                after
            }
        };
        item.due = now.saturating_add(millis(*after));
        let state = State { attempts: item.attempts, failures: item.failures, due: item.due };
        self.ready.insert((item.due, number));
        Ended::Waits { number, state }
    }

    /// Removes an event that may be claimed, and makes the next one of its lane ready.
    fn remove(&mut self, number: u64) {
        let Some(item) = self.waiting.remove(&number) else { return };
        let Some(lane) = item.lane else { return };
        let Some(queued) = self.lanes.get_mut(&lane) else { return };
        queued.retain(|queued| *queued != number);
        match queued.front().and_then(|next| Some((self.waiting.get(next)?.due, *next))) {
            Some(next) => drop(self.ready.insert(next)),
            None => drop(self.lanes.remove(&lane)),
        }
    }

    /// Remembers the id of a handled event.
    pub(super) fn remember(&mut self, id: &str, until: u64) {
        self.handled.insert(id.to_owned(), until);
        self.handled_order.push_back((until, id.to_owned()));
    }

    /// An id that need not be remembered any more.
    pub(super) fn forget(&mut self, now: u64) -> Option<String> {
        let (until, _) = self.handled_order.front()?;
        if *until > now && self.handled_order.len() <= MAX_HANDLED {
            return None;
        }
        let (until, id) = self.handled_order.pop_front()?;
        if self.handled.get(&id) == Some(&until) {
            self.handled.remove(&id);
        }
        Some(id)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn drop_dead(&mut self) -> Option<u64> {
        if self.dead.len() <= MAX_DEAD {
            return None;
        }
        let (number, id) = self.dead.pop_first()?;
        tracing::error!(%id, "there are {MAX_DEAD} dead letters in the inbox: the oldest was dropped");
        self.by_id.remove(&id);
        Some(number)
    }

    /// The numbers of the dead letters, oldest first.
    pub(super) fn dead(&self, skip: usize, max: usize) -> Vec<u64> {
        self.dead.keys().copied().skip(skip).take(max).collect()
    }

    /// Removes a dead letter from the list; its number.
    pub(super) fn take_dead(&mut self, id: &str) -> Option<u64> {
        let number = *self.by_id.get(id)?;
        self.dead.remove(&number)?;
        self.by_id.remove(id);
        Some(number)
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
