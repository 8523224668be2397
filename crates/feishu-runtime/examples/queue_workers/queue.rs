//! The queue between the connection and the workers, in place of a message broker.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use feishu_runtime::transport::{Answer, Delivery, Error, Inbox, Received, Shutdown, Transport};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

/// A job for a worker. With a real broker, the answer channel becomes the name of a queue of answers, and the arrival a time
/// that both machines agree on, such as that of the broker.
#[derive(Debug)]
pub(crate) struct Job {
    payload: Bytes,
    headers: Vec<(String, String)>,
    arrival: Instant,
    answer_to: oneshot::Sender<Answer>,
}

/// The receiving end: puts every delivery of the connection on the queue.
pub(crate) struct Enqueue(mpsc::Sender<Job>);

/// The workers' end; each worker has a clone.
#[derive(Clone)]
pub(crate) struct Jobs(Arc<Mutex<mpsc::Receiver<Job>>>);

/// Creates a queue of at most `capacity` jobs.
pub(crate) fn queue(capacity: usize) -> (Enqueue, Jobs) {
    let (sender, receiver) = mpsc::channel(capacity);
    (Enqueue(sender), Jobs(Arc::new(Mutex::new(receiver))))
}

impl Inbox for Enqueue {
    fn deliver(&self, delivery: Delivery) {
        let received = delivery.received();
        let (answer_to, answer) = oneshot::channel();
        let job = Job {
            payload: received.payload().clone(),
            headers: received.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            arrival: received.received_at(),
            answer_to,
        };
        if self.0.try_send(job).is_err() {
            // The queue is full. Dropping the delivery answers with code 500 at once.
            return;
        }
        tokio::spawn(async move {
            // A worker that died sends no answer: the delivery is dropped, which answers with code 500.
            if let Ok(answer) = answer.await {
                delivery.answer(&answer);
            }
        });
    }
}

impl Jobs {
    /// Takes the next job; `None` once the connection is gone and the queue is empty.
    ///
    /// # Cancel safety
    ///
    /// Safe: no job is lost.
    pub(crate) async fn next(&self) -> Option<Job> {
        self.0.lock().await.recv().await
    }
}

/// A worker takes jobs until it is stopped or the queue ends.
#[async_trait]
impl Transport for Jobs {
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, mut stop: Shutdown) -> Result<(), Error> {
        loop {
            let job = tokio::select! {
                biased;
                _ = stop.requested() => return Ok(()),
                job = self.next() => job,
            };
            let Some(job) = job else { return Ok(()) };
            // The deadline of the handler counts from the arrival at the connection, not from here.
            let received = Received::new(job.payload, job.headers).arrived_at(job.arrival);
            let (delivery, answer) = Delivery::channel(received);
            inbox.deliver(delivery);
            tokio::spawn(async move {
                // The connection may be gone.
                let _ = job.answer_to.send(answer.await);
            });
        }
    }
}
