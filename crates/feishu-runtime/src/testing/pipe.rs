//! An in-process transport that delivers pushed callbacks.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use feishu_transport::{Delivery, Error, Inbox, PendingAnswer, Received, Shutdown, Transport};
use tokio::sync::{mpsc, watch};

use super::received;

/// Maximum pushes queued while the transport does not run.
const BACKLOG: usize = 65_536;

/// Creates a pipe: the platform's end, and the transport for [`Client::with_transport`](crate::Client::with_transport).
pub fn pipe() -> (Pipe, PipeTransport) {
    let (sender, receiver) = mpsc::channel(BACKLOG);
    let waiting = Arc::new(watch::channel(0).0);
    (Pipe { sender, waiting: Arc::clone(&waiting) }, PipeTransport { receiver, waiting })
}

/// The platform's end of a pipe. Dropping it ends the transport.
#[derive(Clone)]
pub struct Pipe {
    sender: mpsc::Sender<Delivery>,
    waiting: Arc<watch::Sender<usize>>,
}

/// The transport's end of a pipe.
pub struct PipeTransport {
    receiver: mpsc::Receiver<Delivery>,
    waiting: Arc<watch::Sender<usize>>,
}

impl Pipe {
    /// Pushes a callback, given as JSON as for [`Harness::call`](super::Harness::call). It is delivered even when the
    /// answer is not awaited. When 65 536 wait for a transport that does not run, it is refused with code 500.
    pub fn push(&self, payload: impl fmt::Display) -> PendingAnswer {
        self.push_received(received(&payload))
    }

    /// Pushes a message with chosen headers and arrival.
    pub fn push_received(&self, received: Received) -> PendingAnswer {
        let (delivery, answer) = Delivery::channel(received);
        let waiting = Arc::clone(&self.waiting);
        waiting.send_modify(|waiting| *waiting += 1);
        let delivery = delivery.tap(move |_| waiting.send_modify(|waiting| *waiting -= 1));
        // A delivery that is not taken is dropped, which answers with code 500.
        drop(self.sender.try_send(delivery));
        answer
    }
}

#[async_trait]
impl Transport for PipeTransport {
    async fn run(mut self: Box<Self>, inbox: Arc<dyn Inbox>, mut stop: Shutdown) -> Result<(), Error> {
        let stopping = loop {
            tokio::select! {
                biased;
                _ = stop.requested() => break true,
                delivery = self.receiver.recv() => match delivery {
                    Some(delivery) => inbox.deliver(delivery),
                    None => break false,
                },
            }
        };
        // As on the long connection, what comes is delivered until nothing waits for an answer.
        let mut waiting = self.waiting.subscribe();
        while stopping && *waiting.borrow_and_update() > 0 {
            tokio::select! {
                biased;
                () = stop.over() => break,
                Some(delivery) = self.receiver.recv() => inbox.deliver(delivery),
                changed = waiting.changed() => if changed.is_err() { break },
            }
        }
        self.receiver.close();
        while self.receiver.try_recv().is_ok() {}
        let mut waiting = self.waiting.subscribe();
        let answered = waiting.wait_for(|waiting| *waiting == 0);
        tokio::select! {
            _ = answered => {}
            () = stop.over(), if stopping => {}
        }
        Ok(())
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("waiting", &*self.waiting.borrow()).finish_non_exhaustive()
    }
}

impl fmt::Debug for PipeTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeTransport").finish_non_exhaustive()
    }
}
