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
            /// All counters by name, for an exporter.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($field), self.$field)),+].into_iter()
            }
        }

        #[allow(dead_code, reason = "some are counted with the feature `openapi` only")]
        #[derive(Debug, Default)]
        pub(crate) struct $live { $($field: AtomicU64,)+ }

        #[allow(dead_code, reason = "some are counted with the feature `openapi` only")]
        impl $live {
            pub(crate) fn one(&self, which: $name) {
                match which { $($name::$variant => &self.$field,)+ }.fetch_add(1, Relaxed);
            }

            pub(crate) fn read(&self) -> $values {
                $values { $($field: self.$field.load(Relaxed),)+ }
            }
        }
    };
}

counts! {
    /// The outcome of a delivery. Each delivery has exactly one.
    Outcome, LiveOutcomes, OutcomeCounts, /// The number of deliveries per outcome.
    ;
    /// A handler's reply was sent before the deadline.
    Answered answered,
    /// The deadline passed first; the late reply was sent.
    Late late,
    /// The handler returned an error, or a reply that cannot be sent; code 500.
    Failed failed,
    /// The handler panicked; code 500.
    Panicked panicked,
    /// The payload is not a callback or event, or cannot be decoded as its handler's type; code 500.
    Undecodable undecodable,
    /// A repeat, answered as the first delivery was, without running the handler.
    Duplicate duplicate,
    /// No handler for the type: an event was acknowledged, a callback was refused with code 500.
    Unhandled unhandled,
    /// Refused because of a limit; code 500.
    Shed shed,
    /// Stored in the inbox and acknowledged; its handler runs from there. See [`AttemptCounts`].
    Stored stored,
    /// Refused because the inbox could not store it; code 500.
    Unstored unstored,
    /// Came while the client was stopping: an event was refused with code 500, and comes again elsewhere; a callback for
    /// which no time was left got the reply of `on_stopping`.
    Refused refused,
    /// The client ended before the handler had answered.
    Abandoned abandoned,
}

counts! {
    /// Incidents that are not the outcome of a delivery.
    Incident, LiveIncidents, IncidentCounts, /// Counts of incidents that are not the outcome of a delivery.
    ;
    /// Handlers that succeeded after their delivery had been answered.
    LateCompleted late_completed,
    /// Handlers that failed or panicked after their delivery had been answered.
    LateFailed late_failed,
    /// Handlers that were cancelled, at the deadline or at the end of the client, after their delivery had been answered.
    CutOff cut_off,
    /// Late cards that were left out, as a later click on the same message had got a newer one.
    GaveWay gave_way,
    /// Events over the age limit, which went to the handler for stale events.
    Stale stale,
    /// Members of payloads that could not be read and were left out.
    OddMembers odd_members,
    /// Polls of a handler that blocked a thread for too long.
    Stalls stalls,
    /// Futures given to `after_reply` that were dropped because the answer was lost.
    AfterReplySkipped after_reply_skipped,
    /// Futures given to `after_reply` that panicked.
    AfterReplyPanicked after_reply_panicked,
    /// Calls of an observer that were dropped because it was too slow.
    ObserverMissed observer_missed,
    /// Calls of the dedup store that failed or timed out; the event was handled without it.
    StoreErrors store_errors,
    /// Calls of the inbox's engine that failed or timed out.
    InboxErrors inbox_errors,
}

counts! {
    /// The end of one attempt to handle an event of the inbox.
    AttemptEnd, LiveAttempts, AttemptCounts, /// The number of attempts to handle events of the inbox, by their end.
    ;
    /// The handler succeeded, or `once_per` says that another delivery was handled: the event is removed.
    Succeeded succeeded,
    /// The handler failed: the event is tried again.
    Failed failed,
    /// The event was given up: it is a dead letter.
    Dead dead,
    /// The handler did not run, as a limit was reached, or was cut off because the client ended: the event is tried again,
    /// and the attempt is not counted.
    Released released,
    /// The claim of the event could not be renewed in time, so the handler was cancelled.
    Lost lost,
}

counts! {
    /// What became of a message that was sent beside the answer: streamed into a card, or sent, replied or updated by a single
    /// call.
    Fate, LiveFates, FateCounts, /// The number of messages that were sent beside the answer, by their fate.
    ;
    /// The platform took the whole text, or the call.
    Delivered delivered,
    /// It took the whole text of a stream, as updates of a message: the app lacks the scope for card entities.
    ByFallback by_fallback,
    /// A stream was ended before its text was whole, or aborted: its card says so. The future of a call was dropped before
    /// the answer.
    Abandoned abandoned,
    /// The platform did not take the whole text of a stream, or the client ended first. It refused the call, or the call was
    /// not made.
    Failed failed,
    /// No answer to the call came: it may have been carried out.
    Unknown unknown,
    /// The platform did not take the whole text of a stream in time, or the client stopped first, and the inbox keeps it. What comes of
    /// it there is counted by the client that tries it again.
    Kept kept,
}

/// How often calls of the OpenAPI waited for the platform's rate limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RateCounts {
    /// Calls that wait now.
    pub waiting: u64,
    /// Calls that had to wait before they were made.
    pub throttled: u64,
    /// Calls that the platform refused for their rate all the same, each attempt counted.
    pub refused: u64,
    /// Calls that were not made because too many waited already, or the platform takes none for a long time.
    pub crowded: u64,
}

/// A snapshot of all counters of a client, counted from its start.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Deliveries received.
    pub received: u64,
    /// Outcomes of the deliveries.
    pub outcomes: OutcomeCounts,
    /// Deliveries without an outcome yet.
    pub pending: u64,
    /// Incidents that are not the outcome of a delivery.
    pub incidents: IncidentCounts,
    /// Attempts to handle events of the inbox, by their end.
    pub attempts: AttemptCounts,
    /// Events in the inbox that are not handled yet, as of the last seconds; those of other processes included.
    pub backlog: u64,
    /// Answers that were streamed into a card, by their fate.
    pub streamed: FateCounts,
    /// Answers that are being streamed.
    pub streaming: u64,
    /// Messages that were sent, replied to, edited or got another card by single calls of the client's `OpenApi`, by their
    /// fate. Late cards are included; calls of a card entity and of streams are not.
    pub sent: FateCounts,
    /// How often calls of the OpenAPI waited for the platform's rate limits.
    pub rates: RateCounts,
    /// Running handlers, late ones included.
    pub running: usize,
    /// Deliveries waiting for a running slot.
    pub queued: usize,
    /// Bytes of all running and waiting payloads.
    pub held_bytes: usize,
    /// Answers remembered for repeats.
    pub remembered: usize,
    /// Bytes of the remembered answers.
    pub remembered_bytes: usize,
    /// The counters of each handler, in the order of registration.
    pub handlers: Vec<HandlerStats>,
    /// Types without a handler, with their counts; at most 256 types. Serialised as an object.
    #[serde(serialize_with = "by_name")]
    pub unhandled: Vec<(String, u64)>,
    /// Members of payloads that could not be read and were left out, by type and place
    /// (`card.action.trigger event.action.checked`); at most 256 places. Serialized as an object.
    #[serde(serialize_with = "by_name")]
    pub odd_members: Vec<(String, u64)>,
}

/// The counters of one handler.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HandlerStats {
    /// The name of the handler.
    pub name: String,
    /// The event type; empty for a fallback.
    pub event_type: String,
    /// The outcomes of its deliveries.
    pub outcomes: OutcomeCounts,
    /// The distribution of its answer times.
    pub latency: Latency,
}

impl OutcomeCounts {
    /// The sum.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }
}

impl Stats {
    /// Whether `received` is the sum of all outcomes and `pending`. True if no delivery was being counted while the snapshot
    /// was taken.
    pub fn is_consistent(&self) -> bool {
        self.received == self.outcomes.total() + self.pending
    }
}

fn by_name<S: Serializer>(counts: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(name, count)| (name, count)))
}

/// One line for logs.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "received {}", self.received)?;
        for (name, count) in self.outcomes.iter().filter(|(_, count)| *count > 0) {
            write!(f, ", {name} {count}")?;
        }
        if self.pending > 0 {
            write!(f, ", pending {}", self.pending)?;
        }
        for (what, fates) in [("streamed", &self.streamed), ("sent", &self.sent)] {
            for (name, count) in fates.iter().filter(|(_, count)| *count > 0) {
                write!(f, ", {what} {name} {count}")?;
            }
        }
        Ok(())
    }
}

/// The live counters of a client. Lock-free.
#[derive(Debug)]
pub(crate) struct Ledger {
    received: AtomicU64,
    pending: AtomicU64,
    outcomes: LiveOutcomes,
    incidents: LiveIncidents,
    attempts: LiveAttempts,
    backlog: AtomicU64,
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
            attempts: LiveAttempts::default(),
            backlog: AtomicU64::new(0),
            handlers: (0..handlers).map(|_| HandlerLedger::default()).collect(),
        }
    }

    pub(crate) fn received(&self) {
        self.pending.fetch_add(1, Relaxed);
        self.received.fetch_add(1, Relaxed);
    }

    /// Counts the outcome of a delivery, for its route if it has a handler.
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

    pub(crate) fn attempt(&self, end: AttemptEnd) {
        self.attempts.one(end);
    }

    pub(crate) fn backlog(&self, events: u64) {
        self.backlog.store(events, Relaxed);
    }

    /// Reads all counters; `describe` names the handlers.
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
            attempts: self.attempts.read(),
            backlog: self.backlog.load(Relaxed),
            handlers: handlers.collect(),
            ..Stats::default()
        }
    }
}
