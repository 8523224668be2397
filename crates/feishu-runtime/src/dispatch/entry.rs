//! The way of a call to its handler: claims it against repeats, admits it and starts its task.

use std::sync::Arc;

use feishu_transport::{Answer, Takeover};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use super::identity::Identity;
use super::order::Lanes;
use super::run::Start;
use super::settle::Ended;
use crate::Failure;
use crate::admission::{Pass, Permit};
use crate::call::Call;
use crate::core::Core;
use crate::dedup::{Claim, Claimed, Kind};
use crate::panics::caught;

/// The entry of a client's calls.
pub(super) struct Entry {
    pub(super) core: Arc<Core>,
    /// The lanes of each ordered handler.
    lanes: Vec<Option<Arc<Lanes<Arrival>>>>,
}

/// A delivery for an ordered handler.
struct Arrival {
    call: Arc<Call>,
    permit: Permit,
    claim: Option<Claim>,
}

impl Entry {
    pub(super) fn new(core: Arc<Core>) -> Self {
        let limit = core.rules.limits.waiting_per_key;
        let lanes =
            core.rules.routes.iter().map(|route| route.is_ordered.then(|| Arc::new(Lanes::new(limit))));
        Self { lanes: lanes.collect(), core }
    }

    /// Takes a call, unless it is a repeat; on the task of its connection if there is a `takeover`.
    pub(super) fn take(&self, call: &Arc<Call>, takeover: Option<&Takeover>) {
        match claim(call) {
            None => self.enter(call, None, takeover),
            Some(Claimed::New { claim, repeat }) => {
                if repeat {
                    call.set_repeat();
                }
                self.enter(call, Some(claim), takeover);
            }
            Some(Claimed::Answered(answer)) => call.settle(Ended::Duplicate(answer), None),
            Some(Claimed::InFlight(answer)) => self.core.spawn(wait_for_same(Arc::clone(call), answer)),
            Some(Claimed::Crowded) => {
                shed(call, "too many repeats wait for the answer to the first", None);
            }
        }
    }

    /// Admits a call and starts its task.
    fn enter(&self, call: &Arc<Call>, claim: Option<Claim>, takeover: Option<&Takeover>) {
        let core = &self.core;
        if core.ending().is_some_and(|ending| !call.is_callback() || !ending.serves(call.route().deadline)) {
            return call.settle(Ended::Refused, claim);
        }
        let bytes = call.received.payload().len();
        let full = "the limit of running and waiting deliveries is reached; see `Limits`";
        match self.lanes.get(call.route).and_then(Option::as_ref) {
            None => match core.admission.enter(call.route, bytes) {
                Some(pass) => self.start(call, pass, claim, takeover),
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

    /// Starts an admitted call.
    fn start(&self, call: &Arc<Call>, pass: Pass, claim: Option<Claim>, takeover: Option<&Takeover>) {
        let Some(here) = takeover.filter(|_| !self.core.is_slow(call.route)) else {
            call.run_later(Start::Unordered(pass), claim);
            if takeover.is_some() {
                self.core.stall_guard.pass_on();
            }
            return;
        };
        if let Err(panic) = caught(|| call.run_here(pass, claim, here)) {
            tracing::error!(%panic, "a delivery was given up; please report this");
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
