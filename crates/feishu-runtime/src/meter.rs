//! Counters, latencies and gauges for the `metrics` facade. Empty without the feature `metrics`.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "openapi")]
use crate::stats::Fate;
use crate::stats::{AttemptEnd, Incident, Outcome};

/// Counts the outcome of a delivery and its handler, if any.
#[cfg(feature = "metrics")]
pub(crate) fn settled(
    app_id: impl FnOnce() -> Arc<str>,
    outcome: Outcome,
    handler: Option<&Arc<str>>,
    took: Duration,
) {
    let (app_id, handler) = (app_id(), handler.map_or_else(|| Arc::from(""), Arc::clone));
    metrics::counter!(
        "feishu_deliveries_total",
        "app_id" => app_id.clone(), "outcome" => outcome.as_str(), "handler" => handler.clone()
    )
    .increment(1);
    metrics::histogram!("feishu_answer_seconds", "app_id" => app_id, "handler" => handler)
        .record(took.as_secs_f64());
}

/// Counts an incident.
#[cfg(feature = "metrics")]
pub(crate) fn incident(app_id: Option<&Arc<str>>, incident: Incident) {
    let app_id = app_id.map_or_else(|| Arc::from(""), Arc::clone);
    metrics::counter!("feishu_incidents_total", "app_id" => app_id, "kind" => incident.as_str()).increment(1);
}

/// Counts an attempt to handle an event of the inbox.
#[cfg(feature = "metrics")]
pub(crate) fn attempt(app_id: Arc<str>, handler: &Arc<str>, end: AttemptEnd, took: Duration) {
    metrics::counter!(
        "feishu_attempts_total",
        "app_id" => app_id.clone(), "end" => end.as_str(), "handler" => Arc::clone(handler)
    )
    .increment(1);
    metrics::histogram!("feishu_attempt_seconds", "app_id" => app_id, "handler" => Arc::clone(handler))
        .record(took.as_secs_f64());
}

/// Sets the gauge of the events in the inbox.
#[cfg(feature = "metrics")]
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(crate) fn backlog(app_id: Arc<str>, events: u64) {
    metrics::gauge!("feishu_inbox_backlog", "app_id" => app_id).set(events as f64);
}

/// Counts a call that the platform's rate limits held up: `throttled`, `refused` or `crowded`.
#[cfg(all(feature = "metrics", feature = "openapi"))]
pub(crate) fn rate(app_id: &Arc<str>, what: &'static str) {
    metrics::counter!("feishu_rate_limits_total", "app_id" => Arc::clone(app_id), "kind" => what)
        .increment(1);
}

#[cfg(all(not(feature = "metrics"), feature = "openapi"))]
pub(crate) fn rate(_: &Arc<str>, _: &'static str) {}

/// Counts the fate of a message that was sent beside the answer, by a `stream` or a `call`.
#[cfg(all(feature = "metrics", feature = "openapi"))]
pub(crate) fn fate(app_id: &Arc<str>, kind: &'static str, fate: Fate) {
    metrics::counter!(
        "feishu_later_messages_total",
        "app_id" => Arc::clone(app_id), "kind" => kind, "fate" => fate.as_str()
    )
    .increment(1);
}

#[cfg(all(not(feature = "metrics"), feature = "openapi"))]
pub(crate) fn fate(_: &Arc<str>, _: &'static str, _: Fate) {}

/// Sets the gauge of the connection; `again` counts a reconnect.
#[cfg(all(feature = "metrics", feature = "long-connection"))]
pub(crate) fn connected(app_id: &Arc<str>, is_connected: bool, again: bool) {
    metrics::gauge!("feishu_connected", "app_id" => Arc::clone(app_id)).set(if is_connected {
        1.0
    } else {
        0.0
    });
    let reconnects = metrics::counter!("feishu_reconnects_total", "app_id" => Arc::clone(app_id));
    reconnects.increment(u64::from(again));
}

/// A guard of a running handler, counted in the gauge `feishu_handlers_running`.
#[cfg(feature = "metrics")]
pub(crate) struct Running(metrics::Gauge);

#[cfg(feature = "metrics")]
impl Running {
    pub(crate) fn start(app_id: impl FnOnce() -> Arc<str>) -> Self {
        let gauge = metrics::gauge!("feishu_handlers_running", "app_id" => app_id());
        gauge.increment(1.0);
        Self(gauge)
    }
}

#[cfg(feature = "metrics")]
impl Drop for Running {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

#[cfg(not(feature = "metrics"))]
pub(crate) fn settled(_: impl FnOnce() -> Arc<str>, _: Outcome, _: Option<&Arc<str>>, _: Duration) {}

#[cfg(not(feature = "metrics"))]
pub(crate) fn incident(_: Option<&Arc<str>>, _: Incident) {}

#[cfg(not(feature = "metrics"))]
pub(crate) fn attempt(_: Arc<str>, _: &Arc<str>, _: AttemptEnd, _: Duration) {}

#[cfg(not(feature = "metrics"))]
pub(crate) fn backlog(_: Arc<str>, _: u64) {}

#[cfg(not(feature = "metrics"))]
pub(crate) struct Running;

#[cfg(not(feature = "metrics"))]
impl Running {
    pub(crate) fn start(_: impl FnOnce() -> Arc<str>) -> Self {
        Self
    }
}
