//! Where a delivery enters: its type is read, its handler found, room made, and one task started.

use std::sync::Arc;

use feishu_callbacks::{EventId, Header, peek};
use feishu_transport::{Answer, Delivery, Inbox, Kind, Received, Responder};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::attempt::{self, Start};
use crate::call::{Call, ReplySlot};
use crate::core::{Arrival, Core};
use crate::dedup::{Claim, Claimed};
use crate::stats::{Incident, Outcome};

/// The inbox of a client. All of its work is done on the transport's task: it never waits and never runs a handler.
pub(crate) struct Inlet(pub(crate) Arc<Core>);

impl Inbox for Inlet {
    fn deliver(&self, delivery: Delivery) {
        deliver(&self.0, delivery);
    }
}

/// A delivery that nobody has answered yet.
struct Open {
    received: Arc<Received>,
    responder: Responder,
}

pub(crate) fn deliver(core: &Arc<Core>, delivery: Delivery) {
    deliver_for(core, delivery, false);
}

/// Delivers; with `keep_typed` the call keeps the handler's typed reply.
pub(crate) fn deliver_for(core: &Arc<Core>, delivery: Delivery, keep_typed: bool) -> Option<Arc<Call>> {
    core.stats.received();
    let (received, responder) = delivery.split();
    let open = Open { received, responder };
    let header = match peek(open.received.payload()) {
        Ok(header) => Arc::new(header),
        Err(error) => {
            let trace_id = open.received.trace_id();
            tracing::warn!(%error, trace_id, message_id = open.received.message_id(), "unreadable delivery");
            open.settle(core, None, None, Outcome::Undecodable, &Answer::failed());
            return None;
        }
    };
    if open.received.kind() == Kind::Card && core.unhandled.card_frame() {
        tracing::warn!(
            event_type = %header.event_type,
            trace_id = open.received.trace_id(),
            "came in a frame of type `card`, which means that the callback subscription is not in effect: choose the \
             long connection under \"Events & callbacks\", \"Callback configuration\" in the developer console, and \
             publish the version",
        );
    }
    let Some(chosen) = core.plan.choose(&header) else {
        unhandled(core, &header, open);
        return None;
    };
    let route = chosen.route;
    if chosen.stale {
        core.stats.side(Incident::Stale);
    }
    if !core.plan.hooks.callback(|| core.seen(&open.received, Some(&header), Some(route))) {
        core.stats.side(Incident::HooksMissed);
    }
    let deadline = open.received.received_at() + core.plan.route(route).deadline;
    let (claim, repeat) = match claim(core, &header, &open.received) {
        None => (None, false),
        Some(Claimed::New { claim, repeat }) => (Some(claim), repeat),
        Some(Claimed::Answered(answer)) => {
            open.settle(core, Some(&header), Some(route), Outcome::Duplicate, &answer);
            return None;
        }
        Some(Claimed::InFlight(answer)) => {
            core.spawn(wait_for_same(Arc::clone(core), open, header, route, answer, deadline));
            return None;
        }
        Some(Claimed::Crowded) => {
            shed(core, &header, route, open, "too many repeats wait for the answer to the first");
            return None;
        }
    };
    start(core, open, header, Chosen { route, deadline, repeat, keep_typed }, claim)
}

/// What is known of a call before it starts.
#[derive(Clone, Copy)]
struct Chosen {
    route: usize,
    deadline: Instant,
    repeat: bool,
    keep_typed: bool,
}

fn start(
    core: &Arc<Core>,
    open: Open,
    header: Arc<Header>,
    chosen: Chosen,
    claim: Option<Claim>,
) -> Option<Arc<Call>> {
    let Chosen { route, deadline, repeat, keep_typed } = chosen;
    let bytes = open.received.payload().len();
    let lanes = core.lanes.get(route).and_then(Option::as_ref);
    let (pass, permit) = match lanes {
        None => (core.admission.enter(route, bytes), None),
        Some(_) => (None, core.admission.enter_later(route, bytes)),
    };
    if pass.is_none() && permit.is_none() {
        shed(core, &header, route, open, "too much is running and waiting already; see `Limits`");
        return None;
    }
    let call = Arc::new(Call {
        core: Arc::clone(core),
        received: open.received,
        header,
        route,
        deadline,
        repeat: repeat.into(),
        reply: ReplySlot::new(open.responder).into(),
        typed: keep_typed.then(Default::default),
    });
    let kept = keep_typed.then(|| Arc::clone(&call));
    if let (Some(lanes), Some(permit)) = (lanes, permit) {
        lanes.arrive(Arrival { call, permit, claim });
        core.spawn_call(attempt::conduct_next(Arc::clone(core), route));
    } else if let Some(pass) = pass {
        core.spawn_call(attempt::conduct(call, Start::Unordered(pass), claim));
    }
    kept
}

/// Claims the event by its id, or by the message's id where it has none.
fn claim(core: &Core, header: &Header, received: &Received) -> Option<Claimed> {
    let memory = core.memory.as_ref()?;
    match &header.event_id {
        Some(id) => Some(memory.claim(id)),
        None => received.message_id().map(|id| memory.claim(&EventId::from(id))),
    }
}

/// Answers a repeat as the first one is answered, or with code 500 at its own deadline.
async fn wait_for_same(
    core: Arc<Core>,
    open: Open,
    header: Arc<Header>,
    route: usize,
    answer: oneshot::Receiver<Answer>,
    deadline: Instant,
) {
    let mut repeat = Repeat { core, open: Some(open), header, route };
    let answer = tokio::select! {
        biased;
        answer = answer => answer.unwrap_or_else(|_| Answer::failed()),
        () = sleep_until(deadline) => Answer::failed(),
    };
    repeat.settle(Outcome::Duplicate, &answer);
}

/// A repeat that waits; abandoned if the client ends before it is answered.
struct Repeat {
    core: Arc<Core>,
    open: Option<Open>,
    header: Arc<Header>,
    route: usize,
}

impl Repeat {
    fn settle(&mut self, outcome: Outcome, answer: &Answer) {
        if let Some(open) = self.open.take() {
            open.settle(&self.core, Some(&self.header), Some(self.route), outcome, answer);
        }
    }
}

impl Drop for Repeat {
    fn drop(&mut self) {
        self.settle(Outcome::Abandoned, &Answer::failed());
    }
}

fn shed(core: &Core, header: &Arc<Header>, route: usize, open: Open, why: &'static str) {
    tracing::warn!(
        handler = %core.plan.route(route).name,
        event_type = %header.event_type,
        trace_id = open.received.trace_id(),
        "shed: {why}",
    );
    open.settle(core, Some(header), Some(route), Outcome::Shed, &Answer::failed());
}

fn unhandled(core: &Core, header: &Arc<Header>, open: Open) {
    if !core.plan.hooks.unhandled(|| core.seen(&open.received, Some(header), None)) {
        core.stats.side(Incident::HooksMissed);
    }
    let event_type = &header.event_type;
    let trace_id = open.received.trace_id();
    let say = core.unhandled.came(event_type.as_str());
    let answer = if event_type.is_callback() {
        tracing::error!(
            %event_type,
            trace_id,
            "no handler for this callback, so the user sees an error: register one with `.on(…)` or \
             `.on_raw(\"{event_type}\", …)`",
        );
        Answer::failed()
    } else {
        if say {
            tracing::info!(%event_type, trace_id, "no handler for this event; acknowledged, further ones this hour as well");
        }
        Answer::empty()
    };
    open.settle(core, Some(header), None, Outcome::Unhandled, &answer);
}

impl Open {
    fn settle(
        self,
        core: &Core,
        header: Option<&Arc<Header>>,
        route: Option<usize>,
        outcome: Outcome,
        answer: &Answer,
    ) {
        core.count(&self.received, header, route, outcome, answer);
        self.responder.send(answer);
    }
}
