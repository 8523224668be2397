//! The final report of a client.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::Stats;

/// The final report of a client: the outcome of every delivery.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// All counters, with the outcomes of each handler.
    pub stats: Stats,
    /// Time from the stop request to the end. Serialised as `{"secs":…,"nanos":…}`.
    pub drained_in: Duration,
}

impl Report {
    pub(super) fn new(stats: Stats, drained_in: Duration) -> Self {
        Self { stats, drained_in }
    }
}

/// One line for logs.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stats)?;
        let abandoned = self.stats.handlers.iter().filter(|handler| handler.outcomes.abandoned > 0);
        for (index, handler) in abandoned.enumerate() {
            let lead = if index == 0 { "; abandoned: " } else { ", " };
            write!(f, "{lead}{} × {}", handler.outcomes.abandoned, handler.name)?;
        }
        write!(f, "; ended in {:?}", self.drained_in)
    }
}
