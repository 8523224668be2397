//! The seam between receiving and dispatching: a transport yields deliveries, an inbox takes them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{Delivery, Error};

/// Anything that yields deliveries: the long connection, a webhook, a queue, a recording, a channel in a test.
#[async_trait]
pub trait Transport: Send {
    /// Hands every delivery to `inbox` until `stop` is requested or there is nothing more to come.
    ///
    /// After [`Shutdown::requested`], a transport takes no new deliveries, sends the answers to those it has handed over as
    /// they are given, for at most [`Shutdown::grace`], and then ends.
    ///
    /// # Errors
    ///
    /// When it can never deliver again, for example because the platform refused the app.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops at once.
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, stop: Shutdown) -> Result<(), Error>;
}

/// Takes deliveries from a transport.
pub trait Inbox: Send + Sync {
    /// Takes one delivery. It is called from the task that reads the socket: it must hand over and return, never block.
    /// An inbox that has no room answers or drops the delivery, which answers 500.
    fn deliver(&self, delivery: Delivery);
}

impl<F: Fn(Delivery) + Send + Sync> Inbox for F {
    fn deliver(&self, delivery: Delivery) {
        self(delivery);
    }
}

/// A bounded channel as an inbox. When it is full, or its receiver is gone, the delivery is answered with code 500.
impl Inbox for tokio::sync::mpsc::Sender<Delivery> {
    fn deliver(&self, delivery: Delivery) {
        drop(self.try_send(delivery));
    }
}

/// Asks running parts to stop gracefully. The other end is the [`ShutdownHandle`].
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Option<Duration>>);

/// Requests a graceful stop. Cheap to clone; a request sticks, also one that is made before the start.
#[derive(Clone, Debug)]
pub struct ShutdownHandle(Arc<watch::Sender<Option<Duration>>>);

impl Shutdown {
    /// A stop and the handle that requests it.
    pub fn new() -> (ShutdownHandle, Self) {
        let (sender, receiver) = watch::channel(None);
        (ShutdownHandle(Arc::new(sender)), Self(receiver))
    }

    /// Resolves once a stop is requested, with the grace period; never when every handle is gone without a request.
    ///
    /// # Cancel safety
    ///
    /// Safe: a request is not lost.
    pub async fn requested(&mut self) -> Duration {
        match self.0.wait_for(Option::is_some).await.map(|grace| *grace) {
            Ok(Some(grace)) => grace,
            _ => std::future::pending().await,
        }
    }

    /// Resolves when a later request leaves less time than until `deadline`.
    pub(crate) async fn shortened(&mut self, deadline: tokio::time::Instant) {
        let shorter = |grace: &Option<Duration>| {
            grace.is_some_and(|grace| tokio::time::Instant::now() + grace < deadline)
        };
        loop {
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if shorter(&self.0.borrow_and_update()) {
                let Some(grace) = self.grace() else { continue };
                tokio::time::sleep(grace).await;
                return;
            }
        }
    }

    /// How long running work may still take; `None` while no stop is requested.
    pub fn grace(&self) -> Option<Duration> {
        *self.0.borrow()
    }
}

impl ShutdownHandle {
    /// Requests a stop that gives running work `grace` to end. The first request counts; a later, shorter one
    /// shortens it.
    pub fn stop(&self, grace: Duration) {
        self.0.send_if_modified(|current| {
            let shorter = current.is_none_or(|current| grace < current);
            if shorter {
                *current = Some(grace);
            }
            shorter
        });
    }

    /// Whether a stop was requested.
    pub fn is_requested(&self) -> bool {
        self.0.borrow().is_some()
    }
}
