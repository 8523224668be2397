//! The long connection: one or more connections of one app, reconnected as needed, and the handle to them.

mod builder;
mod clocks;
mod closing;
mod config;
mod doubt;
mod driver;
mod ending;
mod handle;
mod hold;
mod open;
mod outbox;
mod parts;
#[cfg(feature = "doctor")]
mod probe;
mod reconnect;
mod router;
mod shared;
mod stall;
mod task;
mod tick;
mod unsent;
mod waits;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

pub use builder::LongConnectionBuilder;
pub use config::{OnConnectionLimit, Retries};
pub use handle::{ConnectionHandle, States};

use reconnect::Reconnector;
use shared::Shared;

use crate::{Error, Inbox, Shutdown, Transport};

/// How long a closing connection may keep writing once the grace is over.
const PARTING: Duration = Duration::from_millis(200);

/// The long connection of one app: requests URLs, connects, pings, reassembles messages and reconnects while it runs.
///
/// It is a [`Transport`]: [`LongConnection::run`] hands every message to an [`Inbox`]. Nothing is sent before `run` is
/// called, and dropping its future ends everything at once. [`Shutdown`] ends it gracefully.
///
/// Self-built apps only, at most 50 connections per app; each message goes to one of an app's connections at random
/// (platform documentation, "Use long connection to receive events").
pub struct LongConnection {
    shared: Arc<Shared>,
}

impl LongConnection {
    /// A handle to watch and control it, before and while it runs.
    pub fn handle(&self) -> ConnectionHandle {
        ConnectionHandle::new(Arc::clone(&self.shared))
    }

    /// Runs until a stop is requested or an error occurs that no retry can fix.
    ///
    /// # Errors
    ///
    /// A fatal [refusal](crate::Refusal), too many failed attempts ([`Retries`](crate::Retries)), or the
    /// connection limit if [`OnConnectionLimit::Fail`] was chosen. Outages are not errors: the client reconnects. Of
    /// several connections the one that meets such an error ends, and the others go on; this returns once none is left,
    /// with [`ErrorKind::AllEnded`](crate::ErrorKind::AllEnded) if their errors differ.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes all connections at once, without a closing handshake. Pending deliveries stay valid,
    /// but their answers are lost.
    pub async fn run(self, inbox: Arc<dyn Inbox>, mut stop: Shutdown) -> Result<(), Error> {
        let shared = &self.shared;
        // The stop comes first, so that one requested before the start is seen before anything is sent.
        let ended = tokio::select! {
            biased;
            () = close_on(shared, &mut stop) => Ok(()),
            ended = self.keep_connected(inbox) => ended,
            () = clocks::watch(shared) => Ok(()),
        };
        match &ended {
            Ok(()) => tracing::info!("stopped"),
            // The caller gets the error and reports it.
            Err(error) => tracing::debug!(%error, "stopped"),
        }
        shared.stopped(ended.as_ref().err());
        ended
    }

    /// Runs all connections. One that ends with an error leaves the others as they are; once none is left, all their
    /// errors are returned.
    async fn keep_connected(&self, inbox: Arc<dyn Inbox>) -> Result<(), Error> {
        let mut connections = JoinSet::new();
        for (index, signals) in self.shared.signals.iter().enumerate() {
            let reconnector = Reconnector::new(Arc::clone(&self.shared), Arc::clone(&inbox), index, signals);
            connections.spawn(async move { (index, reconnector.run().await) }.in_current_span());
        }
        let mut reasons = Vec::new();
        let mut closed = false;
        while let Some(ended) = connections.join_next().await {
            match ended {
                Ok((index, Err(reason))) => {
                    let left = connections.len();
                    if left > 0 {
                        tracing::error!(connection = index, left, %reason, "a connection ended for good; the others go on");
                        self.shared.connection_ended(index, &reason);
                    }
                    reasons.push(reason);
                }
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Ok((_, Ok(()))) | Err(_) => closed = true,
            }
        }
        // A connection that was closed by a stop: the client ends as it was asked to.
        if closed { Ok(()) } else { Err(Error::all_ended(reasons)) }
    }
}

#[async_trait]
impl Transport for LongConnection {
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, stop: Shutdown) -> Result<(), Error> {
        Self::run(*self, inbox, stop).await
    }
}

/// Sets the final state and drops waiting answers, however the client ends, even if it never ran.
impl Drop for LongConnection {
    fn drop(&mut self) {
        self.shared.stopped(None);
    }
}

impl fmt::Debug for LongConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongConnection")
            .field("state", &*self.shared.watch().borrow())
            .finish_non_exhaustive()
    }
}

/// After a stop is requested: each connection closes as soon as nothing that came on it waits for an answer. Until then
/// the platform gives it messages, which are handed over as ever. Resolves once that must be over, should the connections
/// not have ended by then.
async fn close_on(shared: &Shared, stop: &mut Shutdown) {
    let deadline = stop.requested().await;
    tracing::info!(grace = ?deadline.saturating_duration_since(Instant::now()), "stopping");
    shared.set_stopping();
    shared.close_by(deadline + PARTING);
    stop.over().await;
    // What is answered at the very end is still written.
    shared.close_by(Instant::now() + PARTING);
    shared.router.retire_all(PARTING);
    sleep(PARTING).await;
    let timeouts = &shared.config.timeouts;
    sleep(timeouts.write + timeouts.close + Duration::from_secs(1)).await;
}
