//! The seam between receiving and dispatching: a transport yields deliveries, an inbox takes them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Delivery, Error, Shutdown};

/// Anything that yields deliveries: the long connection, a webhook, a queue, a recording, a channel in a test.
#[async_trait]
pub trait Transport: Send {
    /// Hands every delivery to `inbox` until `stop` is requested or there is nothing more to come.
    ///
    /// After [`Shutdown::requested`], a transport takes no new deliveries, sends the answers to those it has handed over as
    /// they are given, until [`Shutdown::over`] at the latest, and then ends.
    ///
    /// A delivery that waited in a queue before it came to this process should say so with
    /// [`Received::arrived_ago`](crate::Received::arrived_ago): the deadlines of handlers count from the arrival.
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
