//! Outcome counters: `received` is the sum of all outcomes and `pending`.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::histogram::{Histogram, Latency};

macro_rules! counts {
    (
        $(#[$enum_doc:meta])* $name:ident, $live:ident, $values:ident, $(#[$values_doc:meta])*;
        $($(#[$doc:meta])+ $variant:ident $field:ident,)+
    ) => {
        $(#[$enum_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])+ $variant,)+ }

        impl $name {
            /// The name in counts, logs and metrics.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)+ }
            }
        }

        $(#[$values_doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub struct $values { $($(#[$doc])+ pub $field: u64,)+ }

        impl $values {
            /// All counts by name, for an exporter.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($field), self.$field)),+].into_iter()
            }
        }

        #[derive(Debug, Default)]
        struct $live { $($field: AtomicU64,)+ }

        impl $live {
            fn one(&self, which: $name) {
                match which { $($name::$variant => &self.$field,)+ }.fetch_add(1, Relaxed);
            }

            fn read(&self) -> $values {
                $values { $($field: self.$field.load(Relaxed),)+ }
            }
        }
    };
}

counts! {
    /// What became of one delivery. Each has exactly one outcome.
    Outcome, LiveOutcomes, OutcomeCounts, /// How many deliveries had which outcome.
    ;
    /// A handler's reply was sent before the deadline.
    Answered answered,
    /// The deadline passed first; what was chosen for that case was sent.
    Late late,
    /// The handler returned an error, or a reply that cannot be sent; code 500.
    Failed failed,
    /// The handler panicked; code 500.
    Panicked panicked,
    /// The payload is no callback or event, or cannot be read as what its handler takes; code 500.
    Undecodable undecodable,
    /// A repeat: answered as the first one was, without the handler.
    Duplicate duplicate,
    /// No handler for the type: an event was acknowledged, a callback refused with code 500.
    Unhandled unhandled,
    /// No room: code 500.
    Shed shed,
    /// The client ended before there was an answer.
    Abandoned abandoned,
}

counts! {
    /// Incidents that are not the outcome of a delivery.
    Incident, LiveIncidents, IncidentCounts, /// Counts of incidents that are not the outcome of a delivery.
    ;
    /// Handlers that ended well after their delivery had been answered.
    LateCompleted late_completed,
    /// Handlers that failed or panicked after their delivery had been answered.
    LateFailed late_failed,
    /// Handlers that were cancelled at the deadline, or cut off by the end of the client, after their delivery had been
    /// answered.
    CutOff cut_off,
    /// Events older than the limit, which went to the handler for stale ones.
    Stale stale,
    /// Polls of a handler that kept a thread for too long.
    Stalls stalls,
    /// Futures given to `after_reply` that were left out because the answer was lost.
    AfterReplySkipped after_reply_skipped,
    /// Futures given to `after_reply` that panicked.
    AfterReplyPanicked after_reply_panicked,
    /// Calls of an observer that were left out because it was too slow.
    ObserverMissed observer_missed,
    /// Calls of the shared store for duplicates that failed or took too long; the event was handled all the same.
    StoreErrors store_errors,
}

/// A reading of all counts of a client, from its start.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Deliveries received.
    pub received: u64,
    /// Their outcomes.
    pub outcomes: OutcomeCounts,
    /// Deliveries that have no outcome yet.
    pub pending: u64,
    /// Incidents that are not the outcome of a delivery.
    pub incidents: IncidentCounts,
    /// Handlers that run, late ones included.
    pub running: usize,
    /// Deliveries that wait for a running place.
    pub queued: usize,
    /// Bytes of the payloads that run or wait.
    pub held_bytes: usize,
    /// Answers remembered for repeats.
    pub remembered: usize,
    /// Bytes that these take.
    pub remembered_bytes: usize,
    /// The same for each handler, in the order of registration.
    pub handlers: Vec<HandlerStats>,
    /// Types without a handler, with how many came; 256 types at most. Serialised as an object.
    #[serde(serialize_with = "by_name")]
    pub unhandled: Vec<(String, u64)>,
}

/// What happened to one handler.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HandlerStats {
    /// Its name.
    pub name: String,
    /// The type it is registered for; empty for a fallback.
    pub event_type: String,
    /// The outcomes of its deliveries.
    pub outcomes: OutcomeCounts,
    /// How long its answers took.
    pub latency: Latency,
}

impl OutcomeCounts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }
}

impl Stats {
    /// Whether every delivery has one outcome or is pending. True whenever no delivery is being counted at the moment of
    /// the reading.
    pub fn is_consistent(&self) -> bool {
        self.received == self.outcomes.total() + self.pending
    }
}

fn by_name<S: Serializer>(counts: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(name, count)| (name, count)))
}

/// One line for a log or a person.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "received {}", self.received)?;
        for (name, count) in self.outcomes.iter().filter(|(_, count)| *count > 0) {
            write!(f, ", {name} {count}")?;
        }
        if self.pending > 0 { write!(f, ", pending {}", self.pending) } else { Ok(()) }
    }
}

/// The live counts of a client. Lock-free.
#[derive(Debug)]
pub(crate) struct Ledger {
    received: AtomicU64,
    pending: AtomicU64,
    outcomes: LiveOutcomes,
    incidents: LiveIncidents,
    handlers: Vec<HandlerLedger>,
}

#[derive(Debug, Default)]
struct HandlerLedger {
    outcomes: LiveOutcomes,
    latency: Histogram,
}

impl Ledger {
    pub(crate) fn new(handlers: usize) -> Self {
        Self {
            received: AtomicU64::new(0),
            pending: AtomicU64::new(0),
            outcomes: LiveOutcomes::default(),
            incidents: LiveIncidents::default(),
            handlers: (0..handlers).map(|_| HandlerLedger::default()).collect(),
        }
    }

    pub(crate) fn received(&self) {
        self.pending.fetch_add(1, Relaxed);
        self.received.fetch_add(1, Relaxed);
    }

    /// The one outcome of a delivery; `route` and the time it took where a handler was found.
    pub(crate) fn settled(&self, outcome: Outcome, handler: Option<(usize, Duration)>) {
        self.outcomes.one(outcome);
        self.pending.fetch_sub(1, Relaxed);
        if let Some((route, took)) = handler {
            if let Some(handler) = self.handlers.get(route) {
                handler.outcomes.one(outcome);
                handler.latency.record(took);
            }
        }
    }

    pub(crate) fn incident(&self, incident: Incident) {
        self.incidents.one(incident);
    }

    /// Reads all counts; `describe` names the handlers.
    pub(crate) fn read(&self, describe: impl Fn(usize) -> (String, String)) -> Stats {
        let handlers = self.handlers.iter().enumerate().map(|(route, handler)| {
            let (name, event_type) = describe(route);
            HandlerStats {
                name,
                event_type,
                outcomes: handler.outcomes.read(),
                latency: handler.latency.read(),
            }
        });
        Stats {
            received: self.received.load(Relaxed),
            pending: self.pending.load(Relaxed),
            outcomes: self.outcomes.read(),
            incidents: self.incidents.read(),
            handlers: handlers.collect(),
            ..Stats::default()
        }
    }
}
