//! Lifecycle events, delivered to a callback on its own thread.

use std::sync::Arc;
use std::time::Duration;

use crate::counters::Counters;
use crate::notify::Notifier;
use crate::{ConnectionInfo, Error, ServerSettings};

/// A lifecycle event of a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LifecycleEvent {
    /// A connection attempt begins.
    Connecting {
        /// The attempt of this outage, counted from 1.
        attempt: u32,
    },
    /// A connection is open.
    Connected {
        /// The identity of the connection.
        info: Arc<ConnectionInfo>,
        /// How long the client had no open connection before this one; `None` for the first. The platform does not
        /// repeat callbacks of that time; it sends events again.
        gap: Option<Duration>,
    },
    /// A connection attempt failed or was refused.
    AttemptFailed {
        /// Why.
        error: Error,
        /// The pause before the next attempt.
        retry_in: Duration,
    },
    /// An open connection was closed or lost.
    Disconnected {
        /// The identity of the connection.
        info: Arc<ConnectionInfo>,
        /// Why; `None` if it was closed on purpose (rotation, stop).
        cause: Option<Error>,
        /// How long it had been open.
        uptime: Duration,
    },
    /// The server's settings changed.
    Settings(ServerSettings),
    /// An answer was lost, because no connection was open in time.
    AnswerLost {
        /// The message that was not answered.
        message_id: Option<String>,
    },
    /// The machine slept, the process was stopped for 15 s or more, or the host reported a change of network. Open
    /// connections are being probed.
    Woken,
    /// The client ended.
    Stopped {
        /// Why; `None` if it was stopped on request.
        reason: Option<Error>,
    },
}

/// Maximum number of events queued for a slow observer. Further ones are counted as missed.
const BACKLOG: usize = 1024;

/// Passes events to a callback, if one is set.
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
