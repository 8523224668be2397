//! The admission queue as a pure data structure: limits and round robin over types, without clocks, tasks and locks.

use std::collections::VecDeque;

use super::RouteLimit;
use crate::Limits;

/// The share of the queue (one half) for deliveries that [keep](RouteLimit::keeps) their place. The other half is reserved
/// for deliveries that a user waits for.
const KEPT_SHARE: usize = 2;

/// A delivery waiting for a running slot.
pub(super) trait Waiter {
    /// Whether it has stopped waiting.
    fn is_gone(&self) -> bool;
}

/// The running slots, and the queue of each handler.
#[derive(Debug)]
pub(super) struct Queue<W> {
    limits: Limits,
    /// Accepted deliveries that hold a running slot.
    running: usize,
    /// Accepted deliveries that wait in a queue.
    queued: usize,
    /// Accepted deliveries that wait for their turn in an ordered handler.
    later: usize,
    /// Payload bytes of all accepted deliveries.
    held_bytes: usize,
    routes: Vec<Lane<W>>,
    /// The route that gets the next free slot.
    next: usize,
}

/// The load of one handler.
#[derive(Debug)]
struct Lane<W> {
    running: usize,
    limit: usize,
    keeps: bool,
    waiting: VecDeque<W>,
}

/// A snapshot of the load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoadValues {
    pub(crate) running: usize,
    pub(crate) queued: usize,
    pub(crate) held_bytes: usize,
}

/// A place for one delivery.
#[derive(Debug)]
pub(super) struct Room<W> {
    /// The waiting delivery that was evicted for it.
    pub(super) displaced: Option<W>,
}

impl<W: Waiter> Queue<W> {
    pub(super) fn new(limits: Limits, routes: impl Iterator<Item = RouteLimit>) -> Self {
        let lane = |route: RouteLimit| Lane {
            running: 0,
            limit: route.running.unwrap_or(usize::MAX),
            keeps: route.keeps,
            waiting: VecDeque::new(),
        };
        let routes = routes.map(lane).collect();
        Self { limits, running: 0, queued: 0, later: 0, held_bytes: 0, routes, next: 0 }
    }

    /// Reserves a place for a delivery, which must [line up](Self::line_up) at once. `None` if there is no room.
    pub(super) fn admit(&mut self, route: usize, bytes: usize) -> Option<Room<W>> {
        if !self.has_room_for(bytes) {
            return None;
        }
        let mut displaced = None;
        if !self.can_run(route) {
            if self.keeps_too_much(route) {
                return None;
            }
            if self.queued >= self.limits.queued {
                self.tidy();
            }
            if self.queued >= self.limits.queued {
                displaced = Some(self.displace_for(route)?);
            }
        }
        self.held_bytes += bytes;
        Some(Room { displaced })
    }

    /// Reserves a place for a delivery that lines up when its turn in an ordered handler comes. False if there is no room.
    pub(super) fn admit_later(&mut self, bytes: usize) -> bool {
        let room = self.later < self.limits.queued && self.has_room_for(bytes);
        if room {
            self.held_bytes += bytes;
            self.later += 1;
        }
        room
    }

    /// Starts an admitted delivery, or queues the waiter made by `wait`. True if it runs.
    pub(super) fn line_up(&mut self, route: usize, wait: impl FnOnce() -> W) -> bool {
        let runs = self.can_run(route);
        if runs {
            self.start(route);
        } else if let Some(lane) = self.routes.get_mut(route) {
            lane.waiting.push_back(wait());
            self.queued += 1;
        }
        runs
    }

    /// Takes the next waiter that can run, in round robin over the routes, and assigns it a slot.
    pub(super) fn start_next(&mut self) -> Option<(usize, W)> {
        if self.queued == 0 || self.running >= self.limits.running {
            return None;
        }
        let routes = self.routes.len();
        for step in 0..routes {
            let route = (self.next + step) % routes;
            let Some(lane) = self.routes.get_mut(route).filter(|lane| lane.running < lane.limit) else {
                continue;
            };
            if let Some(waiter) = lane.waiting.pop_front() {
                self.queued -= 1;
                self.next = (route + 1) % routes;
                self.start(route);
                return Some((route, waiter));
            }
        }
        None
    }

    /// Frees a running slot.
    pub(super) fn end(&mut self, route: usize) {
        self.running = self.running.saturating_sub(1);
        if let Some(lane) = self.routes.get_mut(route) {
            lane.running = lane.running.saturating_sub(1);
        }
    }

    /// Removes a delivery that waited for its turn.
    pub(super) fn leave_later(&mut self) {
        self.later = self.later.saturating_sub(1);
    }

    /// Frees the payload bytes of a delivery.
    pub(super) fn release(&mut self, bytes: usize) {
        self.held_bytes = self.held_bytes.saturating_sub(bytes);
    }

    pub(super) fn read(&self) -> LoadValues {
        LoadValues { running: self.running, queued: self.queued + self.later, held_bytes: self.held_bytes }
    }

    fn has_room_for(&self, bytes: usize) -> bool {
        self.held_bytes.saturating_add(bytes) <= self.limits.held_bytes
    }

    fn can_run(&self, route: usize) -> bool {
        let Some(lane) = self.routes.get(route) else { return false };
        self.running < self.limits.running && lane.running < lane.limit && lane.waiting.is_empty()
    }

    fn keeps_too_much(&self, route: usize) -> bool {
        let most = self.limits.queued / KEPT_SHARE;
        self.routes.get(route).is_some_and(|lane| lane.keeps && lane.waiting.len() >= most)
    }

    fn start(&mut self, route: usize) {
        self.running += 1;
        if let Some(lane) = self.routes.get_mut(route) {
            lane.running += 1;
        }
    }

    /// Removes cancelled waiters. Needed only if the queue is full; otherwise they are skipped when their turn comes.
    fn tidy(&mut self) {
        for lane in &mut self.routes {
            let before = lane.waiting.len();
            lane.waiting.retain(|waiter| !waiter.is_gone());
            self.queued -= before - lane.waiting.len();
        }
    }

    /// Evicts the newest waiter of the longest queue, if that is longer than the queue of `route` would become, so that no
    /// type can fill the queue alone.
    fn displace_for(&mut self, route: usize) -> Option<W> {
        let own = self.routes.get(route)?.waiting.len();
        let displaceable = self.routes.iter_mut().filter(|lane| !lane.keeps);
        let longest = displaceable.max_by_key(|lane| lane.waiting.len())?;
        if longest.waiting.len() <= own + 1 {
            return None;
        }
        self.queued -= 1;
        longest.waiting.pop_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A waiter by its number; those from 100 on have stopped waiting.
    #[derive(Debug, PartialEq, Eq)]
    struct Number(usize);

    impl Waiter for Number {
        fn is_gone(&self) -> bool {
            self.0 >= 100
        }
    }

    /// Lets deliveries of the given routes arrive, and says what became of each: `runs`, `waits`, `full`, or the number of
    /// the one whose place it took.
    fn arrive(queue: &mut Queue<Number>, routes: &[usize]) -> Vec<String> {
        let arrive = |(number, route): (usize, &usize)| {
            let Some(room) = queue.admit(*route, 1) else { return "full".to_owned() };
            let runs = queue.line_up(*route, || Number(number));
            match room.displaced {
                Some(Number(displaced)) => displaced.to_string(),
                None => if runs { "runs" } else { "waits" }.to_owned(),
            }
        };
        routes.iter().enumerate().map(arrive).collect()
    }

    fn queue(running: usize, queued: usize, routes: [RouteLimit; 2]) -> Queue<Number> {
        let limits = Limits { running, queued, held_bytes: 100, ..Limits::default() };
        Queue::new(limits, routes.into_iter())
    }

    const FREE: RouteLimit = RouteLimit { running: None, keeps: false };
    const ONE: RouteLimit = RouteLimit { running: Some(1), keeps: false };
    const KEEPS: RouteLimit = RouteLimit { running: None, keeps: true };

    #[test]
    fn admit_and_line_up_run_queue_or_refuse_each_arrival() {
        for (why, (running, queued), routes, arrivals, expected) in [
            (
                "past both limits",
                (2, 1),
                [FREE, FREE],
                &[0, 0, 0, 0][..],
                &["runs", "runs", "waits", "full"][..],
            ),
            ("no queue at all", (1, 0), [FREE, FREE], &[0, 1], &["runs", "full"]),
            ("a handler's own limit", (9, 9), [ONE, FREE], &[0, 0, 1], &["runs", "waits", "runs"]),
            (
                "the newest of the longest queue is evicted",
                (1, 3),
                [FREE, FREE],
                &[0, 0, 0, 0, 1],
                &["runs", "waits", "waits", "waits", "3"],
            ),
            (
                "queues of equal length do not displace each other",
                (1, 2),
                [FREE, FREE],
                &[0, 0, 1, 1],
                &["runs", "waits", "waits", "full"],
            ),
            (
                "those that keep their place get half of the queue",
                (1, 4),
                [KEEPS, FREE],
                &[0, 0, 0, 0, 1, 1, 1],
                &["runs", "waits", "waits", "full", "waits", "waits", "full"],
            ),
        ] {
            let mut queue = queue(running, queued, routes);
            assert_eq!(arrive(&mut queue, arrivals), expected, "{why}");
        }
    }

    #[test]
    fn start_next_lets_the_routes_take_turns() {
        let mut queue = queue(1, 9, [FREE, FREE]);
        arrive(&mut queue, &[0, 0, 0, 1]);
        let mut order = Vec::new();
        queue.end(0);
        while let Some((route, Number(number))) = queue.start_next() {
            order.push(number);
            queue.end(route);
        }
        assert_eq!(order, [1, 3, 2]);
        assert_eq!(queue.read(), LoadValues { running: 0, queued: 0, held_bytes: 4 });
    }

    #[test]
    fn admit_displaces_no_waiter_when_the_bytes_do_not_fit() {
        let mut queue = queue(1, 2, [FREE, FREE]);
        arrive(&mut queue, &[0, 0, 0]);
        assert!(queue.admit(1, 1000).is_none());
        assert_eq!(queue.read().queued, 2);
        assert!(queue.admit(1, 97).unwrap().displaced.is_some());
        assert!(queue.admit(1, 1).is_none(), "100 bytes are held");
    }

    #[test]
    fn admit_drops_abandoned_waiters_before_it_refuses() {
        let mut queue = queue(1, 1, [FREE, FREE]);
        arrive(&mut queue, &[0]);
        queue.admit(0, 1).unwrap();
        queue.line_up(0, || Number(100));
        assert!(queue.admit(0, 1).unwrap().displaced.is_none());
    }

    #[test]
    fn admit_later_has_as_many_places_as_the_queue() {
        let mut queue = queue(1, 2, [KEEPS, FREE]);
        assert!(queue.admit_later(1) && queue.admit_later(1) && !queue.admit_later(1));
        queue.leave_later();
        assert!(queue.admit_later(1));
    }
}
