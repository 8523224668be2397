//! The handle that watches and controls a long connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::shared::Shared;
use crate::{CounterValues, Error, State};

/// Watches and controls a [`LongConnection`](crate::LongConnection). Cheap to clone; holding it does not keep the client
/// running.
#[derive(Clone)]
pub struct ConnectionHandle {
    shared: Arc<Shared>,
}

impl ConnectionHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The current state of the client: the best state of its connections.
    pub fn state(&self) -> State {
        self.shared.watch().borrow().clone()
    }

    /// The current state of each connection.
    pub fn connections(&self) -> Vec<State> {
        self.shared.states()
    }

    /// A stream of the client's states, starting with the current one.
    pub fn states(&self) -> States {
        let mut receiver = self.shared.watch();
        receiver.mark_changed();
        States { receiver, over: false }
    }

    /// Resolves once a connection is open.
    ///
    /// # Errors
    ///
    /// When the client ends without one: the reason, or a misuse error if it was stopped on request.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost.
    pub async fn ready(&self) -> Result<(), Error> {
        let mut states = self.shared.watch();
        let ready =
            states.wait_for(|state| matches!(state, State::Connected(_) | State::Stopped { .. })).await;
        match ready.as_deref() {
            Ok(State::Connected(_)) => Ok(()),
            Ok(State::Stopped { reason: Some(reason) }) => Err(reason.clone()),
            _ => Err(Error::misuse("the client was stopped before it was connected")),
        }
    }

    /// Whether a connection is open and has received something within `max_silence`, for a readiness probe. Twice the
    /// ping interval (4 min by default) is a sensible `max_silence`.
    pub fn is_healthy(&self, max_silence: Duration) -> bool {
        self.shared.states().iter().any(|state| match state {
            State::Connected(connected) => {
                let last = connected.last_frame().unwrap_or(connected.since);
                Instant::now().saturating_duration_since(last) <= max_silence
            }
            _ => false,
        })
    }

    /// The counters so far. They stay readable after the client has ended.
    pub fn counters(&self) -> CounterValues {
        self.shared.counters.read()
    }

    /// Reports that the network changed (another Wi-Fi, a resumed machine): each open connection must answer a ping
    /// within 5 s, and a client that waits to reconnect tries at once.
    pub fn network_changed(&self) {
        self.shared.woken();
    }

    /// By how many seconds the host's clock is ahead of the platform's, by the `Date` of the last endpoint call's answer;
    /// negative if it is behind. True to about 2 s. `None` until a connection was requested, or if the
    /// [`EndpointSource`](crate::EndpointSource) does not tell it.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.shared.clock_ahead()
    }

    /// Replaces each connection: the new one opens before the old one closes, so no message is missed, and pending
    /// answers still go out on the old one.
    pub fn rotate(&self) {
        self.shared.signals.iter().for_each(|signals| signals.rotate.send_modify(|times| *times += 1));
    }
}

impl fmt::Debug for ConnectionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionHandle").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// The states of a client as they change; made by [`ConnectionHandle::states`].
#[derive(Debug)]
pub struct States {
    receiver: tokio::sync::watch::Receiver<State>,
    /// Whether the last state has been returned.
    over: bool,
}

impl States {
    /// The next state; the first call returns the present one at once. Changes that were missed in between are skipped. `None` once
    /// [`State::Stopped`] has been seen: there is no state after that.
    ///
    /// # Cancel safety
    ///
    /// Safe: a change is not lost.
    pub async fn next(&mut self) -> Option<State> {
        if self.over {
            return None;
        }
        self.receiver.changed().await.ok()?;
        let state = self.receiver.borrow_and_update().clone();
        self.over = state.is_stopped();
        Some(state)
    }
}
