//! Who may run now, who waits, and who is turned away: limits for the client and each handler, fair between types.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::Limits;

/// Places for running handlers, and queues for those that wait for one.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Accepted deliveries that hold a running place.
    running: usize,
    /// Accepted deliveries that wait in a queue.
    queued: usize,
    /// Accepted deliveries that wait for their turn in an ordered handler.
    later: usize,
    /// Of all of these.
    held_bytes: usize,
    routes: Vec<Load>,
    /// The route whose turn it is to get a free place.
    next: usize,
}

/// The load of one handler.
#[derive(Debug, Default)]
struct Load {
    running: usize,
    limit: usize,
    /// Whoever waits here may have been acknowledged already: nobody is displaced, and half of the queue is the most.
    keeps: bool,
    queue: VecDeque<oneshot::Sender<Grant>>,
}

/// What one handler may take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RouteLimit {
    /// Calls at one time.
    pub(crate) running: Option<usize>,
    /// Whether deliveries may be acknowledged before they run.
    pub(crate) keeps: bool,
}

/// A reading of the load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoadValues {
    pub(crate) running: usize,
    pub(crate) queued: usize,
    pub(crate) held_bytes: usize,
}

/// An accepted delivery; dropping it makes room.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    route: usize,
    bytes: usize,
    stage: Stage,
}

/// Where an accepted delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It waits for its turn in an ordered handler.
    Later,
    Queued,
    Running,
}

/// A running place on its way to somebody who waits for it; dropping it gives it to the next.
#[derive(Debug)]
struct Grant {
    admission: Arc<Admission>,
    route: usize,
    taken: bool,
}

/// A permit to run, at once or after a wait.
#[derive(Debug)]
pub(crate) struct Pass {
    permit: Permit,
    wait: Option<oneshot::Receiver<Grant>>,
}

impl Admission {
    pub(crate) fn new(limits: Limits, routes: impl Iterator<Item = RouteLimit>) -> Arc<Self> {
        let routes = routes
            .map(|route| Load {
                limit: route.running.unwrap_or(usize::MAX),
                keeps: route.keeps,
                ..Load::default()
            })
            .collect();
        Arc::new(Self { limits, state: Mutex::new(State { routes, ..State::default() }) })
    }

    /// Accepts a delivery and gives it a running place, or a place in the queue. `None` when there is no room.
    pub(crate) fn enter(self: &Arc<Self>, route: usize, bytes: usize) -> Option<Pass> {
        let mut state = self.state();
        let mut displaced = None;
        let can_run = state.can_run(route, &self.limits);
        if !can_run && state.keeps_too_much(route, &self.limits) {
            return None;
        }
        if !can_run && state.queued >= self.limits.queued {
            state.tidy();
            if state.queued >= self.limits.queued {
                displaced = Some(state.displace_for(route)?);
            }
        }
        let permit = self.accept(&mut state, route, bytes, Stage::Queued)?;
        let pass = self.line_up(&mut state, permit);
        drop(state);
        drop(displaced);
        Some(pass)
    }

    /// Accepts a delivery that will ask for a running place later, when its turn has come.
    pub(crate) fn enter_later(self: &Arc<Self>, route: usize, bytes: usize) -> Option<Permit> {
        let mut state = self.state();
        if state.later >= self.limits.queued {
            return None;
        }
        let permit = self.accept(&mut state, route, bytes, Stage::Later)?;
        state.later += 1;
        Some(permit)
    }

    pub(crate) fn read(&self) -> LoadValues {
        let state = self.state();
        LoadValues {
            running: state.running,
            queued: state.queued + state.later,
            held_bytes: state.held_bytes,
        }
    }

    fn accept(self: &Arc<Self>, state: &mut State, route: usize, bytes: usize, at: Stage) -> Option<Permit> {
        if state.held_bytes.saturating_add(bytes) > self.limits.held_bytes {
            return None;
        }
        state.held_bytes += bytes;
        Some(Permit { admission: Arc::clone(self), route, bytes, stage: at })
    }

    fn line_up(&self, state: &mut State, mut permit: Permit) -> Pass {
        if state.can_run(permit.route, &self.limits) {
            state.start(permit.route);
            permit.stage = Stage::Running;
            return Pass { permit, wait: None };
        }
        let (sender, receiver) = oneshot::channel();
        if let Some(load) = state.routes.get_mut(permit.route) {
            load.queue.push_back(sender);
            state.queued += 1;
        }
        Pass { permit, wait: Some(receiver) }
    }

    /// Gives free places to those that wait, the routes taking turns.
    fn pass_on(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let mut grants = Vec::new();
        while let Some((route, waiter)) = state.next_waiter(&self.limits) {
            state.start(route);
            grants.push((waiter, Grant { admission: Arc::clone(self), route, taken: false }));
        }
        drop(state);
        for (waiter, grant) in grants {
            // Whoever no longer waits drops the grant, which passes it on again.
            drop(waiter.send(grant));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn can_run(&self, route: usize, limits: &Limits) -> bool {
        let Some(load) = self.routes.get(route) else { return false };
        self.running < limits.running && load.running < load.limit && load.queue.is_empty()
    }

    fn keeps_too_much(&self, route: usize, limits: &Limits) -> bool {
        self.routes.get(route).is_some_and(|load| load.keeps && load.queue.len() >= limits.queued / 2)
    }

    fn start(&mut self, route: usize) {
        self.running += 1;
        if let Some(load) = self.routes.get_mut(route) {
            load.running += 1;
        }
    }

    fn end(&mut self, route: usize) {
        self.running = self.running.saturating_sub(1);
        if let Some(load) = self.routes.get_mut(route) {
            load.running = load.running.saturating_sub(1);
        }
    }

    fn next_waiter(&mut self, limits: &Limits) -> Option<(usize, oneshot::Sender<Grant>)> {
        if self.queued == 0 || self.running >= limits.running {
            return None;
        }
        let routes = self.routes.len();
        for step in 0..routes {
            let route = (self.next + step) % routes;
            let Some(load) = self.routes.get_mut(route).filter(|load| load.running < load.limit) else {
                continue;
            };
            if let Some(waiter) = load.queue.pop_front() {
                self.queued -= 1;
                self.next = (route + 1) % routes;
                return Some((route, waiter));
            }
        }
        None
    }

    /// Forgets those that no longer wait. Needed only where the queue is full: the others are found when their turn comes.
    fn tidy(&mut self) {
        for load in &mut self.routes {
            let before = load.queue.len();
            load.queue.retain(|waiter| !waiter.is_closed());
            self.queued -= before - load.queue.len();
        }
    }

    /// Takes the newest one of the longest queue out, if that queue is longer than the one of `route` would become: no
    /// type can fill the queue alone.
    fn displace_for(&mut self, route: usize) -> Option<oneshot::Sender<Grant>> {
        let own = self.routes.get(route)?.queue.len();
        let displaceable = self.routes.iter_mut().filter(|load| !load.keeps);
        let longest = displaceable.max_by_key(|load| load.queue.len())?;
        if longest.queue.len() <= own + 1 {
            return None;
        }
        self.queued -= 1;
        longest.queue.pop_back()
    }
}

impl Permit {
    /// Asks for a running place. Whoever was accepted is not turned away for a full queue.
    pub(crate) fn ready(mut self) -> Pass {
        let admission = Arc::clone(&self.admission);
        let mut state = admission.state();
        state.later = state.later.saturating_sub(1);
        self.stage = Stage::Queued;
        admission.line_up(&mut state, self)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        state.held_bytes = state.held_bytes.saturating_sub(self.bytes);
        match self.stage {
            Stage::Later => state.later = state.later.saturating_sub(1),
            Stage::Queued => {}
            Stage::Running => {
                state.end(self.route);
                if state.queued > 0 {
                    self.admission.pass_on(state);
                }
            }
        }
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if !self.taken {
            let mut state = self.admission.state();
            state.end(self.route);
            self.admission.pass_on(state);
        }
    }
}

impl Pass {
    /// Whether the running place is there already.
    pub(crate) fn is_running(&self) -> bool {
        self.wait.is_none()
    }

    /// Waits for the running place. `None` when another type's delivery took the place in the queue.
    pub(crate) async fn granted(self) -> Option<Permit> {
        let Self { mut permit, wait } = self;
        if let Some(wait) = wait {
            let mut grant = wait.await.ok()?;
            grant.taken = true;
            permit.stage = Stage::Running;
        }
        Some(permit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(running: usize, queued: usize, routes: &[Option<usize>]) -> Arc<Admission> {
        let limits = Limits { running, queued, held_bytes: 1000, ..Limits::default() };
        let routes = routes.iter().map(|running| RouteLimit { running: *running, keeps: false });
        Admission::new(limits, routes)
    }

    #[tokio::test]
    async fn what_is_past_the_limits_is_turned_away() {
        let admission = admission(2, 1, &[None]);
        let first = admission.enter(0, 10).unwrap();
        let second = admission.enter(0, 10).unwrap();
        let third = admission.enter(0, 10).unwrap();
        assert!(first.is_running() && second.is_running() && !third.is_running());
        assert!(admission.enter(0, 10).is_none());
        assert_eq!(admission.read(), LoadValues { running: 2, queued: 1, held_bytes: 30 });
        drop(first);
        let third = third.granted().await.unwrap();
        assert_eq!(admission.read(), LoadValues { running: 2, queued: 0, held_bytes: 20 });
        drop((second, third));
        assert_eq!(admission.read(), LoadValues::default());
    }

    #[test]
    fn bytes_are_bounded_to_the_byte() {
        let admission = admission(10, 10, &[None]);
        let _first = admission.enter(0, 600).unwrap();
        assert!(admission.enter(0, 401).is_none());
        assert!(admission.enter(0, 400).is_some());
    }

    #[tokio::test]
    async fn a_handler_at_its_own_limit_leaves_the_others_alone() {
        let admission = admission(10, 10, &[Some(1), None]);
        let slow = admission.enter(0, 1).unwrap();
        let waiting = admission.enter(0, 1).unwrap();
        assert!(!waiting.is_running());
        assert!(admission.enter(1, 1).unwrap().is_running());
        drop(slow);
        assert!(waiting.granted().await.is_some());
    }

    #[tokio::test]
    async fn a_flood_of_one_type_gives_way_to_another() {
        let admission = admission(1, 4, &[None, None]);
        let running = admission.enter(0, 1).unwrap();
        let mut flood: Vec<_> = (0..4).map(|_| admission.enter(0, 1).unwrap()).collect();
        assert!(admission.enter(0, 1).is_none(), "its own queue is the longest");
        let rare = admission.enter(1, 1).unwrap();
        let newest = flood.pop().unwrap();
        assert!(newest.granted().await.is_none(), "the newest of the flood was displaced");
        drop(running);
        let first = flood.remove(0).granted().await.unwrap();
        drop(first);
        assert!(rare.granted().await.is_some(), "the types take turns");
    }

    #[test]
    fn what_may_be_acknowledged_already_is_not_displaced() {
        let limits = Limits { running: 1, queued: 4, ..Limits::default() };
        let routes = [RouteLimit { running: None, keeps: true }, RouteLimit::default()];
        let admission = Admission::new(limits, routes.into_iter());
        let running = admission.enter(0, 1).unwrap();
        let kept = [admission.enter(0, 1).unwrap(), admission.enter(0, 1).unwrap()];
        assert!(admission.enter(0, 1).is_none(), "half of the queue is the most");
        let others = [admission.enter(1, 1).unwrap(), admission.enter(1, 1).unwrap()];
        assert!(admission.enter(1, 1).is_none());
        assert_eq!(admission.read().queued, kept.len() + others.len());
        drop(running);
    }

    #[tokio::test]
    async fn one_that_no_longer_waits_costs_no_place() {
        let admission = admission(1, 1, &[None]);
        let running = admission.enter(0, 1).unwrap();
        let gone = admission.enter(0, 1).unwrap();
        drop(gone);
        let waiting = admission.enter(0, 1).unwrap();
        drop(running);
        let permit = waiting.granted().await.unwrap();
        assert_eq!(admission.read().running, 1);
        drop(permit);
        assert_eq!(admission.read(), LoadValues::default());
    }
}
