//! What a client did, told at its end.

use std::fmt;
use std::time::Duration;

use crate::Stats;

/// What became of everything that a client received.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Deliveries answered with a handler's reply, in time.
    pub answered: u64,
    /// Deliveries whose deadline passed first.
    pub late: u64,
    /// Deliveries that got no answer of ours because the client ended.
    pub abandoned: u64,
    /// The same by handler; only those that had anything to do.
    pub handlers: Vec<HandlerReport>,
    /// How long the end took.
    pub drained_in: Duration,
    /// All counts.
    pub stats: Stats,
}

/// What became of one handler's deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerReport {
    /// The handler's name: its type, where nothing else was chosen.
    pub name: String,
    /// The type it is registered for; empty for a fallback.
    pub event_type: String,
    /// Answered in time.
    pub answered: u64,
    /// Late.
    pub late: u64,
    /// Without an answer.
    pub abandoned: u64,
}

impl Report {
    pub(super) fn new(stats: Stats, drained_in: Duration) -> Self {
        let handlers = stats.handlers.iter().filter(|handler| handler.outcomes.total() > 0);
        let handlers = handlers.map(|handler| HandlerReport {
            name: handler.name.clone(),
            event_type: handler.event_type.clone(),
            answered: handler.outcomes.answered,
            late: handler.outcomes.late,
            abandoned: handler.outcomes.abandoned,
        });
        Self {
            answered: stats.outcomes.answered,
            late: stats.outcomes.late,
            abandoned: stats.outcomes.abandoned,
            handlers: handlers.collect(),
            drained_in,
            stats,
        }
    }
}

/// One line for a log or a person.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stats)?;
        let abandoned = self.handlers.iter().filter(|handler| handler.abandoned > 0);
        for (index, handler) in abandoned.enumerate() {
            let lead = if index == 0 { "; abandoned: " } else { ", " };
            write!(f, "{lead}{} × {}", handler.abandoned, handler.name)?;
        }
        write!(f, "; ended in {:?}", self.drained_in)
    }
}
