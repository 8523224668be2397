//! The interface between receiving and dispatching: a transport produces deliveries, an inbox takes them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Delivery, Error, Shutdown, Takeover};

/// A source of deliveries: the long connection, a webhook, a queue, a recording, a channel in a test.
#[async_trait]
pub trait Transport: Send {
    /// Passes every delivery to `inbox` until `stop` is requested or the source ends.
    ///
    /// After [`Shutdown::requested`], a transport sends the answers to what it has handed over as they are given, and ends
    /// once none is due, at [`Shutdown::over`] at the latest. A click is never sent again: one that the platform gives to
    /// this transport before that is handed over as ever. What can be left to others is not taken any more.
    ///
    /// For a delivery that waited in a queue before it reached this process, set
    /// [`Received::arrived_ago`](crate::Received::arrived_ago): the deadlines of handlers count from the arrival.
    ///
    /// # Errors
    ///
    /// If it cannot deliver again, for example because the platform refused the app.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the transport at once.
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, stop: Shutdown) -> Result<(), Error>;
}

/// Takes deliveries from a transport.
pub trait Inbox: Send + Sync {
    /// Takes one delivery. Called on the task that reads the socket, so it must pass the delivery on and return without
    /// blocking. A full inbox answers the delivery itself, or drops it, which answers with code 500.
    fn deliver(&self, delivery: Delivery);

    /// Takes one delivery on the task of its connection, where it may be handled at once: that saves a task and a wake-up.
    /// [`LongConnection`](crate::LongConnection) calls this in place of [`deliver`](Self::deliver), which it calls by
    /// default. If it may block, it must arrange for [`Takeover::start`] to be called from elsewhere meanwhile, as the
    /// connection neither reads nor writes until this returns.
    fn deliver_here(&self, delivery: Delivery, takeover: &Takeover) {
        let _ = takeover;
        self.deliver(delivery);
    }
}

impl<F: Fn(Delivery) + Send + Sync> Inbox for F {
    fn deliver(&self, delivery: Delivery) {
        self(delivery);
    }
}

/// A bounded channel as an inbox. If it is full or closed, the delivery is answered with code 500.
impl Inbox for tokio::sync::mpsc::Sender<Delivery> {
    fn deliver(&self, delivery: Delivery) {
        drop(self.try_send(delivery));
    }
}
