//! WebSocket messages in and out, whichever library carries them.

use std::fmt;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{ConnectUrl, Error};

/// Opens a [`Link`] to a connection URL. Swap point: another WebSocket library, an in-memory pair, a recording.
#[async_trait]
pub trait Connect: Send + Sync {
    /// Dials and shakes hands. Implementations bound their own time; the caller bounds the whole as well.
    ///
    /// # Errors
    ///
    /// A refused handshake as [`Error::refused`]; anything else as unreachable, timed out or broken protocol. The error
    /// must not hold the URL, which carries a ticket.
    async fn connect(&self, url: &ConnectUrl) -> Result<Box<dyn Link>, Error>;
}

/// An open WebSocket: messages in, messages out. Swap point.
///
/// The methods follow `Stream` and `Sink`: a writer first asks for room (`poll_ready`), then hands over
/// (`start_send`), then has everything written (`poll_flush`). The driver polls from one task.
pub trait Link: Send {
    /// The next message; `None` when the peer has closed. Pings may be answered by the library; they are reported all
    /// the same, as a sign of life.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>>;

    /// Whether there is room for one more message.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>>;

    /// Hands one message over, after [`Link::poll_ready`] said yes. It may stay in a buffer until the flush.
    fn start_send(&mut self, message: Message) -> Result<(), Error>;

    /// Writes everything that was handed over.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>>;
}

/// One WebSocket message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// One protobuf frame.
    Binary(Bytes),
    /// Text has no meaning on this connection; its length is kept for the log.
    Text(usize),
    /// WebSocket-level ping.
    Ping(Bytes),
    /// WebSocket-level pong.
    Pong(Bytes),
    /// The closing handshake, with the peer's code and reason if it gave them.
    Close(Option<(u16, String)>),
}

/// Shows kinds and lengths, no contents.
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
