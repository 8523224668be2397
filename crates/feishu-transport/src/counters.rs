//! Counters of received messages. They add up: each was delivered, dropped for a named reason, or is still incomplete.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// The live counts of a client, shared by its connections. Lock-free.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Count,)+
        }

        /// A snapshot of all counters, counted from the start of the client.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct CounterValues {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Counters {
            /// Reads all counters. Not atomic as a whole while messages arrive.
            pub(crate) fn read(&self) -> CounterValues {
                CounterValues { $($name: self.$name.get(),)+ }
            }
        }

        impl CounterValues {
            /// All counters by name, for a metrics exporter.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }
        }
    };
}

counters! {
    /// WebSocket messages received, of every kind.
    received,
    /// Frames that were, or were part of, a delivered message.
    frames_delivered,
    /// Fragments of incomplete messages. A gauge: goes up and down.
    fragments_waiting,
    /// Pongs to application-level pings, with or without settings.
    pongs,
    /// Application-level pings from the server. They count as a sign of life and are not answered.
    server_pings,
    /// WebSocket-level pings, pongs and close messages.
    websocket_control,
    /// Dropped: text messages, which the protocol does not use.
    text_messages,
    /// Dropped: binary messages that are not a protobuf frame.
    undecodable,
    /// Dropped: frames with a method other than control and data, or a control type other than ping and pong.
    unknown_control,
    /// Dropped: data frames of a type other than event and card.
    unknown_type,
    /// Dropped: fragments that cannot be placed (no or bad `seq`, no `message_id`, another `sum` than before).
    bad_fragments,
    /// Dropped: fragments and messages over a limit.
    over_limit,
    /// Dropped: repeated fragments, and fragments of a message that was already complete.
    repeated_fragments,
    /// Dropped: fragments whose message was not completed in time.
    expired_fragments,
    /// Dropped: fragments evicted to make room for newer ones.
    evicted_fragments,

    /// Messages complete: handed to the inbox, or refused because the connection was closing.
    delivered,
    /// Of these: not handed over, as the client was stopping and had sent its close message: no answer could leave any more.
    refused_while_stopping,
    /// Messages that were not handed over but answered with 500, as they were over a limit or evicted in parts.
    refused_too_large,
    /// Answers written to a connection.
    answers_written,
    /// Answers lost because no connection was open in time.
    answers_lost,
    /// Pongs whose settings could not be read; the previous settings stay in force.
    bad_settings,
    /// Application-level pings sent.
    pings_sent,
    /// Connection attempts.
    attempts,
    /// Connections opened.
    connections,
    /// Lifecycle events that a slow observer missed.
    events_missed,
}

impl CounterValues {
    /// Messages dropped for a named reason.
    pub fn dropped(&self) -> u64 {
        self.text_messages
            + self.undecodable
            + self.unknown_control
            + self.unknown_type
            + self.bad_fragments
            + self.over_limit
            + self.repeated_fragments
            + self.expired_fragments
            + self.evicted_fragments
    }

    /// Whether everything received was delivered, dropped for a named reason, a control message, or a fragment of an
    /// incomplete message. True if no message was being processed while the snapshot was taken.
    pub fn is_consistent(&self) -> bool {
        let talk = self.pongs + self.server_pings + self.websocket_control;
        self.received == self.frames_delivered + self.fragments_waiting + talk + self.dropped()
    }

    /// Unanswered deliveries.
    pub fn answers_pending(&self) -> u64 {
        (self.delivered + self.refused_too_large).saturating_sub(self.answers_written + self.answers_lost)
    }
}

/// One counter.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn sub(&self, n: u64) {
        self.0.fetch_sub(n, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
