//! Runs one call: the handler against its deadline.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use feishu_callbacks::{AppId, EventId};
use feishu_transport::{Answer, Takeover};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::Instrument;

use super::order::Turn;
use super::settle::Ended;
use super::shared_claim::{SharedClaim, SharedEnd};
use crate::Failure;
use crate::admission::{Pass, Permit};
use crate::call::{Call, Prepared, Running};
use crate::dedup::{Claim, Claimed, Kind, StoreRules};
use crate::meter;
use crate::panics::{Panic, poll_caught};
use crate::stall::Polled;
use crate::stats::{Incident, Outcome};

/// Why an event of the inbox must wait whose `once_per` key is being handled.
const SAME_KEY: Failure = Failure::Busy("another delivery with the same key of `once_per` is being handled");

/// From where a call runs.
pub(crate) enum Start {
    Unordered(Pass),
    Ordered {
        turn: Turn,
        permit: Permit,
        prepared: Prepared,
    },
    /// It has its slot and was decoded.
    Prepared(Slot, Prepared),
    /// Its handler was polled and waits.
    Waiting(Slot, Running),
}

/// A running slot, counted in the gauge of running handlers.
pub(crate) struct Slot {
    _permit: Permit,
    _running: meter::Running,
}

impl Call {
    /// Runs the call on the task of its connection until its handler waits, then in a task of its own. The usual call is
    /// done at once, and needs no other future than its handler's.
    pub(crate) fn run_here(self: &Arc<Self>, pass: Pass, claim: Option<Claim>, takeover: &Takeover) {
        let is_shared = self.rules().dedup.store.is_some() && !self.is_callback();
        if is_shared || !pass.is_running() {
            return self.run_later(Start::Unordered(pass), claim);
        }
        if self.core.is_killed() {
            return self.abandon();
        }
        self.acknowledge_first(claim.as_ref());
        let slot = self.running_slot(pass.into_permit());
        let mut begun = None;
        let (polled, took) = self.span().in_scope(|| {
            let first = pin!(poll_fn(|cx| self.first_poll(&mut begun, cx)));
            // What waits is polled again at once by its own task, so it needs no waker before.
            self.poll_handler(first, &mut TaskContext::from_waker(Waker::noop()), Some(takeover))
        });
        self.core.note_first_poll(self.route, took);
        match (polled, begun) {
            (Poll::Pending, Some(Begun::Waits(handler))) => {
                self.run_later(Start::Waiting(slot, handler), claim);
            }
            (Poll::Pending, Some(Begun::Once(prepared))) => {
                self.run_later(Start::Prepared(slot, prepared), claim);
            }
            (Poll::Pending, None) => self.abandon(),
            (Poll::Ready(ended), _) => {
                drop(slot);
                self.settle(ended, claim);
            }
        }
    }

    /// Runs the call in a task of its own.
    pub(crate) fn run_later(self: &Arc<Self>, start: Start, claim: Option<Claim>) {
        self.core.spawn_call(Arc::clone(self).run(start, claim));
    }

    /// Decodes the delivery and polls the handler.
    fn first_poll(self: &Arc<Self>, begun: &mut Option<Begun>, cx: &mut TaskContext<'_>) -> Poll<Ended> {
        let prepared = match self.handler.prepare(self) {
            Ok(prepared) => prepared,
            Err(error) => return Poll::Ready(Ended::Failed(Failure::Undecodable(error))),
        };
        if prepared.once.is_some() {
            *begun = Some(Begun::Once(prepared));
            return Poll::Pending;
        }
        let mut handler = prepared.future;
        let polled = handler.as_mut().poll(cx);
        if polled.is_pending() {
            *begun = Some(Begun::Waits(handler));
        }
        polled.map(Ended::of)
    }

    fn running_slot(&self, permit: Permit) -> Slot {
        Slot { _permit: permit, _running: meter::Running::start(|| self.core.app_label(Some(&self.header))) }
    }

    fn acknowledge_first(self: &Arc<Self>, claim: Option<&Claim>) {
        if self.route().acknowledge_first && !self.is_answered() {
            let answer = Answer::empty();
            self.answer_early(&answer, Outcome::Answered);
            if let Some(claim) = claim {
                claim.interim(&answer);
            }
        }
    }

    /// Runs the handler to its end, and answers at the deadline if it is not done.
    pub(crate) async fn run(self: Arc<Self>, start: Start, claim: Option<Claim>) {
        // Also abandons the call if the runtime drops this task.
        let call = Unanswered(self);
        let call = &call.0;
        if call.core.is_killed() {
            return;
        }
        call.acknowledge_first(claim.as_ref());
        let queued = AtomicBool::new(false);
        let mut begins = !matches!(start, Start::Waiting(..));
        let mut work = pin!(call.work(start, &queued).instrument(call.span()));
        let mut waits = None;
        let ended = poll_fn(|cx| {
            let (polled, took) = call.poll_handler(work.as_mut(), cx, None);
            // A call that waits for a slot has not begun.
            if begins && !queued.load(Relaxed) {
                begins = false;
                call.core.note_first_poll(call.route, took);
            }
            if let Poll::Ready(ended) = polled {
                return Poll::Ready(ended);
            }
            // A timer is created only for a handler that is not done at its first poll.
            let waits = waits.get_or_insert_with(|| Waits::new(call));
            if waits.killed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ended::Killed);
            }
            if waits.deadline_passed(cx) {
                if let Some(ended) = call.late(claim.as_ref(), queued.load(Relaxed)) {
                    return Poll::Ready(ended);
                }
            }
            Poll::Pending
        })
        .await;
        call.settle(ended, claim);
    }

    /// The span of a handler's log lines. It contains no payload data except ids.
    pub(super) fn span(&self) -> tracing::Span {
        let connection = self.received.connection();
        tracing::info_span!(
            "callback",
            handler = %self.route().name,
            app_id = self.app_id_in_span(),
            event_type = %self.header.event_type,
            event_id = self.header.event_id.as_ref().map(EventId::as_str),
            message_id = self.received.message_id(),
            trace_id = self.received.trace_id(),
            connection = connection.map(|connection| connection.id.as_str()),
            generation = connection.map(|connection| connection.generation),
        )
    }

    /// The app id of the payload, if the client's own span has none.
    fn app_id_in_span(&self) -> Option<&str> {
        self.header.app_id.as_ref().filter(|_| self.core.app_id.is_none()).map(AppId::as_str)
    }

    /// Waits for the call's turn and slot, then for its handler.
    pub(super) async fn work(self: &Arc<Self>, start: Start, queued: &AtomicBool) -> Ended {
        let (pass, prepared, _turn) = match start {
            Start::Waiting(_slot, handler) => return Ended::of(handler.await),
            Start::Prepared(_slot, prepared) => return self.work_prepared(prepared).await,
            Start::Unordered(pass) => (pass, None, None),
            Start::Ordered { turn, permit, prepared } => {
                let turn = turn.mine().await;
                (permit.ready(), Some(prepared), Some(turn))
            }
        };
        queued.store(!pass.is_running(), Relaxed);
        let permit = pass.granted().await;
        queued.store(false, Relaxed);
        let Some(permit) = permit else {
            return Ended::Failed(Failure::Busy(
                "evicted from the full queue in favour of another type; see `Limits::queued`",
            ));
        };
        let _slot = self.running_slot(permit);
        match prepared.map_or_else(|| self.handler.prepare(self), Ok) {
            Ok(prepared) => self.work_prepared(prepared).await,
            Err(error) => Ended::Failed(Failure::Undecodable(error)),
        }
    }

    async fn work_prepared(&self, prepared: Prepared) -> Ended {
        match &prepared.once {
            // Boxed: few calls need it, and all would be larger for it.
            Some(_) => Box::pin(self.work_once(prepared)).await,
            None => self.work_claimed(prepared).await,
        }
    }

    /// Runs the handler, with a claim in the shared store if there is one.
    async fn work_claimed(&self, prepared: Prepared) -> Ended {
        match &self.rules().dedup.store {
            // An inbox has its own claims.
            Some(rules) if !self.is_callback() && !self.is_of_inbox() => {
                self.work_shared(rules, prepared).await
            }
            _ => Ended::of(prepared.future.await),
        }
    }

    /// Runs the handler unless its key was handled before, here or elsewhere.
    async fn work_once(&self, mut prepared: Prepared) -> Ended {
        let Some((key, answer)) = prepared.once.take() else { return self.work_claimed(prepared).await };
        let Some(memory) = &self.core.memory else { return self.work_claimed(prepared).await };
        let key = format!("once:{}:{key}", self.route().name);
        // For as long as an event, whatever it is.
        let claim = match memory.claim(Kind::Event, key.as_str()) {
            Claimed::New { claim, .. } => claim,
            // The first may fail still, and the event is tried again.
            Claimed::InFlight(_) | Claimed::Crowded if self.is_of_inbox() => return Ended::Failed(SAME_KEY),
            _ => return Ended::Duplicate(answer),
        };
        let ended = match &self.rules().dedup.store {
            None => self.work_claimed(prepared).await,
            Some(rules) => match SharedClaim::claim_key(self, rules, &key, false).await {
                SharedEnd::Unavailable => self.work_claimed(prepared).await,
                SharedEnd::Elsewhere(found) if self.is_of_inbox() && !found.is_ok() => {
                    return Ended::Failed(SAME_KEY);
                }
                SharedEnd::Elsewhere(_) => return Ended::Duplicate(answer),
                SharedEnd::Claimed(shared) => tokio::select! {
                    biased;
                    ended = self.work_claimed(prepared) => {
                        if let Ended::Answered(answer) = &ended {
                            shared.complete(answer);
                        }
                        ended
                    }
                    never = shared.keep() => match never {},
                },
            },
        };
        if let Ended::Answered(answer) = &ended {
            claim.complete(answer);
        }
        ended
    }

    /// Runs the handler with a claim in the shared store.
    async fn work_shared(&self, rules: &StoreRules, prepared: Prepared) -> Ended {
        let claim = match SharedClaim::claim(self, rules).await {
            SharedEnd::Claimed(claim) => claim,
            SharedEnd::Unavailable => {
                return Ended::of(prepared.future.await);
            }
            SharedEnd::Elsewhere(answer) => return Ended::Duplicate(answer),
        };
        tokio::select! {
            biased;
            ended = prepared.future => match ended {
                Ok(answer) => {
                    claim.complete(&answer);
                    Ended::Answered(answer)
                }
                Err(failure) => Ended::Failed(failure),
            },
            never = claim.keep() => match never {},
        }
    }

    /// Answers from elsewhere for a call whose deadline has passed, as its own task may be blocked.
    pub(crate) fn answer_if_late(self: &Arc<Self>) {
        if self.deadline <= Instant::now() && !self.is_answered() {
            self.late(None, false);
        }
    }

    /// Polls the handler, and logs a warning if that takes long. Also returns how long it took.
    pub(super) fn poll_handler<F>(
        self: &Arc<Self>,
        work: Pin<&mut F>,
        cx: &mut TaskContext<'_>,
        takeover: Option<&Takeover>,
    ) -> (Poll<Ended>, Duration)
    where
        F: Future<Output = Ended>,
    {
        #[allow(
            clippy::disallowed_methods,
            reason = "measures a blocked thread, which a paused clock does not show"
        )]
        let began = std::time::Instant::now();
        let polling = self.core.stall_guard.polling(self, began, takeover);
        let polled = poll_caught(work, cx);
        drop(polling);
        let took = began.elapsed();
        // A panic prints its backtrace, which can take long and is no stall.
        let panicked = matches!(polled, Poll::Ready(Err(_)));
        if took >= self.rules().stall_after && !panicked {
            self.core.incident(Incident::Stalls);
            tracing::warn!(
                handler = %self.route().name,
                registered_at = %self.route().at,
                trace_id = self.received.trace_id(),
                ?took,
                "handler blocked its thread; use `on_blocking`, or await instead of blocking",
            );
        }
        let ended = |panic: Panic| Ended::Failed(Failure::Panicked(panic.to_string()));
        (polled.map(|polled| polled.unwrap_or_else(ended)), took)
    }
}

/// The other events that a call waits for besides its handler.
struct Waits {
    deadline: Option<Pin<Box<Sleep>>>,
    killed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Waits {
    fn new(call: &Call) -> Self {
        Self {
            deadline: Some(Box::pin(sleep_until(call.deadline))),
            killed: Box::pin(call.core.killed().clone().cancelled_owned()),
        }
    }

    /// True at the first call only.
    fn deadline_passed(&mut self, cx: &mut TaskContext<'_>) -> bool {
        let passed = self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready());
        if passed {
            self.deadline = None;
        }
        passed
    }
}

/// Answers at the deadline for a handler that blocks its thread.
impl Polled for Call {
    fn look(self: Arc<Self>) {
        self.answer_if_late();
    }
}

/// What came of a first poll that did not end the call.
enum Begun {
    Waits(Running),
    Once(Prepared),
}

/// A guard that abandons the call if it is dropped without an answer.
struct Unanswered(Arc<Call>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
