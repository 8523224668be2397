//! The task of one delivery: its handler, its deadline, and what becomes of both.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context as TaskContext, Poll};

use feishu_callbacks::{DecodeError, EventId};
use feishu_transport::Answer;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::Instrument;

use super::order::Turn;
use crate::Context;
use crate::admission::{Pass, Permit};
use crate::call::Call;
use crate::core::{Arrival, Core};
use crate::dedup::{Claim, SharedClaim, StoreRules};
use crate::handler::{Fault, Late, Prepared};
use crate::panics::{Panic, caught, poll_caught};
use crate::stats::{Incident, Outcome};

/// How a call comes to its running place.
pub(crate) enum Start {
    Unordered(Pass),
    Ordered { turn: Turn, permit: Permit, prepared: Prepared },
}

/// How a call ended.
enum Ended {
    Done(Result<Answer, Fault>),
    Panicked(Panic),
    /// The deadline passed, and the author chose not to go on.
    Cancelled,
    /// The client ended.
    Killed,
}

/// Conducts the earliest arrival of an ordered handler.
pub(crate) async fn conduct_next(core: Arc<Core>, route: usize) {
    let Some(lanes) = core.lanes.get(route).and_then(Option::as_ref) else { return };
    let taken = lanes.take(|arrival: &Arrival| {
        let prepared = caught(|| prepare(&arrival.call));
        let key = prepared.as_ref().ok().and_then(|prepared| prepared.as_ref().ok()?.key);
        (key, prepared)
    });
    let Some((Arrival { call, permit, claim }, prepared, turn)) = taken else { return };
    match (prepared, turn) {
        (Ok(Ok(prepared)), Some(turn)) => {
            conduct(call, Start::Ordered { turn, permit, prepared }, claim).await;
        }
        (Ok(Ok(_)), None) => {
            let why = Fault::Shed("too many wait behind the same key; see `Limits::waiting_per_key`");
            settle(&call, Ended::Done(Err(why)), claim);
        }
        (Ok(Err(error)), _) => settle(&call, Ended::Done(Err(Fault::Undecodable(error))), claim),
        (Err(panic), _) => settle(&call, Ended::Panicked(panic), claim),
    }
}

/// Runs a call to its end.
pub(crate) async fn conduct(call: Arc<Call>, start: Start, claim: Option<Claim>) {
    // Also when the runtime drops this task.
    let call = Unanswered(call);
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
    let mut work = pin!(work(call, start, &queued).instrument(span(call)));
    let mut waits = None;
    let ended = poll_fn(|cx| {
        if let Poll::Ready(ended) = poll_handler(call, work.as_mut(), cx) {
            return Poll::Ready(ended.map_or_else(Ended::Panicked, Ended::Done));
        }
        // Only a handler that is not done at once costs a timer.
        let waits = waits.get_or_insert_with(|| Waits::new(call));
        if waits.killed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ended::Killed);
        }
        if waits.deadline_passed(cx) {
            if let Some(ended) = late(call, claim.as_ref(), queued.load(Relaxed)) {
                return Poll::Ready(ended);
            }
        }
        Poll::Pending
    })
    .await;
    settle(call, ended, claim);
}

/// What the log lines of a handler are under. It never holds anything of the payload but ids.
fn span(call: &Call) -> tracing::Span {
    let connection = call.received.connection();
    tracing::info_span!(
        "callback",
        handler = %call.route().name,
        event_type = %call.header.event_type,
        event_id = call.header.event_id.as_ref().map(EventId::as_str),
        message_id = call.received.message_id(),
        trace_id = call.received.trace_id(),
        connection = connection.map(|connection| connection.id.as_str()),
        generation = connection.map(|connection| connection.generation),
    )
}

/// The way to the handler and through it.
async fn work(call: &Arc<Call>, start: Start, queued: &AtomicBool) -> Result<Answer, Fault> {
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
    let _permit = permit.ok_or(Fault::Shed("another type needed the place in the queue"))?;
    let prepared = match prepared {
        Some(prepared) => prepared,
        None => prepare(call).map_err(Fault::Undecodable)?,
    };
    match &call.plan().dedup.store {
        Some(rules) if !call.route().invoke.is_callback(&call.header) => claimed(call, rules, prepared).await,
        _ => prepared.future.await,
    }
}

/// Runs the handler under a claim in the shared store.
async fn claimed(call: &Arc<Call>, rules: &StoreRules, prepared: Prepared) -> Result<Answer, Fault> {
    let Some(claim) = SharedClaim::claim(call, rules).await? else {
        return prepared.future.await;
    };
    let answer = tokio::select! {
       biased;
        answer = prepared.future => answer?,
        () = claim.keep() => return Err(Fault::Shed("the claim is never given up while it is kept")),
    };
    claim.complete(&answer);
    Ok(answer)
}

fn prepare(call: &Arc<Call>) -> Result<Prepared, DecodeError> {
    Arc::clone(&call.route().invoke).prepare(call)
}

/// Polls the handler, and notices when that takes long.
fn poll_handler<F>(
    call: &Arc<Call>,
    work: Pin<&mut F>,
    cx: &mut TaskContext<'_>,
) -> Poll<Result<Result<Answer, Fault>, Panic>>
where
    F: Future<Output = Result<Answer, Fault>>,
{
    let polling = call.core.stall_guard.polling(call, late_while_blocked);
    let began = std::time::Instant::now();
    let polled = poll_caught(work, cx);
    drop(polling);
    let took = began.elapsed();
    if took >= call.plan().stall_after {
        call.core.stats.side(Incident::Stalls);
        tracing::warn!(
            handler = %call.route().name,
            registered_at = %call.route().at,
            trace_id = call.received.trace_id(),
            ?took,
            "the handler kept its thread without an await; on a single-thread runtime everything else stood still: use \
             `on_blocking`",
        );
    }
    polled
}

/// Answers in the place of a handler that is being polled and does not come back.
fn late_while_blocked(call: &Arc<Call>) {
    if call.deadline <= Instant::now() && !call.is_answered() {
        late(call, None, false);
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

/// Answers in the handler's place. Some when the call ends with that.
fn late(call: &Arc<Call>, claim: Option<&Claim>, queued: bool) -> Option<Ended> {
    if call.is_answered() {
        return call.route().cancel_when_late.then_some(Ended::Cancelled);
    }
    if queued {
        return Some(Ended::Done(Err(Fault::Shed("no running place became free before the deadline"))));
    }
    let answer = match &call.route().late {
        Late::ByType if call.route().invoke.is_callback(&call.header) => Answer::failed(),
        Late::ByType => Answer::empty(),
        Late::Answer(answer) => answer.clone(),
        Late::With(make) => caught(|| make(&Context::new(Arc::clone(call)))).unwrap_or_else(|panic| {
            tracing::error!(handler = %call.route().name, %panic, "making the late reply panicked");
            Answer::failed()
        }),
    };
    if call.answer_early(&answer, Outcome::Late) {
        tracing::warn!(
            handler = %call.route().name,
            event_type = %call.header.event_type,
            trace_id = call.received.trace_id(),
            deadline = ?call.route().deadline,
            code = answer.code(),
            "the handler is late",
        );
        if let Some(claim) = claim {
            claim.interim(&answer);
        }
    }
    call.route().cancel_when_late.then_some(Ended::Cancelled)
}

/// Answers if nobody has, counts, remembers, and says what went wrong.
fn settle(call: &Arc<Call>, ended: Ended, claim: Option<Claim>) {
    let fault = match ended {
        Ended::Done(Ok(answer)) => return succeed(call, &answer, claim),
        Ended::Done(Err(Fault::Duplicate(answer))) => {
            call.answer(&answer, Outcome::Duplicate);
            if let Some(claim) = claim.filter(|_| answer.is_ok()) {
                claim.complete(&answer);
            }
            return;
        }
        Ended::Killed | Ended::Cancelled if call.is_answered() => {
            return call.core.stats.side(Incident::CutOff);
        }
        Ended::Killed | Ended::Cancelled => return call.abandon(),
        Ended::Done(Err(fault)) => Ok(fault),
        Ended::Panicked(panic) => Err(panic),
    };
    let outcome = match &fault {
        Ok(Fault::Undecodable(_)) => Outcome::Undecodable,
        Ok(Fault::Shed(_)) => Outcome::Shed,
        Ok(_) => Outcome::Failed,
        Err(_) => Outcome::Panicked,
    };
    let late = !call.answer(&Answer::failed(), outcome);
    if late {
        call.core.stats.side(Incident::LateFailed);
    }
    // The memory learns of it when the claim is dropped, here.
    drop(claim);
    say(call, &fault, outcome, late);
}

fn succeed(call: &Arc<Call>, answer: &Answer, claim: Option<Claim>) {
    let in_time = Instant::now() <= call.deadline;
    if !call.answer(answer, if in_time { Outcome::Answered } else { Outcome::Late }) {
        call.core.stats.side(Incident::LateCompleted);
        let took = call.received.received_at().elapsed();
        let (handler, trace_id) = (&call.route().name, call.received.trace_id());
        tracing::debug!(%handler, trace_id, ?took, "the handler ended after its delivery was answered");
    }
    if let Some(claim) = claim {
        claim.complete(answer);
    }
}

fn say(call: &Call, fault: &Result<Fault, Panic>, outcome: Outcome, late: bool) {
    let error: &dyn std::fmt::Display = match fault {
        Ok(fault) => fault,
        Err(panic) => panic,
    };
    tracing::error!(
        handler = %call.route().name,
        registered_at = %call.route().at,
        event_type = %call.header.event_type,
        event_id = call.header.event_id.as_ref().map(EventId::as_str),
        message_id = call.received.message_id(),
        trace_id = call.received.trace_id(),
        late,
        %error,
        "{}", outcome.as_str(),
    );
}

/// Abandons the call if nobody answered it.
struct Unanswered(Arc<Call>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
