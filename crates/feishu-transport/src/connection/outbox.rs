//! The queue of answers and requests to one connection's driver.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use feishu_proto::RawFrame;
use tokio::time::Instant;

use crate::{Confirm, ConnectionInfo};

/// An encoded answer. It does not hold the message, so that the buffer with that can be used for the next one.
pub(super) struct Outgoing {
    pub(super) wire: Bytes,
    /// When the message arrived.
    pub(super) arrival: Instant,
    pub(super) confirm: Option<Confirm>,
}

impl Outgoing {
    /// The id of the message that it answers.
    pub(super) fn message_id(&self) -> Option<String> {
        RawFrame::decode(self.wire.clone()).ok()?.message_id().map(str::to_owned)
    }
}

/// Requests to a driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    /// Ping the peer now and require an answer.
    pub(super) probe: bool,
    /// Close once every delivery is answered, after this time at the latest.
    pub(super) retire: Option<Duration>,
}

/// The outbox of one connection. Bounded by the pending deliveries, each of which is answered once.
pub(super) struct Outbox {
    pub(super) info: Arc<ConnectionInfo>,
    inner: Mutex<Inner>,
    /// The unanswered deliveries of this connection and the bytes of their payloads in one number: [`ONE`] for each delivery,
    /// plus the bytes.
    pending: AtomicU64,
}

/// One delivery. Its payload, and that of all others together, has fewer bytes than this: 1 TiB.
const ONE: u64 = 1 << 40;

#[derive(Default)]
struct Inner {
    queue: Vec<Outgoing>,
    orders: Orders,
    closed: bool,
    waker: Option<Waker>,
}

impl Outbox {
    pub(super) fn new(info: Arc<ConnectionInfo>) -> Self {
        Self { info, inner: Mutex::default(), pending: AtomicU64::new(0) }
    }

    /// Queues an answer, or gives it back when the connection is closing or gone.
    pub(super) fn push(&self, outgoing: Outgoing) -> Result<(), Outgoing> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(outgoing);
        }
        inner.queue.push(outgoing);
        wake(inner);
        Ok(())
    }

    pub(super) fn probe(&self) {
        let mut inner = self.lock();
        inner.orders.probe = true;
        wake(inner);
    }

    pub(super) fn retire(&self, patience: Duration) {
        let mut inner = self.lock();
        inner.orders.retire = Some(patience);
        wake(inner);
    }

    /// Does not wake the driver until the next [`Outbox::poll_take`], because it is running.
    pub(super) fn hold_wakes(&self) {
        drop(self.lock().waker.take());
    }

    /// Takes everything queued since the last call; `Pending` if there is nothing. The next entry wakes the driver.
    pub(super) fn poll_take(&self, cx: &Context<'_>, into: &mut VecDeque<Outgoing>) -> Poll<Orders> {
        let mut inner = self.lock();
        match &mut inner.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        let orders = std::mem::take(&mut inner.orders);
        if inner.queue.is_empty() && orders == Orders::default() {
            return Poll::Pending;
        }
        into.extend(inner.queue.drain(..));
        Poll::Ready(orders)
    }

    /// Closes the outbox and returns the answers that were still queued.
    pub(super) fn close(&self) -> Vec<Outgoing> {
        let mut inner = self.lock();
        inner.closed = true;
        std::mem::take(&mut inner.queue)
    }

    pub(super) fn delivered(&self, bytes: usize) {
        self.pending.fetch_add(ONE + bytes as u64, SeqCst);
    }

    /// Counts one delivery as answered. Called before the answer is pushed, so that the push wakes a driver that waits
    /// for the last one.
    pub(super) fn answered(&self, bytes: usize) {
        self.pending.fetch_sub(ONE + bytes as u64, SeqCst);
    }

    pub(super) fn pending(&self) -> u64 {
        self.pending.load(SeqCst) / ONE
    }

    pub(super) fn pending_bytes(&self) -> u64 {
        self.pending.load(SeqCst) % ONE
    }

    /// Wakes the driver to look at [`Outbox::pending`] again.
    pub(super) fn nudge(&self) {
        wake(self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes outside of the lock, because the driver takes that lock at once.
fn wake(mut inner: MutexGuard<'_, Inner>) {
    let waker = inner.waker.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}
