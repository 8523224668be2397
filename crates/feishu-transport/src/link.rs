//! The swap point for the WebSocket library.

use std::fmt;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{ConnectUrl, Error};

/// Opens a [`Link`] to a connection URL. Swap point: another WebSocket library, an in-memory pair, a recording.
#[async_trait]
pub trait Connect: Send + Sync {
    /// Opens a connection and performs the WebSocket handshake. Implementations should bound their steps; the caller
    /// bounds the whole.
    ///
    /// # Errors
    ///
    /// Return [`Error::refused`] for a refused handshake, otherwise [`Error::unreachable`], [`Error::timed_out`] or
    /// [`Error::protocol`]. The error must not contain the URL, which carries a ticket.
    async fn connect(&self, url: &ConnectUrl) -> Result<Box<dyn Link>, Error>;
}

/// An open WebSocket. Swap point.
///
/// The methods follow `Stream` and `Sink`: a writer first asks for room (`poll_ready`), then hands over
/// (`start_send`), then has everything written (`poll_flush`). The driver polls from one task.
pub trait Link: Send {
    /// Receives the next message; `None` if the peer has closed. Report pings even if the library answers them, as they
    /// are a sign of life.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>>;

    /// Whether there is room for one more message.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>>;

    /// Queues one message, after [`Link::poll_ready`] returned ready. It may stay in a buffer until the flush.
    fn start_send(&mut self, message: Message) -> Result<(), Error>;

    /// Writes everything that was queued.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>>;

    /// The bytes that the socket has accepted since the link was opened.
    ///
    /// A flush that is pending for [`Timeouts::write`](crate::Timeouts::write) ends the connection, unless this number has
    /// grown meanwhile. A link that does not count returns 0, the default: then no flush may take longer than that.
    fn written(&self) -> u64 {
        0
    }
}

/// One WebSocket message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A binary message: one protobuf frame.
    Binary(Bytes),
    /// A text message, which the protocol does not use. Its length is kept for the log.
    Text(usize),
    /// A WebSocket-level ping.
    Ping(Bytes),
    /// A WebSocket-level pong.
    Pong(Bytes),
    /// A close message, with the code and reason if given.
    Close(Option<(u16, String)>),
}

/// Shows kinds and lengths without contents.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary(data) => write!(f, "Binary({} bytes)", data.len()),
            Self::Text(len) => write!(f, "Text({len} bytes)"),
            Self::Ping(data) => write!(f, "Ping({} bytes)", data.len()),
            Self::Pong(data) => write!(f, "Pong({} bytes)", data.len()),
            Self::Close(reason) => write!(f, "Close({reason:?})"),
        }
    }
}
