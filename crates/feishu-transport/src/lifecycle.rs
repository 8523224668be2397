//! Lifecycle events, delivered to a callback on its own thread.

use std::sync::Arc;
use std::time::Duration;

use crate::counters::Counters;
use crate::notify::Notifier;
use crate::{ConnectionInfo, Error, ServerSettings};

/// One thing that happened to a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LifecycleEvent {
    /// An attempt to connect begins; the number is that of this outage, from 1.
    Connecting {
        /// The attempt, from 1.
        attempt: u32,
    },
    /// A connection is open.
    Connected {
        /// Its name and number.
        info: Arc<ConnectionInfo>,
        /// How long the client had no connection at all before this one, if it had one earlier. Callbacks of that time
        /// are lost; events will be sent again.
        gap: Option<Duration>,
    },
    /// An attempt failed, or was refused.
    AttemptFailed {
        /// Why.
        error: Error,
        /// The pause before the next attempt.
        retry_in: Duration,
    },
    /// An open connection is gone.
    Disconnected {
        /// Its name and number.
        info: Arc<ConnectionInfo>,
        /// Why; `None` when it was let go on purpose (rotation, stop).
        cause: Option<Error>,
        /// How long it had been open.
        uptime: Duration,
    },
    /// The server's settings changed.
    Settings(ServerSettings),
    /// An answer could not be delivered: no connection in the time in which it was of use.
    AnswerLost {
        /// The message that stays without an answer.
        message_id: Option<String>,
    },
    /// The clocks jumped or the host said that the network changed; connections are being probed.
    Woken,
    /// The client ended.
    Stopped {
        /// Why, when it was not asked to.
        reason: Option<Error>,
    },
}

/// Events that wait for a slow observer. More than these are counted as missed.
const BACKLOG: usize = 1024;

/// Hands events to a callback, if there is one.
#[derive(Debug)]
pub(crate) struct Observer(Option<Notifier<LifecycleEvent>>);

impl Observer {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn start(callback: Box<dyn FnMut(LifecycleEvent) + Send>) -> std::io::Result<Self> {
        Ok(Self(Some(Notifier::start("feishu-lifecycle", BACKLOG, callback)?)))
    }

    pub(crate) fn tell(&self, counters: &Counters, event: impl FnOnce() -> LifecycleEvent) {
        if self.0.as_ref().is_some_and(|notifier| !notifier.notify(event())) {
            counters.events_missed.one();
        }
    }
}
