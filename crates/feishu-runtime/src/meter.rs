//! Counts and latencies for the `metrics` facade. Without the feature nothing is left of it.

use std::time::Duration;

use crate::stats::{Incident, Outcome};

/// A delivery has its outcome; `handler` names its handler, if it had one.
#[cfg(feature = "metrics")]
pub(crate) fn settled(outcome: Outcome, handler: Option<&std::sync::Arc<str>>, took: Duration) {
    let handler = handler.map_or_else(|| std::sync::Arc::from(""), std::sync::Arc::clone);
    metrics::counter!("feishu_deliveries_total", "outcome" => outcome.as_str(), "handler" => handler.clone())
        .increment(1);
    metrics::histogram!("feishu_answer_seconds", "handler" => handler).record(took.as_secs_f64());
}

/// Something else happened.
#[cfg(feature = "metrics")]
pub(crate) fn incident(incident: Incident) {
    metrics::counter!("feishu_incidents_total", "kind" => incident.as_str()).increment(1);
}

#[cfg(not(feature = "metrics"))]
pub(crate) fn settled(_: Outcome, _: Option<&std::sync::Arc<str>>, _: Duration) {}

#[cfg(not(feature = "metrics"))]
pub(crate) fn incident(_: Incident) {}
