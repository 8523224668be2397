//! Where a delivery enters: its header is read, its route found, room made, and one task started.

use std::sync::Arc;

use feishu_callbacks::{EventId, EventType, Header, peek};
use feishu_transport::{Answer, Delivery, Inbox, Kind};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use super::run::{Ended, Start};
use super::unhandled::code_500_shows;
use crate::call::Call;
use crate::core::{Arrival, Core};
use crate::dedup::{Claim, Claimed};
use crate::handler::Failure;
use crate::observe::Observed;
use crate::panics::caught;
use crate::stats::{Incident, Outcome};

/// The inbox of a client. All of its work is done on the transport's task: it never waits and never runs a handler.
pub(crate) struct Intake(pub(crate) Arc<Core>);

impl Inbox for Intake {
    fn deliver(&self, delivery: Delivery) {
        deliver(&self.0, delivery, false);
    }
}

/// Takes one delivery in; with `keep_typed` the call keeps the handler's typed reply. The call, if one was made of it.
pub(crate) fn deliver(core: &Arc<Core>, delivery: Delivery, keep_typed: bool) -> Option<Arc<Call>> {
    core.stats.received();
    let header = match peek(delivery.received().payload()) {
        Ok(header) => Arc::new(header),
        Err(error) => {
            let received = delivery.received();
            tracing::warn!(%error, trace_id = received.trace_id(), message_id = received.message_id(), "unreadable delivery");
            settle(core, delivery, None, Outcome::Undecodable, &Answer::failed());
            return None;
        }
    };
    warn_of_card_frame(core, &delivery, &header);
    let Some(chosen) = core.plan.choose(&header) else {
        unhandled(core, &header, delivery);
        return None;
    };
    if chosen.stale {
        core.incident(Incident::Stale);
    }
    let call = Call::new(core, delivery, header, chosen.route, keep_typed);
    core.observe(|| Observed::Received(core.describe(&call.received, Some(&call.header), Some(call.route))));
    match claim(&call) {
        None => enter(&call, None),
        Some(Claimed::New { claim, repeat }) => {
            if repeat {
                call.set_repeat();
            }
            enter(&call, Some(claim));
        }
        Some(Claimed::Answered(answer)) => call.settle(Ended::Duplicate(answer), None),
        Some(Claimed::InFlight(answer)) => core.spawn(wait_for_same(Arc::clone(&call), answer)),
        Some(Claimed::Crowded) => {
            shed(&call, "too many repeats wait for the answer to the first", None);
        }
    }
    Some(call)
}

/// Claims the event by its id, or by the message's id where it has none.
fn claim(call: &Call) -> Option<Claimed> {
    let memory = call.core.memory.as_ref()?;
    match &call.header.event_id {
        Some(id) => Some(memory.claim(id)),
        None => call.received.message_id().map(|id| memory.claim(&EventId::from(id))),
    }
}

/// Makes room for a call and starts its task.
fn enter(call: &Arc<Call>, claim: Option<Claim>) {
    let core = &call.core;
    let bytes = call.received.payload().len();
    let full = "too much is running and waiting already; see `Limits`";
    match core.lanes.get(call.route).and_then(Option::as_ref) {
        None => match core.admission.enter(call.route, bytes) {
            Some(pass) => core.spawn_call(Arc::clone(call).run(Start::Unordered(pass), claim)),
            None => shed(call, full, claim),
        },
        Some(lanes) => match core.admission.enter_later(call.route, bytes) {
            Some(permit) => {
                lanes.arrive(Arrival { call: Arc::clone(call), permit, claim });
                core.spawn_call(run_next(Arc::clone(core), call.route));
            }
            None => shed(call, full, claim),
        },
    }
}

/// Runs the earliest arrival of an ordered handler.
async fn run_next(core: Arc<Core>, route: usize) {
    let Some(lanes) = core.lanes.get(route).and_then(Option::as_ref) else { return };
    let taken = lanes.take(|arrival: &Arrival| {
        let prepared = caught(|| arrival.call.prepare());
        let key = prepared.as_ref().ok().and_then(|prepared| prepared.as_ref().ok()?.key);
        (key, prepared)
    });
    let Some((Arrival { call, permit, claim }, prepared, turn)) = taken else { return };
    let failure = match (prepared, turn) {
        (Ok(Ok(prepared)), Some(turn)) => {
            return call.run(Start::Ordered { turn, permit, prepared }, claim).await;
        }
        (Ok(Ok(_)), None) => {
            Failure::Busy("too many wait behind the same key; see `Limits::waiting_per_key`")
        }
        (Ok(Err(error)), _) => Failure::Undecodable(error),
        (Err(panic), _) => Failure::Panicked(panic.to_string()),
    };
    call.settle(Ended::Failed(failure), claim);
}

/// Answers a repeat as the first one is answered, or with code 500 at its own deadline.
async fn wait_for_same(call: Arc<Call>, answer: oneshot::Receiver<Answer>) {
    let call = AbandonOnDrop(call);
    let answer = tokio::select! {
        biased;
        answer = answer => answer.unwrap_or_else(|_| Answer::failed()),
        () = sleep_until(call.0.deadline) => Answer::failed(),
    };
    call.0.settle(Ended::Duplicate(answer), None);
}

/// A repeat that waits; abandoned if the client ends before it is answered.
struct AbandonOnDrop(Arc<Call>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Refuses a call for which there is no room.
fn shed(call: &Arc<Call>, why: &'static str, claim: Option<Claim>) {
    call.settle(Ended::Failed(Failure::Busy(why)), claim);
}

fn unhandled(core: &Core, header: &Arc<Header>, delivery: Delivery) {
    core.observe(|| Observed::Unhandled(core.describe(delivery.received(), Some(header), None)));
    let event_type = &header.event_type;
    let log = core.unhandled.came(event_type.as_str());
    let answer = if event_type.is_callback() { Answer::failed() } else { Answer::empty() };
    if log {
        log_unhandled(event_type, delivery.received().trace_id());
    }
    settle(core, delivery, Some(header), Outcome::Unhandled, &answer);
}

/// Once per type and hour; `stats()` has the counts.
fn log_unhandled(event_type: &EventType, trace_id: Option<&str>) {
    if !event_type.is_callback() {
        tracing::info!(%event_type, trace_id, "no handler for this event; acknowledged, further ones this hour as well");
        return;
    }
    let effect = code_500_shows(event_type);
    tracing::error!(
        %event_type,
        trace_id,
        "no handler for this callback, {effect}: register one with `.on(…)` or `.on_raw(\"{event_type}\", …)`; further \
         ones this hour are counted only",
    );
}

fn warn_of_card_frame(core: &Core, delivery: &Delivery, header: &Header) {
    if delivery.received().kind() == Kind::Card && core.unhandled.card_frame() {
        tracing::warn!(
            event_type = %header.event_type,
            trace_id = delivery.received().trace_id(),
            "came in a frame of type `card`, which means that the callback subscription is not in effect: choose the \
             long connection under \"Events & callbacks\", \"Callback configuration\" in the developer console, and \
             publish the version",
        );
    }
}

/// Answers and counts a delivery that has no handler.
fn settle(core: &Core, delivery: Delivery, header: Option<&Arc<Header>>, outcome: Outcome, answer: &Answer) {
    core.count(delivery.received(), header, None, outcome, answer);
    delivery.answer(answer);
}
