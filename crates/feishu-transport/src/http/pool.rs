//! Open HTTP connections of one client, kept for its next calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::BoxStream;

/// Idle connections that are kept; a call that finds none opens one.
const MAX_IDLE: usize = 8;
/// hyper accepts no smaller buffer.
const MIN_BUFFER: usize = 8 << 10;

/// One open connection. Dropping it closes it, also in the middle of a call.
pub(super) struct Open {
    pub(super) sender: SendRequest<Full<Bytes>>,
    served: JoinHandle<()>,
}

impl Open {
    /// Speaks HTTP over `stream`; the header of an answer may have so many bytes.
    pub(super) async fn over(stream: BoxStream, header_bytes: usize) -> hyper::Result<Self> {
        let mut builder = Builder::new();
        builder.max_buf_size(header_bytes.max(MIN_BUFFER));
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        // What goes wrong is returned by the sender.
        let served = tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(Self { sender, served })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// The idle connections of one client. At most [`MAX_IDLE`], each for a limited time.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    idle: Vec<Idle>,
    /// Closes what has been idle for too long; runs only while something is idle.
    sweeper: Option<JoinHandle<()>>,
}

struct Idle {
    open: Open,
    since: Instant,
    /// The monotonic clock may stop while the machine sleeps, and the connection dies meanwhile.
    wall: SystemTime,
}

impl Pool {
    /// The connection that was used last, unless it was idle for longer than `keep`.
    pub(super) fn take(&self, keep: Duration) -> Option<Open> {
        let mut inner = lock(&self.0);
        inner.sweep(keep);
        inner.idle.pop().map(|idle| idle.open)
    }

    /// Keeps a connection whose last answer has been read, for so long.
    pub(super) fn put(&self, open: Open, keep: Duration) {
        if keep.is_zero() || open.sender.is_closed() {
            return;
        }
        let mut inner = lock(&self.0);
        inner.sweep(keep);
        if inner.idle.len() >= MAX_IDLE {
            return;
        }
        inner.idle.push(Idle { open, since: Instant::now(), wall: SystemTime::now() });
        if inner.sweeper.as_ref().is_none_or(JoinHandle::is_finished) {
            inner.sweeper = Some(tokio::spawn(sweep(Arc::downgrade(&self.0), keep)));
        }
    }
}

impl Inner {
    fn sweep(&mut self, keep: Duration) {
        self.idle.retain(|idle| {
            let asleep = idle.wall.elapsed().is_ok_and(|idle| idle > keep);
            !idle.open.sender.is_closed() && idle.since.elapsed() < keep && !asleep
        });
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(sweeper) = &self.sweeper {
            sweeper.abort();
        }
    }
}

async fn sweep(pool: Weak<Mutex<Inner>>, keep: Duration) {
    loop {
        sleep(keep).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut inner = lock(&pool);
        inner.sweep(keep);
        if inner.idle.is_empty() {
            inner.sweeper = None;
            return;
        }
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}
