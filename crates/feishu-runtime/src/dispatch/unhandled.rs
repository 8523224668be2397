//! Deliveries without a handler.

use std::sync::Arc;

use feishu_callbacks::{EventType, Header};
use feishu_transport::{Answer, Delivery, Kind};

use crate::core::Core;
use crate::observe::Observed;
use crate::stats::Outcome;

/// Answers, counts and logs a delivery without a handler.
pub(super) fn unhandled(core: &Core, header: &Arc<Header>, delivery: Delivery) {
    core.observe(|| Observed::Unhandled(core.describe(delivery.received(), Some(header), None)));
    let event_type = &header.event_type;
    let log = core.unhandled.came(event_type.as_str());
    let answer = if event_type.is_callback() { Answer::failed() } else { Answer::empty() };
    if log {
        log_unhandled(event_type, delivery.received().trace_id());
    }
    settle(core, delivery, Some(header), Outcome::Unhandled, &answer);
}

/// Logs at most once per type and hour; `stats()` has the counts.
fn log_unhandled(event_type: &EventType, trace_id: Option<&str>) {
    if !event_type.is_callback() {
        tracing::info!(%event_type, trace_id, "no handler for this event, acknowledged; logged once per hour");
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

/// Logs what a frame of type `card` means.
pub(super) fn warn_of_card_frame(core: &Core, delivery: &Delivery, header: &Header) {
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

/// Answers and counts a delivery without a handler.
pub(super) fn settle(
    core: &Core,
    delivery: Delivery,
    header: Option<&Arc<Header>>,
    outcome: Outcome,
    answer: &Answer,
) {
    let took = delivery.received().received_at().elapsed();
    core.count(delivery.received(), header, None, outcome, answer, took);
    delivery.answer(answer);
}

/// What the user sees of a callback answered with code 500, for the log.
pub(super) fn code_500_shows(event_type: &EventType) -> &'static str {
    match event_type.as_str() {
        "card.action.trigger" => "the user who clicked sees an error",
        "url.preview.get" => "the user sees the plain link",
        _ => "answered with code 500",
    }
}
