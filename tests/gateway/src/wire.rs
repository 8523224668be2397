//! The byte stream below HTTP: TCP, TLS or an in-memory pipe, with fault injection.
//!
//! Faults of the network live here, below every protocol: a stream can stall, be cut, or hold its bytes back so that
//! the 101 answer and the first frames leave in one write.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

use crate::shared::lock;

/// A stream that can be served.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Makes the coming drop a reset instead of an orderly end, where the stream knows the difference.
    fn reset_on_drop(&self);
}

impl Io for TcpStream {
    fn reset_on_drop(&self) {
        // Best effort: without it the drop is a FIN, which is a cut as well.
        let _ = self.set_zero_linger();
    }
}

impl Io for DuplexStream {
    fn reset_on_drop(&self) {}
}

#[cfg(feature = "tls")]
impl<S: Io> Io for tokio_rustls::server::TlsStream<S> {
    fn reset_on_drop(&self) {
        self.get_ref().0.reset_on_drop();
    }
}

/// A stream and its tap.
pub(crate) struct Wire {
    io: Box<dyn Io>,
    tap: Arc<Tap>,
    held: Vec<u8>,
}

/// Stalls, cuts or holds back a [`Wire`] from outside of the task that owns it.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    stalled: AtomicBool,
    cut: AtomicBool,
    holding: AtomicBool,
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

impl Tap {
    /// Stops all reads and writes without notifying the peer.
    pub(crate) fn stall(&self) {
        self.stalled.store(true, Ordering::SeqCst);
        self.wake();
    }

    /// Undoes [`Tap::stall`].
    pub(crate) fn resume(&self) {
        self.stalled.store(false, Ordering::SeqCst);
        self.wake();
    }

    /// Ends the stream at once, without a closing handshake of higher protocols.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.wake();
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    /// Keeps written bytes until [`Tap::release`].
    pub(crate) fn hold(&self) {
        self.holding.store(true, Ordering::SeqCst);
    }

    /// The next flush writes what was held, in one piece.
    pub(crate) fn release(&self) {
        self.holding.store(false, Ordering::SeqCst);
    }

    fn wake(&self) {
        for slot in [&self.reader, &self.writer] {
            if let Some(waker) = lock(slot).take() {
                waker.wake();
            }
        }
    }

    /// Remembers who to wake, then looks at the tap: a turn of the tap between the two is not lost.
    fn check(&self, slot: &Mutex<Option<Waker>>, cx: &Context<'_>) -> Poll<io::Result<()>> {
        {
            let mut slot = lock(slot);
            if !slot.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *slot = Some(cx.waker().clone());
            }
        }
        if self.is_cut() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by the gateway")));
        }
        if self.stalled.load(Ordering::SeqCst) { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl Wire {
    pub(crate) fn new(io: impl Io, tap: Arc<Tap>) -> Self {
        Self { io: Box::new(io), tap, held: Vec::new() }
    }

    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.tap.is_cut() {
            self.io.reset_on_drop();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.tap.check(&this.tap.reader, cx))?;
        Pin::new(&mut this.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.tap.check(&this.tap.writer, cx))?;
        if this.tap.holding.load(Ordering::SeqCst) || !this.held.is_empty() {
            this.held.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut this.io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.tap.check(&this.tap.writer, cx))?;
        if this.tap.holding.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        ready!(this.poll_held(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.tap.check(&this.tap.writer, cx))?;
        ready!(this.poll_held(cx))?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}
