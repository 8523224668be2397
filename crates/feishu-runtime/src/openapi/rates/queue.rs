//! The calls of one lane that wait until its limits allow them, in the order in which they are let through.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::bucket::{Bucket, Rule};
use super::lane::Target;

/// Targets that are remembered at most; those whose bucket is full again are forgotten first.
const MAX_TARGETS: usize = 8192;

/// The buckets of cards, messages and receivers.
#[derive(Default)]
pub(super) struct Targets {
    buckets: HashMap<Target, Bucket>,
    /// The number of buckets at which those that are full are forgotten.
    sweep_at: usize,
}

/// One lane: its buckets, and the calls that wait.
pub(super) struct Queue {
    buckets: [Bucket; 2],
    /// Calls that others wait for.
    first: VecDeque<Waiter>,
    /// Calls that matter less, such as the next words of a stream.
    later: VecDeque<Waiter>,
    /// The waiter that looks at the time for all.
    leader: Option<u64>,
    /// Refusals by the platform without a success between.
    pub(super) strikes: u32,
}

/// A call that waits.
pub(super) struct Waiter {
    pub(super) id: u64,
    pub(super) target: Option<Target>,
    pub(super) grant: Arc<Grant>,
}

/// Whether a waiting call may be made.
#[derive(Default)]
pub(super) struct Grant {
    is_given: AtomicBool,
    pub(super) wake: Notify,
}

impl Grant {
    pub(super) fn is_given(&self) -> bool {
        self.is_given.load(Relaxed)
    }
}

impl Targets {
    pub(super) fn ready_at(&mut self, target: Option<&Target>, now: Instant) -> Instant {
        target.and_then(|target| self.buckets.get_mut(target)).map_or(now, |bucket| bucket.ready_at(now))
    }

    /// Counts one call.
    pub(super) fn take(&mut self, target: Option<&Target>, now: Instant) {
        if let Some(bucket) = target.and_then(|target| self.bucket(target, now)) {
            bucket.take();
        }
    }

    pub(super) fn give_back(&mut self, target: Option<&Target>) {
        if let Some(bucket) = target.and_then(|target| self.buckets.get_mut(target)) {
            bucket.give_back();
        }
    }

    pub(super) fn drain(&mut self, target: &Target, until: Instant, now: Instant) {
        if let Some(bucket) = self.bucket(target, now) {
            bucket.drain(until, now);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }

    /// The bucket of a target; `None` if there is no room for another, in which case the target is not limited here.
    fn bucket(&mut self, target: &Target, now: Instant) -> Option<&mut Bucket> {
        if !self.buckets.contains_key(target) {
            if self.buckets.len() >= self.sweep_at {
                self.buckets.retain(|_, bucket| !bucket.is_idle(now));
                // Swept again when it has doubled, so that a sweep is rare.
                self.sweep_at = (2 * self.buckets.len()).clamp(64, MAX_TARGETS);
            }
            if self.buckets.len() >= MAX_TARGETS {
                return None;
            }
            self.buckets.insert(target.clone(), Bucket::new(target.rule(), now));
        }
        self.buckets.get_mut(target)
    }
}

impl Queue {
    pub(super) fn new(rules: [Rule; 2], now: Instant) -> Self {
        Self {
            buckets: rules.map(|rule| Bucket::new(rule, now)),
            first: VecDeque::new(),
            later: VecDeque::new(),
            leader: None,
            strikes: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() + self.later.len()
    }

    /// Lets one call through at once if none waits and the limits allow it.
    pub(super) fn pass(&mut self, target: Option<&Target>, targets: &mut Targets, now: Instant) -> bool {
        if self.len() > 0 || self.ready_at(now) > now || targets.ready_at(target, now) > now {
            return false;
        }
        self.take(target, targets, now);
        true
    }

    /// Adds a call to those that wait. One that was refused by the platform comes before all others.
    pub(super) fn join(&mut self, waiter: Waiter, is_later: bool, again: bool) {
        match (is_later, again) {
            (true, _) => self.later.push_back(waiter),
            (false, true) => self.first.push_front(waiter),
            (false, false) => self.first.push_back(waiter),
        }
    }

    /// Lets through what the limits allow. Returns when to look again; `None` if none waits.
    pub(super) fn advance(&mut self, targets: &mut Targets, now: Instant) -> Option<Instant> {
        loop {
            if self.len() == 0 {
                return None;
            }
            let ready = self.ready_at(now);
            if ready > now {
                return Some(ready);
            }
            let mut next = None;
            let found = [&self.first, &self.later].into_iter().enumerate().find_map(|(which, waiters)| {
                let at = waiters.iter().position(|waiter| {
                    let ready = targets.ready_at(waiter.target.as_ref(), now);
                    next = Some(next.map_or(ready, |next: Instant| next.min(ready)));
                    ready <= now
                });
                at.map(|at| (which, at))
            });
            let Some((which, at)) = found else { return next };
            let waiters = if which == 0 { &mut self.first } else { &mut self.later };
            let Some(waiter) = waiters.remove(at) else { return next };
            self.take(waiter.target.as_ref(), targets, now);
            waiter.grant.is_given.store(true, Relaxed);
            waiter.grant.wake.notify_one();
        }
    }

    /// Whether this waiter looks at the time for all; it becomes the leader if there is none.
    pub(super) fn leads(&mut self, id: u64) -> bool {
        *self.leader.get_or_insert(id) == id
    }

    /// Wakes the leader because the time to look again changed.
    pub(super) fn wake_leader(&self) {
        if let Some(leader) = self.leader {
            let mut waiters = self.first.iter().chain(&self.later);
            if let Some(leader) = waiters.find(|waiter| waiter.id == leader) {
                leader.grant.wake.notify_one();
            }
        }
    }

    /// Removes a call that gave up waiting.
    pub(super) fn leave(&mut self, id: u64) {
        self.first.retain(|waiter| waiter.id != id);
        self.later.retain(|waiter| waiter.id != id);
        self.resign(id);
    }

    /// Lets another waiter lead, if this one did.
    pub(super) fn resign(&mut self, id: u64) {
        if self.leader == Some(id) {
            self.leader = None;
            if let Some(heir) = self.first.front().or(self.later.front()) {
                heir.grant.wake.notify_one();
            }
        }
    }

    /// Takes back a call that was let through and not made.
    pub(super) fn give_back(&mut self) {
        self.buckets.iter_mut().for_each(Bucket::give_back);
    }

    /// Lets nothing through until then, as the platform said.
    pub(super) fn drain(&mut self, until: Instant, now: Instant) {
        for bucket in &mut self.buckets {
            bucket.drain(until, now);
        }
    }

    /// Until when the platform takes no calls.
    pub(super) fn blocked_until(&self) -> Option<Instant> {
        self.buckets.iter().filter_map(Bucket::blocked_until).max()
    }

    fn ready_at(&mut self, now: Instant) -> Instant {
        self.buckets.iter_mut().map(|bucket| bucket.ready_at(now)).max().unwrap_or(now)
    }

    fn take(&mut self, target: Option<&Target>, targets: &mut Targets, now: Instant) {
        self.buckets.iter_mut().for_each(Bucket::take);
        targets.take(target, now);
    }
}
