//! Routes each answer to the connection its message arrived on, or to another one while the answer is still useful.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::outbox::{Outbox, Outgoing};
use crate::counters::Counters;
use crate::lifecycle::{LifecycleEvent, Observer};
use crate::session::encode_answer;
use crate::{Answer, Confirm, Received, ReplyPath, Timeouts};

/// The open connections of a client, and the answers that wait for one.
pub(super) struct Router {
    inner: Mutex<Inner>,
    /// Unanswered deliveries.
    pending: AtomicU64,
    /// Notified when no answer is due any more.
    idle: Notify,
    /// Whether that is waited for, which is not so until the client stops.
    is_awaited: AtomicBool,
    timeouts: Timeouts,
    counters: Arc<Counters>,
    observer: Arc<Observer>,
}

#[derive(Default)]
struct Inner {
    open: Vec<Arc<Outbox>>,
    /// Answers whose connection is gone, oldest first. Bounded by the pending deliveries.
    parked: VecDeque<Outgoing>,
    /// Whether the client has stopped connecting for good.
    shut: bool,
}

impl Router {
    pub(super) fn new(timeouts: Timeouts, counters: Arc<Counters>, observer: Arc<Observer>) -> Self {
        Self {
            inner: Mutex::default(),
            pending: AtomicU64::new(0),
            idle: Notify::new(),
            is_awaited: AtomicBool::new(false),
            timeouts,
            counters,
            observer,
        }
    }

    /// Adds an open connection, and sends it the waiting answers.
    pub(super) fn opened(&self, outbox: &Arc<Outbox>) {
        let mut inner = self.lock();
        inner.open.push(Arc::clone(outbox));
        let parked = std::mem::take(&mut inner.parked);
        drop(inner);
        for outgoing in parked {
            self.route(outgoing);
        }
        self.idle.notify_waiters();
    }

    /// Whether any connection takes answers.
    pub(super) fn has_open(&self) -> bool {
        !self.lock().open.is_empty()
    }

    /// Removes a connection and routes the answers it could not write, `unsent`, to others.
    pub(super) fn closed(&self, outbox: &Arc<Outbox>, unsent: Vec<Outgoing>) {
        self.lock().open.retain(|open| !Arc::ptr_eq(open, outbox));
        for outgoing in unsent.into_iter().chain(outbox.close()) {
            self.route(outgoing);
        }
    }

    /// Drops expired answers.
    pub(super) fn expire(&self, now: Instant) {
        let over = self.take_over(&mut self.lock().parked, now);
        for outgoing in &over {
            self.lost(outgoing);
        }
        if !over.is_empty() {
            self.idle.notify_waiters();
        }
    }

    /// Drops expired answers of those that wait for a connection whose writes take long: they would only make later ones
    /// late as well.
    pub(super) fn expire_waiting(&self, waiting: &mut VecDeque<Outgoing>, now: Instant) {
        for outgoing in &self.take_over(waiting, now) {
            self.lost(outgoing);
        }
    }

    /// Takes what is expired out of `answers`.
    fn take_over(&self, answers: &mut VecDeque<Outgoing>, now: Instant) -> Vec<Outgoing> {
        let all = std::mem::take(answers);
        let (over, kept): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|outgoing| self.is_over(outgoing, now));
        *answers = kept.into();
        over
    }

    /// Pings all peers and requires an answer.
    pub(super) fn probe_all(&self) {
        self.lock().open.iter().for_each(|outbox| outbox.probe());
    }

    /// Closes all connections, including replaced ones that still send their last answers.
    pub(super) fn retire_all(&self, patience: Duration) {
        self.lock().open.iter().for_each(|outbox| outbox.retire(patience));
    }

    pub(super) fn delivered(&self) {
        self.counters.delivered.one();
        self.pending.fetch_add(1, SeqCst);
    }

    fn answered(&self) {
        if self.pending.fetch_sub(1, SeqCst) == 1 && self.is_awaited.load(SeqCst) {
            self.idle.notify_waiters();
        }
    }

    /// A message is answered without being handed over, as it is too large.
    pub(super) fn refused(&self) {
        self.counters.refused_too_large.one();
        self.pending.fetch_add(1, SeqCst);
    }

    /// Whether answers wait for a connection, and there is none.
    pub(super) fn has_parked(&self) -> bool {
        !self.lock().parked.is_empty()
    }

    /// Resolves once every delivery has been answered, and no answer waits for a connection.
    pub(super) async fn nothing_owed(&self) {
        self.is_awaited.store(true, SeqCst);
        loop {
            let idle = self.idle.notified();
            if self.pending.load(SeqCst) == 0 && !self.has_parked() {
                return;
            }
            idle.await;
        }
    }

    /// Marks that no connection will open any more: waiting and later answers are dropped.
    pub(super) fn shut(&self) {
        let mut inner = self.lock();
        inner.shut = true;
        let parked = std::mem::take(&mut inner.parked);
        drop(inner);
        for outgoing in &parked {
            self.lost(outgoing);
        }
    }

    /// Sends the answer on any open connection, or keeps it for the next one while it is still useful.
    fn route(&self, mut outgoing: Outgoing) {
        if self.is_over(&outgoing, Instant::now()) {
            return self.lost(&outgoing);
        }
        let mut inner = self.lock();
        for outbox in inner.open.iter().rev() {
            match outbox.push(outgoing) {
                Ok(()) => return,
                Err(refused) => outgoing = refused,
            }
        }
        if inner.shut {
            drop(inner);
            return self.lost(&outgoing);
        }
        inner.parked.push_back(outgoing);
    }

    /// Whether the answer is too old to be sent on another connection than its message's.
    fn is_over(&self, outgoing: &Outgoing, now: Instant) -> bool {
        outgoing.arrival + self.timeouts.answer <= now
    }

    fn lost(&self, outgoing: &Outgoing) {
        self.counters.answers_lost.one();
        let message_id = outgoing.message_id();
        tracing::warn!(
            message_id,
            "answer lost: no connection in time; a user sees an error, an event is sent again"
        );
        self.observer.tell(&self.counters, || LifecycleEvent::AnswerLost { message_id });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer path of the deliveries of one connection.
pub(super) struct ConnectionPath {
    pub(super) outbox: Arc<Outbox>,
    pub(super) router: Arc<Router>,
}

impl ReplyPath for ConnectionPath {
    fn send(&self, received: &Arc<Received>, answer: &Answer, confirm: Option<Confirm>) {
        let took = received.received_at().elapsed();
        let biz_rt = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        // Only deliveries that came in frames have this path.
        let Some(frame) = received.frame() else { return };
        let outgoing = Outgoing {
            wire: encode_answer(frame, answer, biz_rt).into(),
            arrival: received.received_at(),
            confirm,
        };
        self.outbox.answered(received.payload().len());
        if let Err(outgoing) = self.outbox.push(outgoing) {
            self.router.route(outgoing);
            self.outbox.nudge();
        }
        self.router.answered();
    }
}
