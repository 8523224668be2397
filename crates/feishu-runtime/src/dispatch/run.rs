//! One call from its start to its end: the handler, the deadline, and what becomes of both.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context as TaskContext, Poll};

use feishu_callbacks::{AppId, DecodeError, EventId};
use feishu_transport::Answer;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::Instrument;

use super::order::Turn;
use super::unhandled::code_500_shows;
use crate::Context;
use crate::admission::{Pass, Permit};
use crate::call::Call;
use crate::dedup::{Claim, SharedClaim, SharedEnd, StoreRules};
use crate::handler::{Failure, Late, Prepared, wrap};
use crate::panics::{caught, poll_caught};
use crate::stats::{Incident, Outcome};

/// How a call comes to its running place.
pub(crate) enum Start {
    Unordered(Pass),
    Ordered { turn: Turn, permit: Permit, prepared: Prepared },
}

/// How a call ended.
pub(crate) enum Ended {
    Answered(Answer),
    Failed(Failure),
    /// Another process has handled it, or is about to.
    Duplicate(Answer),
    /// The deadline passed, and the author chose not to go on.
    Cancelled,
    /// The client ended.
    Killed,
}

impl Call {
    /// Runs the handler to its end, and answers at the deadline if it is not done by then.
    pub(crate) async fn run(self: Arc<Self>, start: Start, claim: Option<Claim>) {
        // Abandoned also when the runtime drops this task.
        let call = Unanswered(self);
        let call = &call.0;
        if call.core.killed().is_cancelled() {
            return;
        }
        if call.route().acknowledge_first {
            let answer = Answer::empty();
            call.answer_early(&answer, Outcome::Answered);
            if let Some(claim) = &claim {
                claim.interim(&answer);
            }
        }
        let queued = AtomicBool::new(false);
        let mut work = pin!(call.work(start, &queued).instrument(call.span()));
        let mut waits = None;
        let ended = poll_fn(|cx| {
            if let Poll::Ready(ended) = call.poll_handler(work.as_mut(), cx) {
                return Poll::Ready(ended);
            }
            // Only a handler that is not done at once costs a timer.
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

    /// The span of a handler's log lines. It never holds anything of the payload but ids.
    fn span(&self) -> tracing::Span {
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

    /// The app that the payload names, where the client's own span does not say it.
    fn app_id_in_span(&self) -> Option<&str> {
        self.header.app_id.as_ref().filter(|_| self.core.app_id.is_none()).map(AppId::as_str)
    }

    /// Waits for the call's turn and place, then for its handler.
    async fn work(self: &Arc<Self>, start: Start, queued: &AtomicBool) -> Ended {
        let (pass, prepared, _turn) = match start {
            Start::Unordered(pass) => (pass, None, None),
            Start::Ordered { turn, permit, prepared } => {
                let turn = turn.mine().await;
                (permit.ready(), Some(prepared), Some(turn))
            }
        };
        queued.store(!pass.is_running(), Relaxed);
        let permit = pass.granted().await;
        queued.store(false, Relaxed);
        let Some(_permit) = permit else {
            return Ended::Failed(Failure::Busy("another type needed the place in the queue"));
        };
        let _running = crate::meter::Running::start(|| self.core.app_label(Some(&self.header)));
        let prepared = match prepared.map_or_else(|| self.prepare(), Ok) {
            Ok(prepared) => prepared,
            Err(error) => return Ended::Failed(Failure::Undecodable(error)),
        };
        match &self.plan().dedup.store {
            Some(rules) if !self.is_callback() => self.work_claimed(rules, prepared).await,
            _ => prepared.future.await.map_or_else(Ended::Failed, Ended::Answered),
        }
    }

    /// Runs the handler under a claim in the shared store.
    async fn work_claimed(&self, rules: &StoreRules, prepared: Prepared) -> Ended {
        let claim = match SharedClaim::claim(self, rules).await {
            SharedEnd::Claimed(claim) => claim,
            SharedEnd::Unavailable => {
                return prepared.future.await.map_or_else(Ended::Failed, Ended::Answered);
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

    /// Reads the payload and makes the handler's future, with the layers around it.
    pub(super) fn prepare(self: &Arc<Self>) -> Result<Prepared, DecodeError> {
        let Prepared { key, future } = Arc::clone(&self.route().invoke).prepare(self)?;
        let layers = &self.route().layers;
        if layers.is_empty() {
            return Ok(Prepared { key, future });
        }
        let future = Box::pin(wrap(Arc::clone(layers), Context::new(Arc::clone(self)), future));
        Ok(Prepared { key, future })
    }

    /// Polls the handler, and notices when that takes long.
    fn poll_handler<F>(self: &Arc<Self>, work: Pin<&mut F>, cx: &mut TaskContext<'_>) -> Poll<Ended>
    where
        F: Future<Output = Ended>,
    {
        let polling = self.core.stall_guard.polling(self, Self::late_while_blocked);
        let began = std::time::Instant::now();
        let polled = poll_caught(work, cx);
        drop(polling);
        let took = began.elapsed();
        if took >= self.plan().stall_after {
            self.core.incident(Incident::Stalls);
            tracing::warn!(
                handler = %self.route().name,
                registered_at = %self.route().at,
                trace_id = self.received.trace_id(),
                ?took,
                "handler blocked its thread; use `on_blocking`, or await instead of blocking",
            );
        }
        polled.map(|ended| ended.unwrap_or_else(|panic| Ended::Failed(Failure::Panicked(panic.to_string()))))
    }

    /// Answers for a handler that blocks the thread that polls it.
    fn late_while_blocked(self: &Arc<Self>) {
        if self.deadline <= Instant::now() && !self.is_answered() {
            self.late(None, false);
        }
    }

    /// Answers at the deadline. Some when the call ends with that.
    fn late(self: &Arc<Self>, claim: Option<&Claim>, queued: bool) -> Option<Ended> {
        let route = self.route();
        let ended = || route.cancel_when_late.then_some(Ended::Cancelled);
        if self.is_answered() {
            return ended();
        }
        if queued {
            return Some(Ended::Failed(Failure::Busy("no running place became free before the deadline")));
        }
        let answer = match &route.late {
            Late::ByType if self.is_callback() => Answer::failed(),
            Late::ByType => Answer::empty(),
            Late::Answer(answer) => answer.clone(),
            Late::With(make) => caught(|| make(&Context::new(Arc::clone(self)))).unwrap_or_else(|panic| {
                tracing::error!(handler = %route.name, %panic, "the closure of `on_late_with` panicked");
                Answer::failed()
            }),
        };
        if self.answer_early(&answer, Outcome::Late) {
            self.log_late(&answer);
            if let Some(claim) = claim {
                claim.interim(&answer);
            }
        }
        ended()
    }

    fn log_late(&self, answer: &Answer) {
        let event_type = &self.header.event_type;
        let advice = if answer.is_ok() {
            String::new()
        } else if self.is_callback() {
            let effect = code_500_shows(event_type);
            format!("; {effect}: choose a reply with `on_late`, or answer first with `reply_now`")
        } else {
            "; the platform sends the event again".to_owned()
        };
        tracing::warn!(
            handler = %self.route().name,
            registered_at = %self.route().at,
            %event_type,
            event_id = self.header.event_id.as_ref().map(EventId::as_str),
            trace_id = self.received.trace_id(),
            deadline = ?self.route().deadline,
            code = answer.code(),
            "handler not done at its deadline{advice}",
        );
    }

    /// Answers if that was not done before, counts, remembers, and logs what went wrong.
    pub(crate) fn settle(self: &Arc<Self>, ended: Ended, claim: Option<Claim>) {
        match ended {
            Ended::Answered(answer) => self.succeed(&answer, claim),
            Ended::Failed(failure) => self.fail(&failure, claim),
            Ended::Duplicate(answer) => {
                self.answer(&answer, Outcome::Duplicate);
                if let Some(claim) = claim.filter(|_| answer.is_ok()) {
                    claim.complete(&answer);
                }
            }
            Ended::Killed | Ended::Cancelled if self.is_answered() => {
                self.core.incident(Incident::CutOff);
            }
            Ended::Killed | Ended::Cancelled => self.abandon(),
        }
    }

    fn succeed(self: &Arc<Self>, answer: &Answer, claim: Option<Claim>) {
        let in_time = Instant::now() <= self.deadline;
        if !self.answer(answer, if in_time { Outcome::Answered } else { Outcome::Late }) {
            self.core.incident(Incident::LateCompleted);
            let took = self.received.received_at().elapsed();
            let (handler, trace_id) = (&self.route().name, self.received.trace_id());
            tracing::debug!(%handler, trace_id, ?took, "the handler ended after its delivery was answered");
        }
        if let Some(claim) = claim {
            claim.complete(answer);
        }
    }

    fn fail(self: &Arc<Self>, failure: &Failure, claim: Option<Claim>) {
        let outcome = match failure {
            Failure::Undecodable(_) => Outcome::Undecodable,
            Failure::Busy(_) => Outcome::Shed,
            Failure::Panicked(_) => Outcome::Panicked,
            Failure::Error(_) | Failure::InvalidReply(_) => Outcome::Failed,
        };
        self.keep_failure(failure);
        let answer = if self.is_answered() { None } else { Some(self.answer_to(failure)) };
        let answer = answer.filter(|answer| self.answer(answer, outcome));
        if answer.is_none() {
            self.core.incident(Incident::LateFailed);
        }
        // Dropping the claim lets a repeat run the handler again.
        drop(claim);
        let effect = match &answer {
            None => "after its delivery was answered",
            Some(answer) if answer.is_ok() => "the reply of `on_error` was sent",
            Some(_) if self.is_callback() => code_500_shows(&self.header.event_type),
            Some(_) => "the platform sends the event again",
        };
        tracing::error!(
            handler = %self.route().name,
            registered_at = %self.route().at,
            event_type = %self.header.event_type,
            event_id = self.header.event_id.as_ref().map(EventId::as_str),
            message_id = self.received.message_id(),
            trace_id = self.received.trace_id(),
            outcome = outcome.as_str(),
            code = answer.map(|answer| answer.code()),
            error = %failure,
            "{}; {effect}", said(failure),
        );
    }

    /// The answer that the author chose for a failure, else code 500.
    fn answer_to(self: &Arc<Self>, failure: &Failure) -> Answer {
        let Some(on_error) = &self.route().on_error else { return Answer::failed() };
        let answer = caught(|| on_error(failure, &Context::new(Arc::clone(self)))).unwrap_or_else(|panic| {
            tracing::error!(handler = %self.route().name, %panic, "the closure of `on_error` panicked");
            None
        });
        answer.unwrap_or_else(Answer::failed)
    }
}

/// A failure in the log, before what follows from it.
fn said(failure: &Failure) -> &'static str {
    match failure {
        Failure::Error(_) => "the handler failed",
        Failure::Panicked(_) => "the handler panicked",
        Failure::Undecodable(_) => "the payload cannot be read as what the handler takes",
        Failure::InvalidReply(_) => "the handler's reply cannot be sent",
        Failure::Busy(_) => "there was no room to run the handler",
    }
}

/// What a call waits for besides its handler.
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

    /// True once.
    fn deadline_passed(&mut self, cx: &mut TaskContext<'_>) -> bool {
        let passed = self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready());
        if passed {
            self.deadline = None;
        }
        passed
    }
}

/// Abandons the call when it is dropped without an answer.
struct Unanswered(Arc<Call>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
