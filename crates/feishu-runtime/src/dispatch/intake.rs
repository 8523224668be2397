//! The inbox of a client: parses a delivery's header, finds its route, admits it and starts its task.

use std::sync::Arc;

use feishu_callbacks::{Timestamp, peek};
use feishu_transport::{Answer, Delivery, Inbox};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use super::identity::Identity;
use super::order::Lanes;
use super::plan::Plan;
use super::run::Start;
use super::settle::Ended;
use super::unhandled::{settle, unhandled, warn_of_card_frame};
use crate::Failure;
use crate::admission::Permit;
use crate::call::Call;
use crate::core::Core;
use crate::dedup::{Claim, Claimed, Kind};
use crate::observe::Observed;
use crate::panics::caught;
use crate::stats::{Incident, Outcome};

/// The inbox of a client. It runs on the transport's task and never waits.
pub(crate) struct Intake {
    core: Arc<Core>,
    plan: Arc<Plan>,
    /// The lanes of each ordered handler.
    lanes: Vec<Option<Arc<Lanes<Arrival>>>>,
}

/// A delivery for an ordered handler.
struct Arrival {
    call: Arc<Call>,
    permit: Permit,
    claim: Option<Claim>,
}

impl Inbox for Intake {
    fn deliver(&self, delivery: Delivery) {
        self.take(delivery, false);
    }
}

impl Intake {
    pub(crate) fn new(plan: &Arc<Plan>, app_id: Option<Arc<str>>) -> Self {
        let limit = plan.rules.limits.waiting_per_key;
        let lanes =
            plan.rules.routes.iter().map(|route| route.is_ordered.then(|| Arc::new(Lanes::new(limit))));
        Self {
            lanes: lanes.collect(),
            core: Core::new(Arc::clone(&plan.rules), app_id),
            plan: Arc::clone(plan),
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Accepts one delivery. With `keep_typed` the call keeps the handler's typed reply. Returns the call, if one was made.
    pub(crate) fn take(&self, delivery: Delivery, keep_typed: bool) -> Option<Arc<Call>> {
        let core = &self.core;
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
        let Some(chosen) = self.plan.choose(&header, || core.clock.now()) else {
            unhandled(core, &header, delivery);
            return None;
        };
        if chosen.stale {
            core.incident(Incident::Stale);
            core.stale.log(header.event_type.as_str(), header.age(core.clock.now()));
        }
        let call = Call::new(core, delivery, header, self.plan.handler(chosen.route), keep_typed);
        if call.is_callback() {
            core.clock.callback_from(call.header.create_time.and_then(Timestamp::to_system_time));
        }
        core.observe(|| {
            Observed::Received(core.describe(&call.received, Some(&call.header), Some(call.route)))
        });
        match claim(&call) {
            None => self.enter(&call, None),
            Some(Claimed::New { claim, repeat }) => {
                if repeat {
                    call.set_repeat();
                }
                self.enter(&call, Some(claim));
            }
            Some(Claimed::Answered(answer)) => call.settle(Ended::Duplicate(answer), None),
            Some(Claimed::InFlight(answer)) => core.spawn(wait_for_same(Arc::clone(&call), answer)),
            Some(Claimed::Crowded) => {
                shed(&call, "too many repeats wait for the answer to the first", None);
            }
        }
        Some(call)
    }

    /// Admits a call and starts its task.
    fn enter(&self, call: &Arc<Call>, claim: Option<Claim>) {
        let core = &self.core;
        if core.ending().is_some_and(|ending| !call.is_callback() || !ending.serves(call.route().deadline)) {
            return call.settle(Ended::Refused, claim);
        }
        let bytes = call.received.payload().len();
        let full = "the limit of running and waiting deliveries is reached; see `Limits`";
        match self.lanes.get(call.route).and_then(Option::as_ref) {
            None => match core.admission.enter(call.route, bytes) {
                Some(pass) => core.spawn_call(Arc::clone(call).run(Start::Unordered(pass), claim)),
                None => shed(call, full, claim),
            },
            Some(lanes) => match core.admission.enter_later(call.route, bytes) {
                Some(permit) => {
                    lanes.arrive(Arrival { call: Arc::clone(call), permit, claim });
                    core.spawn_call(run_next(Arc::clone(lanes)));
                }
                None => shed(call, full, claim),
            },
        }
    }
}

/// Claims the delivery by what identifies it.
fn claim(call: &Call) -> Option<Claimed> {
    let memory = call.core.memory.as_ref()?;
    let kind = if call.is_callback() { Kind::Callback } else { Kind::Event };
    Identity::of(call).map(|identity| memory.claim(kind, identity))
}

/// Runs the earliest waiting delivery of an ordered handler.
async fn run_next(lanes: Arc<Lanes<Arrival>>) {
    let taken = lanes.take(|arrival: &Arrival| {
        let prepared = caught(|| arrival.call.handler.prepare(&arrival.call));
        let key = prepared.as_ref().ok().and_then(|prepared| prepared.as_ref().ok()?.key);
        (key, prepared)
    });
    let Some((Arrival { call, permit, claim }, prepared, turn)) = taken else { return };
    let failure = match (prepared, turn) {
        (Ok(Ok(prepared)), Some(turn)) => {
            return call.run(Start::Ordered { turn, permit, prepared }, claim).await;
        }
        (Ok(Ok(_)), None) => {
            Failure::Busy("too many deliveries wait for the same key; see `Limits::waiting_per_key`")
        }
        (Ok(Err(error)), _) => Failure::Undecodable(error),
        (Err(panic), _) => Failure::Panicked(panic.to_string()),
    };
    call.settle(Ended::Failed(failure), claim);
}

/// Answers a repeat with the answer of the first delivery, or with code 500 at its own deadline.
async fn wait_for_same(call: Arc<Call>, answer: oneshot::Receiver<Answer>) {
    let call = AbandonOnDrop(call);
    let answer = tokio::select! {
        biased;
        answer = answer => answer.unwrap_or_else(|_| Answer::failed()),
        () = sleep_until(call.0.deadline) => Answer::failed(),
    };
    call.0.settle(Ended::Duplicate(answer), None);
}

/// A waiting repeat, abandoned if the client ends before it is answered.
struct AbandonOnDrop(Arc<Call>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Refuses a call because of a limit.
fn shed(call: &Arc<Call>, why: &'static str, claim: Option<Claim>) {
    call.settle(Ended::Failed(Failure::Busy(why)), claim);
}
