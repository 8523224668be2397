//! Counts of every message's fate. They add up: what was received was delivered, dropped for a named reason, or waits.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// The live counts of a client, shared by its connections. Lock-free.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Count,)+
        }

        /// A reading of all counts, from the start of the client.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct CounterValues {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Counters {
            /// Reads all counts. While messages arrive the reading is not one instant's.
            pub(crate) fn read(&self) -> CounterValues {
                CounterValues { $($name: self.$name.get(),)+ }
            }
        }

        impl CounterValues {
            /// All counts by name, for a metrics exporter.
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
    /// Fragments that wait for the rest of their message. Goes up and down.
    fragments_waiting,
    /// Pongs to the application-level ping, with settings or without.
    pongs,
    /// Application-level pings of the server's; a sign of life, not answered.
    server_pings,
    /// WebSocket-level pings, pongs and close messages.
    websocket_control,
    /// Dropped: text messages, which have no meaning here.
    text_messages,
    /// Dropped: binary messages that are no protobuf frame.
    undecodable,
    /// Dropped: frames with a method other than control and data, or a control type other than ping and pong.
    unknown_control,
    /// Dropped: data frames of a type other than event and card.
    unknown_type,
    /// Dropped: fragments that cannot be placed (no or bad `seq`, no `message_id`, another `sum` than before).
    bad_fragments,
    /// Dropped: fragments and messages past a limit.
    over_limit,
    /// Dropped: fragments of a message that was already complete, or that were there already.
    repeated_fragments,
    /// Dropped: fragments whose message was not completed in time.
    expired_fragments,
    /// Dropped: fragments that made room for newer ones.
    evicted_fragments,

    /// Messages complete: handed to the inbox, or refused because the client was stopping.
    delivered,
    /// Of these: refused with code 500, as the client was stopping.
    refused_while_stopping,
    /// Answers written to a connection.
    answers_written,
    /// Answers lost: no connection in time.
    answers_lost,
    /// Pongs whose settings could not be read; the settings stay.
    bad_settings,
    /// Application-level pings sent.
    pings_sent,
    /// Attempts to connect.
    attempts,
    /// Connections made.
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

    /// Whether everything received is delivered, dropped for a named reason, part of the connection's own talk, or
    /// waiting for the rest of its message. True whenever no message is being handled at the moment of the reading.
    pub fn is_consistent(&self) -> bool {
        let talk = self.pongs + self.server_pings + self.websocket_control;
        self.received == self.frames_delivered + self.fragments_waiting + talk + self.dropped()
    }

    /// Deliveries that have not been answered yet.
    pub fn answers_pending(&self) -> u64 {
        self.delivered.saturating_sub(self.answers_written + self.answers_lost)
    }
}

/// One count.
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
