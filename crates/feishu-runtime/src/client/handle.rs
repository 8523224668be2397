//! The handle that watches and stops a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use feishu_transport::{ConnectionHandle, ShutdownHandle};
use tokio::time::Instant;

use super::health::{AtomicPhase, Health, Phase};
use crate::core::Core;
use crate::{InboxQueue, Stats};

/// Watches and stops a [`Client`](crate::Client). Cheap to clone; holding it does not keep the client running.
#[derive(Clone)]
pub struct ClientHandle {
    core: Arc<Core>,
    stop: ShutdownHandle,
    phase: Arc<AtomicPhase>,
    connection: Option<ConnectionHandle>,
    inbox: Option<InboxQueue>,
}

impl ClientHandle {
    pub(super) fn new(
        core: Arc<Core>,
        stop: ShutdownHandle,
        connection: Option<ConnectionHandle>,
        inbox: Option<InboxQueue>,
    ) -> Self {
        Self { core, stop, phase: Arc::default(), connection, inbox }
    }

    /// Asks the client to stop, with `grace` for the handlers that run; see
    /// [`run_until`](crate::Client::run_until) for what is still handled. A later request may shorten the time; zero ends
    /// at once.
    pub fn stop(&self, grace: Duration) {
        self.stop.stop(grace);
    }

    /// The counters so far. They stay readable after the client has ended.
    pub fn stats(&self) -> Stats {
        self.core.read_stats()
    }

    /// Who the app's own bot is, if that is known by now: a handler has asked with
    /// [`Context::bot`](crate::Context::bot). `None` says that it is not known, never that there is no bot.
    #[cfg(feature = "openapi")]
    #[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
    pub fn bot(&self) -> Option<feishu_callbacks::im::BotIdentity> {
        self.core.api.get()?.known_bot().cloned()
    }

    /// The handle of the long connection; `None` with another transport.
    pub fn connection(&self) -> Option<&ConnectionHandle> {
        self.connection.as_ref()
    }

    /// The client's events in its [inbox](crate::EventInbox): how many wait, and the dead letters. `None` without an inbox.
    pub fn inbox(&self) -> Option<&InboxQueue> {
        self.inbox.as_ref()
    }

    /// The current health, for probes. A connection that has received nothing for 4 min, twice the platform's usual ping
    /// interval, counts as not ready.
    pub fn health(&self) -> Health {
        self.health_within(2 * Duration::from_secs(120))
    }

    /// As [`health`](Self::health), with another maximum silence of a ready connection.
    pub fn health_within(&self, max_silence: Duration) -> Health {
        let connection = self.connection.as_ref();
        Health {
            phase: self.phase.get(),
            connected: connection.map(|connection| connection.is_healthy(max_silence)),
            connection: connection.map(ConnectionHandle::state),
            running: self.core.admission.read().running,
            clock_ahead: self.core.clock.ahead(),
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
    }

    pub(super) fn core(&self) -> &Core {
        &self.core
    }

    pub(crate) fn stop_by(&self, deadline: Instant) {
        self.stop.stop_by(deadline);
    }
}

impl fmt::Debug for ClientHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandle").field("connection", &self.connection).finish_non_exhaustive()
    }
}
