//! Watching and stopping a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use feishu_transport::{ConnectionHandle, StopHandle};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Stats;
use crate::core::Core;

/// Watches and stops a [`Client`](crate::Client). Cheap to clone; it keeps nothing running.
#[derive(Clone)]
pub struct ClientHandle {
    core: Arc<Core>,
    stop: StopHandle,
    ending: Arc<watch::Sender<Option<Instant>>>,
    connection: Option<ConnectionHandle>,
}

impl ClientHandle {
    pub(super) fn new(core: Arc<Core>, stop: StopHandle, connection: Option<ConnectionHandle>) -> Self {
        Self { core, stop, ending: Arc::new(watch::channel(None).0), connection }
    }

    /// Asks the client to stop: no new deliveries, and `grace` for the handlers that run. A later request may shorten
    /// the time; zero ends at once.
    pub fn stop(&self, grace: Duration) {
        let by = Instant::now() + grace;
        self.ending.send_if_modified(|current| {
            let sooner = current.is_none_or(|current| by < current);
            if sooner {
                *current = Some(by);
            }
            sooner
        });
        self.stop.stop(grace);
    }

    /// The counts so far. They can be read after the client has ended.
    pub fn stats(&self) -> Stats {
        self.core.read_stats()
    }

    /// The long connection, to watch and steer; `None` over another transport.
    pub fn connection(&self) -> Option<&ConnectionHandle> {
        self.connection.as_ref()
    }

    pub(super) fn ending(&self) -> watch::Receiver<Option<Instant>> {
        self.ending.subscribe()
    }
}

impl fmt::Debug for ClientHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandle").field("connection", &self.connection).finish_non_exhaustive()
    }
}
