//! Admission control: which deliveries run, wait or are refused, by the limits of the client and each handler, fairly
//! between types.

mod permit;
mod queue;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

pub(crate) use permit::{Pass, Permit};
pub(crate) use queue::LoadValues;

use crate::Limits;
use permit::{Grant, Stage};
use queue::{Queue, Waiter};

/// The running slots of handlers, and the queues of deliveries waiting for one.
#[derive(Debug)]
pub(crate) struct Admission(Mutex<Waiting>);

type Waiting = Queue<oneshot::Sender<Grant>>;

/// The limits of one handler.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RouteLimit {
    /// Maximum concurrent calls.
    pub(crate) running: Option<usize>,
    /// Whether a waiting delivery may already be acknowledged, so that it must keep its place in the queue.
    pub(crate) keeps: bool,
}

impl Waiter for oneshot::Sender<Grant> {
    fn is_gone(&self) -> bool {
        self.is_closed()
    }
}

impl Admission {
    pub(crate) fn new(limits: Limits, routes: impl Iterator<Item = RouteLimit>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Queue::new(limits, routes))))
    }

    /// Accepts a delivery into a running slot or the queue; `None` if both are full.
    pub(crate) fn enter(self: &Arc<Self>, route: usize, bytes: usize) -> Option<Pass> {
        let mut queue = self.queue();
        let room = queue.admit(route, bytes)?;
        let permit = self.permit(route, bytes, Stage::Queued);
        let pass = Self::line_up(&mut queue, permit);
        drop(queue);
        // Its task is woken only now, after the lock is released.
        drop(room.displaced);
        Some(pass)
    }

    /// Accepts a delivery that requests a running slot later, when its turn in an ordered handler comes.
    pub(crate) fn enter_later(self: &Arc<Self>, route: usize, bytes: usize) -> Option<Permit> {
        self.queue().admit_later(bytes).then(|| self.permit(route, bytes, Stage::Later))
    }

    pub(crate) fn read(&self) -> LoadValues {
        self.queue().read()
    }

    fn permit(self: &Arc<Self>, route: usize, bytes: usize, stage: Stage) -> Permit {
        Permit { admission: Arc::clone(self), route, bytes, stage }
    }

    fn line_up(queue: &mut Waiting, mut permit: Permit) -> Pass {
        let mut wait = None;
        let runs = queue.line_up(permit.route, || {
            let (sender, receiver) = oneshot::channel();
            wait = Some(receiver);
            sender
        });
        if runs {
            permit.stage = Stage::Running;
        }
        Pass { permit, wait }
    }

    /// Assigns free slots to waiting deliveries.
    fn pass_on(self: &Arc<Self>, mut queue: MutexGuard<'_, Waiting>) {
        let mut grants = Vec::new();
        while let Some((route, waiter)) = queue.start_next() {
            grants.push((waiter, Grant { admission: Arc::clone(self), route, taken: false }));
        }
        drop(queue);
        for (waiter, grant) in grants {
            // A delivery that no longer waits drops the grant, which passes the slot on.
            drop(waiter.send(grant));
        }
    }

    fn queue(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    async fn enter_refuses_past_running_and_queued() {
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
    fn enter_refuses_one_byte_past_held_bytes() {
        let admission = admission(10, 10, &[None]);
        let _first = admission.enter(0, 600).unwrap();
        assert!(admission.enter(0, 401).is_none());
        assert!(admission.enter(0, 400).is_some());
    }

    #[tokio::test]
    async fn enter_at_the_limit_of_one_route_leaves_others_free() {
        let admission = admission(10, 10, &[Some(1), None]);
        let slow = admission.enter(0, 1).unwrap();
        let waiting = admission.enter(0, 1).unwrap();
        assert!(!waiting.is_running());
        assert!(admission.enter(1, 1).unwrap().is_running());
        drop(slow);
        assert!(waiting.granted().await.is_some());
    }

    #[tokio::test]
    async fn enter_displaces_the_newest_of_a_flood_for_another_type() {
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
    fn enter_never_displaces_a_route_that_keeps_its_place() {
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
    async fn enter_reuses_the_place_of_an_abandoned_waiter() {
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
