//! The task of one connection: reads a message, hands it over, and writes the answers that came of it.
//!
//! The inbox may run a handler on this task, which saves a task and a wake-up for each message. While it does, the driver
//! is not locked: should the handler block, [`Takeover`] starts another task, which goes on reading and writing.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::driver::{Driver, Receive};
use super::ending::Ending;
use crate::Inbox;
use crate::session::Session;
use crate::takeover::Takeover;

/// Messages that are read before answers are written: few enough that the peer goes on with the first answers while the others
/// are made. With 64 in flight a batch of 64 kept one side waiting for the other all the time.
const BATCH: usize = 32;
/// Batches after which other tasks of the runtime have their turn.
const BATCHES: usize = 8;
/// How long answers may wait for the other messages of their batch.
const BATCH_TIME: Duration = Duration::from_micros(250);

/// A connection that is being driven. Dropping it ends the connection.
pub(super) struct Driven {
    connection: Arc<Connection>,
    ended: oneshot::Receiver<(Session, Ending)>,
}

struct Connection {
    driver: Mutex<Option<Driver>>,
    ended: Mutex<Option<oneshot::Sender<(Session, Ending)>>>,
    /// The number of the task that drives it now.
    task: AtomicU64,
    running: Mutex<Option<AbortHandle>>,
    inbox: Arc<dyn Inbox>,
    runtime: Handle,
    span: Span,
}

impl Driven {
    /// Starts the task of a connection, within a runtime.
    pub(super) fn start(driver: Driver, inbox: Arc<dyn Inbox>) -> Self {
        let (sender, ended) = oneshot::channel();
        let connection = Arc::new(Connection {
            driver: Mutex::new(Some(driver)),
            ended: Mutex::new(Some(sender)),
            task: AtomicU64::new(0),
            running: Mutex::new(None),
            inbox,
            runtime: Handle::current(),
            span: Span::current(),
        });
        connection.spawn(0);
        Self { connection, ended }
    }
}

impl Future for Driven {
    /// With the session, for the next connection; `None` if the inbox panicked.
    type Output = Option<(Session, Ending)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.ended).poll(cx).map(Result::ok)
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        drop(self.connection.driver().take());
        if let Some(running) = lock(&self.connection.running).take() {
            running.abort();
        }
    }
}

impl Connection {
    fn driver(&self) -> MutexGuard<'_, Option<Driver>> {
        lock(&self.driver)
    }

    fn spawn(self: &Arc<Self>, number: u64) {
        let connection = Arc::clone(self);
        let takeover = Takeover::new(move || connection.take_over(number));
        let task = Task { connection: Arc::clone(self), number, takeover };
        let task = self.runtime.spawn(task.instrument(self.span.clone()));
        *lock(&self.running) = Some(task.abort_handle());
    }

    /// Starts another task in place of the one with this number, unless that was done before.
    fn take_over(self: &Arc<Self>, number: u64) {
        if self.task.compare_exchange(number, number + 1, SeqCst, SeqCst).is_ok() {
            self.spawn(number + 1);
        }
    }

    fn end(&self, mut slot: MutexGuard<'_, Option<Driver>>, ending: Ending) -> Turn {
        let driver = slot.take();
        drop(slot);
        let sender = lock(&self.ended).take();
        if let (Some(driver), Some(sender)) = (driver, sender) {
            let _ = sender.send((driver.into_session(), ending));
        }
        Turn::Over
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One task of a connection.
struct Task {
    connection: Arc<Connection>,
    number: u64,
    takeover: Takeover,
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..BATCHES {
            match self.turn(cx) {
                Turn::More => {}
                Turn::Waits => return Poll::Pending,
                Turn::Over => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// What follows a batch.
enum Turn {
    /// There may be more to read.
    More,
    /// Nothing, until the task is woken.
    Waits,
    /// The connection ended, or another task has taken over.
    Over,
}

impl Task {
    /// Reads a batch of messages, hands each over, and writes what was answered.
    fn turn(&self, cx: &mut Context<'_>) -> Turn {
        let connection = &self.connection;
        let mut began = None;
        let (mut next, mut drained) = (Turn::More, false);
        for _ in 0..BATCH {
            let Some(mut slot) = self.driver() else { return Turn::Over };
            let Some(driver) = slot.as_mut() else { return Turn::Over };
            let now = Instant::now();
            match began {
                None => {
                    began = Some(now);
                    driver.begin();
                }
                Some(began) if now.saturating_duration_since(began) > BATCH_TIME => break,
                Some(_) => {}
            }
            let delivery = match driver.receive(now, cx) {
                Ok(Receive::Delivery(delivery)) => delivery,
                Ok(Receive::Drained) => {
                    (next, drained) = (Turn::Waits, true);
                    break;
                }
                Ok(Receive::Held) => {
                    next = Turn::Waits;
                    break;
                }
                Err(ending) => return connection.end(slot, ending),
            };
            drop(slot);
            connection.inbox.deliver_here(delivery, &self.takeover);
        }
        let Some(mut slot) = self.driver() else { return Turn::Over };
        let Some(driver) = slot.as_mut() else { return Turn::Over };
        match driver.write(drained, cx) {
            Ok(()) => next,
            Err(ending) => connection.end(slot, ending),
        }
    }

    /// The driver; `None` once another task has taken over.
    fn driver(&self) -> Option<MutexGuard<'_, Option<Driver>>> {
        let slot = self.connection.driver();
        (self.connection.task.load(SeqCst) == self.number).then_some(slot)
    }
}

/// Ends a connection whose inbox panicked, unless another task has taken it over.
impl Drop for Task {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(mut slot) = self.driver() {
                drop(slot.take());
                drop(lock(&self.connection.ended).take());
            }
        }
    }
}
