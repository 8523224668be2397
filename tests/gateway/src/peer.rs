//! One live connection, as the rest of the gateway sees it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::inflight::InFlight;
use crate::wire::Tap;

/// Commands that may wait for a connection's task. It takes them in whatever the client does, so few ever wait.
pub(crate) const COMMANDS_LIMIT: usize = 1024;

/// Number of a connection, counted from 1 in the order of the handshakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(crate) u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("#{}", self.0))
    }
}

pub(crate) struct Peer {
    pub(crate) id: ConnectionId,
    pub(crate) app: Arc<str>,
    pub(crate) service_id: i32,
    pub(crate) device_id: String,
    /// `User-Agent` of the endpoint call.
    pub(crate) user_agent: String,
    /// Header `instance_id` of the frames sent here.
    pub(crate) instance_id: String,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) tap: Arc<Tap>,
    pub(crate) next_seq: AtomicU64,
}

pub(crate) enum Command {
    /// Frames of one push.
    Push(Vec<Bytes>, Arc<InFlight>),
    /// Any message, as it is.
    Raw(Message),
}

impl Peer {
    /// The first of `count` fresh numbers.
    pub(crate) fn next_seq(&self, count: usize) -> u64 {
        self.next_seq.fetch_add(count as u64, Ordering::Relaxed)
    }
}

/// A live connection. Faults that [`Gateway::fault`](crate::Gateway::fault) brings on all connections can be brought on
/// one here.
#[derive(Clone)]
pub struct Connection(pub(crate) Arc<Peer>);

impl Connection {
    /// Its number.
    pub fn id(&self) -> ConnectionId {
        self.0.id
    }

    /// The app it belongs to.
    pub fn app_id(&self) -> &str {
        &self.0.app
    }

    /// `device_id` of its URL.
    pub fn device_id(&self) -> &str {
        &self.0.device_id
    }

    /// `service_id` of its URL.
    pub fn service_id(&self) -> i32 {
        self.0.service_id
    }

    /// Nothing is read or written any more; the stream stays open.
    pub fn stall(&self) {
        self.0.tap.stall();
    }

    /// Undoes [`Connection::stall`].
    pub fn resume(&self) {
        self.0.tap.resume();
    }

    /// The stream ends without a close frame; on TCP with a reset.
    pub fn cut(&self) {
        self.0.tap.cut();
    }

    /// Sends a close frame. Codes that may not be on the wire end the connection without one.
    pub fn close(&self, code: u16, reason: &str) {
        self.command(Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() })));
    }

    /// Sends a binary message that may be anything.
    pub fn noise(&self, bytes: impl Into<Bytes>) {
        self.command(Message::Binary(bytes.into()));
    }

    /// Sends a text message.
    pub fn text(&self, text: &str) {
        self.command(Message::text(text));
    }

    /// Sends a WebSocket-level ping.
    pub fn web_socket_ping(&self) {
        self.command(Message::Ping(Bytes::from_static(b"gateway")));
    }

    fn command(&self, message: Message) {
        // Fails only when the connection has ended, or when 1024 commands wait for it: then this one is lost, as on a
        // network.
        let _ = self.0.commands.try_send(Command::Raw(message));
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.0.id.0)
            .field("app", &self.0.app)
            .finish_non_exhaustive()
    }
}
