//! The long connection as a whole: one or more connections of one app, kept up, and the handle to them.

mod builder;
mod config;
mod driver;
mod handle;
mod open;
mod outbox;
mod parts;
mod reconnect;
mod rotate;
mod router;
mod shared;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

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

/// How often clocks are compared and waiting answers looked at.
const TICK: Duration = Duration::from_millis(500);
/// How long a connection that is to close is given for what it has to write, once the grace is over.
const PARTING: Duration = Duration::from_millis(200);
/// A difference between the clocks' steps that means that the machine slept.
const JUMP: Duration = Duration::from_secs(15);

/// The long connection of one app: asks for URLs, connects, pings, reassembles, reconnects, for as long as it runs.
///
/// It is a [`Transport`]: [`LongConnection::run`] hands every message to an [`Inbox`]. Nothing is done before that, and
/// nothing after it: dropping the future of `run` ends everything at once. [`Shutdown`] ends it gracefully.
///
/// Self-built apps only, at most 50 connections per app; each message goes to one of an app's connections at random
/// (platform documentation, "Use long connection to receive events").
pub struct LongConnection {
    shared: Arc<Shared>,
}

impl LongConnection {
    /// A handle to watch and steer it, before and while it runs.
    pub fn handle(&self) -> ConnectionHandle {
        ConnectionHandle::new(Arc::clone(&self.shared))
    }

    /// Runs until `stop` is requested, or until no retry can help.
    ///
    /// # Errors
    ///
    /// A fatal [refusal](crate::Refusal), a used-up number of attempts, the connection limit where
    /// [`OnConnectionLimit::Fail`] was chosen. Outages are no errors: they are mended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes all connections at once, without a closing handshake. Deliveries that are out stay
    /// valid; their answers are lost.
    pub async fn run(self, inbox: Arc<dyn Inbox>, mut stop: Shutdown) -> Result<(), Error> {
        let shared = &self.shared;
        // In this order: a stop that was requested before the start is seen before anything is sent.
        let ended = tokio::select! {
            biased;
            () = close_on(shared, &mut stop) => Ok(()),
            ended = self.keep_connected(inbox) => ended,
            () = watch_clocks(shared) => Ok(()),
        };
        match &ended {
            Ok(()) => tracing::info!("stopped"),
            // The caller gets the error and reports it.
            Err(error) => tracing::debug!(%error, "stopped"),
        }
        shared.stopped(ended.as_ref().err());
        ended
    }

    async fn keep_connected(&self, inbox: Arc<dyn Inbox>) -> Result<(), Error> {
        let mut connections = JoinSet::new();
        for (index, signals) in self.shared.signals.iter().enumerate() {
            let reconnector = Reconnector::new(Arc::clone(&self.shared), Arc::clone(&inbox), index, signals);
            connections.spawn(reconnector.run().in_current_span());
        }
        while let Some(ended) = connections.join_next().await {
            match ended {
                Ok(ended) => ended?,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Transport for LongConnection {
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, stop: Shutdown) -> Result<(), Error> {
        Self::run(*self, inbox, stop).await
    }
}

/// However a client ends, or if it never runs: its state says so, and no answer waits for ever.
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

/// After a stop is requested: no new messages, answers for those that are out within the grace, closing handshakes.
/// Resolves once that must be over, should the connections not have ended by then.
async fn close_on(shared: &Shared, stop: &mut Shutdown) {
    let deadline = stop.requested().await;
    tracing::info!(grace = ?deadline.saturating_duration_since(Instant::now()), "stopping");
    shared.set_stopping();
    tokio::select! {
        biased;
        () = shared.router.all_answered() => {}
        () = stop.over() => {}
    }
    // Answers that the network has not taken yet have the rest of the grace; a connection without any closes at once.
    let now = Instant::now();
    let rest = stop.deadline().unwrap_or(now).saturating_duration_since(now);
    let patience = rest.max(PARTING);
    for signals in &shared.signals {
        signals.close.send_replace(Some(patience));
    }
    tokio::select! {
        biased;
        () = sleep(patience) => {}
        () = stop.over() => {
            shared.router.retire_all(PARTING);
            sleep(PARTING).await;
        }
    }
    let timeouts = &shared.config.timeouts;
    sleep(timeouts.write + timeouts.close + Duration::from_secs(1)).await;
}

/// Notices that the machine slept: the wall clock then moves on and the monotonic clock does not. Also gives up answers
/// that have waited too long for a connection.
async fn watch_clocks(shared: &Shared) {
    let clock = &shared.config.wall_clock;
    let (mut wall, mut monotonic) = (clock(), Instant::now());
    loop {
        sleep(TICK).await;
        let (wall_now, monotonic_now) = (clock(), Instant::now());
        if difference(wall, wall_now, monotonic_now - monotonic) > JUMP {
            tracing::info!("the clocks have moved apart, as after a sleep; asking for a sign of life");
            shared.woken();
        }
        (wall, monotonic) = (wall_now, monotonic_now);
        shared.router.expire(monotonic_now);
    }
}

/// By how much the wall clock's step from `before` to `after` differs from the monotonic clock's.
fn difference(before: SystemTime, after: SystemTime, monotonic: Duration) -> Duration {
    match after.duration_since(before) {
        Ok(step) => step.abs_diff(monotonic),
        Err(backwards) => backwards.duration() + monotonic,
    }
}
