//! What happens to a client, told to an observer that can never block it.

use std::fmt;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::counters::Counters;
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

type Callback = Box<dyn FnMut(LifecycleEvent) + Send>;

/// Hands events to a callback on a thread of its own: whatever the callback does, the client goes on.
pub(crate) struct Observer(Option<mpsc::SyncSender<LifecycleEvent>>);

impl Observer {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Starts the thread; it ends with the client, after the events that were waiting.
    pub(crate) fn spawn(mut callback: Callback) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(BACKLOG);
        std::thread::Builder::new().name("feishu-lifecycle".to_owned()).spawn(move || {
            for event in receiver {
                callback(event);
            }
        })?;
        Ok(Self(Some(sender)))
    }

    pub(crate) fn tell(&self, counters: &Counters, event: impl FnOnce() -> LifecycleEvent) {
        if let Some(sender) = &self.0 {
            if sender.try_send(event()).is_err() {
                counters.events_missed.one();
            }
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}
