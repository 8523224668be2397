//! The task of one connection: it writes pushes, reads pings and answers, and batches both.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use feishu_proto::{Frame, Header, Kind, Method, header_name};
use futures_core::Stream as _;
use futures_sink::Sink as _;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes as WsBytes, Message};

use crate::active_faults::Victim;
use crate::fault::Place;
use crate::journal::Seen;
use crate::peer::{Command, Peer};
use crate::shared::{Shared, lock};
use crate::wire::Wire;
use crate::{Fault, Finding, FindingKind, Outgoing, check, judge};

/// Largest message read from a client. The largest card is 30 KB; the rest is room for odd clients.
const MESSAGE_LIMIT: usize = 16 << 20;
/// Bytes that may wait for a client that does not read, before its connection is given up.
const WRITE_LIMIT: usize = 64 << 20;
/// Messages handled in one go before what is written leaves.
const BATCH: usize = 64;
/// More pings than this within one interval are a busy loop.
const PINGS_PER_INTERVAL: u32 = 10;

/// Runs the connection until it ends. `first` leaves together with the 101 answer.
pub(crate) async fn run(
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    commands: mpsc::Receiver<Command>,
    wire: Wire,
    read: Bytes,
    first: Vec<Outgoing>,
) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT))
        .max_write_buffer_size(WRITE_LIMIT);
    let socket = WebSocketStream::from_partially_read(wire, read.to_vec(), Role::Server, Some(config)).await;
    let mut connection = Connection {
        shared,
        peer,
        commands,
        socket,
        dirty: false,
        goodbye: None,
        closing: false,
        pings: (Instant::now(), 0),
    };
    let end = match connection.write_first(first) {
        Ok(()) => {
            connection.shared.connected(Arc::clone(&connection.peer));
            poll_fn(|cx| connection.poll(cx)).await
        }
        Err(end) => end,
    };
    connection.end(end);
}

struct Connection {
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    commands: mpsc::Receiver<Command>,
    socket: WebSocketStream<Wire>,
    /// Something was written and not flushed.
    dirty: bool,
    /// The client's close frame.
    goodbye: Option<String>,
    /// The gateway sent a close frame.
    closing: bool,
    /// Pings since that moment.
    pings: (Instant, u32),
}

/// How a connection ends.
enum End {
    /// After the client's close frame, or after the stream's orderly end.
    Over,
    Failed(WsError),
    /// The gateway is gone.
    Dropped,
}

impl Connection {
    /// Takes what is to be sent, reads what is there, and flushes once, until nothing is left to do.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let mut idle = true;
            for _ in 0..BATCH {
                match self.commands.poll_recv(cx) {
                    Poll::Ready(Some(command)) => {
                        idle = false;
                        if let Err(end) = self.obey(command) {
                            return Poll::Ready(end);
                        }
                    }
                    Poll::Ready(None) => return Poll::Ready(End::Dropped),
                    Poll::Pending => break,
                }
            }
            for _ in 0..BATCH {
                match Pin::new(&mut self.socket).poll_next(cx) {
                    Poll::Ready(Some(Ok(message))) => {
                        idle = false;
                        if let Err(end) = self.read(message) {
                            return Poll::Ready(end);
                        }
                    }
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(End::Failed(error)),
                    Poll::Ready(None) => return Poll::Ready(End::Over),
                    Poll::Pending => break,
                }
            }
            if self.dirty {
                match Pin::new(&mut self.socket).poll_flush(cx) {
                    Poll::Ready(Ok(())) => self.dirty = false,
                    Poll::Ready(Err(error)) => return Poll::Ready(End::Failed(error)),
                    // The client does not read, but commands are still taken.
                    Poll::Pending => {}
                }
            }
            if idle {
                return Poll::Pending;
            }
        }
    }

    fn write_first(&mut self, first: Vec<Outgoing>) -> Result<(), End> {
        for outgoing in first {
            match self.shared.register(outgoing, &self.peer, None) {
                Ok((frames, push)) => self.obey(Command::Push(frames, push))?,
                Err(error) => tracing::warn!(%error, "a push of a fault cannot be made"),
            }
        }
        self.peer.tap.release();
        self.dirty = true;
        Ok(())
    }

    fn obey(&mut self, command: Command) -> Result<(), End> {
        match command {
            Command::Push(frames, push) => {
                // Fails only if the same push is written twice, which does not happen.
                let _ = push.sent_at.set(Instant::now());
                if self.shared.journal.is_on() {
                    let seen = Seen::Pushed {
                        message_id: push.message_id.clone(),
                        label: push.label.clone(),
                        frames: frames.len(),
                    };
                    self.shared.journal.add(Some(self.peer.id), seen);
                }
                let slow = lock(&self.shared.state).faults.take(Place::Push, self.victim());
                if let Some(Fault::Slow(delay)) = slow {
                    self.later(delay, frames.into_iter().map(Message::Binary).collect());
                    return Ok(());
                }
                frames.into_iter().try_for_each(|frame| self.write(Message::Binary(frame)))
            }
            Command::Raw(message) => {
                if message.is_close() {
                    self.closing = true;
                    self.shared.leave(&self.peer);
                }
                self.write(message)
            }
        }
    }

    fn write(&mut self, message: Message) -> Result<(), End> {
        self.dirty = true;
        match Pin::new(&mut self.socket).start_send(message) {
            // Nothing may follow a close frame; the push is lost, as on a network.
            Ok(()) | Err(WsError::Protocol(ProtocolError::SendAfterClosing)) => Ok(()),
            Err(error) => Err(End::Failed(error)),
        }
    }

    fn read(&mut self, message: Message) -> Result<(), End> {
        let id = Some(self.peer.id);
        match message {
            Message::Binary(bytes) => return self.frame(bytes),
            Message::Text(text) => {
                self.shared.journal.add(id, Seen::Text(text.as_str().into()));
                self.found(Finding::error(FindingKind::TextMessage, "messages are binary, not text"));
            }
            Message::Ping(_) => {
                // The library has queued the pong.
                self.dirty = true;
                self.shared.journal.add(id, Seen::WebSocketPing);
            }
            Message::Pong(_) => self.shared.journal.add(id, Seen::WebSocketPong),
            Message::Close(frame) => {
                self.dirty = true;
                let code = frame.as_ref().map(|frame| u16::from(frame.code));
                let reason = frame.map(|frame| frame.reason.as_str().to_owned()).unwrap_or_default();
                self.goodbye = Some(match code {
                    Some(code) => format!("closed by the client with {code} {reason:?}"),
                    None => "closed by the client".into(),
                });
                self.shared.leave(&self.peer);
                self.shared.journal.add(id, Seen::Closed { code, reason });
            }
            Message::Frame(_) => {}
        }
        Ok(())
    }

    fn frame(&mut self, bytes: WsBytes) -> Result<(), End> {
        let missing = check::missing_field(&bytes);
        let len = bytes.len();
        let frame = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(error) => {
                self.shared.journal.add(Some(self.peer.id), Seen::Noise(len));
                let text = format!("a message of {len} bytes is not a frame: {error}");
                self.found(Finding::error(FindingKind::NotAFrame, text));
                return Ok(());
            }
        };
        if let Some(missing) = missing {
            let text =
                format!("the required field {missing} is not on the wire; official SDKs drop such a frame");
            self.found(Finding::error(FindingKind::NotAFrame, text).about(frame.message_id()));
        }
        match Method::from(frame.method) {
            _ if check::is_ping(&frame) => self.ping(frame),
            // With another method it is still an answer, but a wrong one.
            method if method == Method::Data || frame.message_id().is_some() => {
                judge::answer(&self.shared, &self.peer, frame);
                Ok(())
            }
            method => {
                let text = format!("clients send pings and answers, not {method:?} {}", frame.kind());
                self.found(Finding::error(FindingKind::UnknownFrame, text));
                self.shared.journal.add(Some(self.peer.id), Seen::Received(Arc::new(frame)));
                Ok(())
            }
        }
    }

    fn ping(&mut self, frame: Frame) -> Result<(), End> {
        for finding in check::ping(&frame, self.peer.service_id) {
            self.found(finding);
        }
        let service = frame.service;
        self.shared.journal.add(Some(self.peer.id), Seen::Ping(Arc::new(frame)));
        let fault = lock(&self.shared.state).faults.take(Place::Pong, self.victim());
        let settings = self.shared.settings(&self.peer.app);
        self.count_ping(settings.ping_seconds());
        let payload = match &fault {
            Some(Fault::NoPongs) => return Ok(()),
            Some(Fault::PongPayload(payload)) => payload.clone(),
            _ => settings.value().to_string().into(),
        };
        let pong = Frame {
            service,
            method: Method::Control.into(),
            headers: vec![Header::new(header_name::TYPE, Kind::Pong.as_str())],
            payload: Some(payload),
            ..Frame::default()
        };
        let message = Message::Binary(pong.encode_to_vec().into());
        self.shared.journal.add(Some(self.peer.id), Seen::Pong);
        match fault {
            Some(Fault::PongDelay(delay)) => {
                self.later(delay, vec![message]);
                Ok(())
            }
            _ => self.write(message),
        }
    }

    fn count_ping(&mut self, interval: Option<u64>) {
        let interval = Duration::from_secs(interval.unwrap_or(1));
        let (since, count) = &mut self.pings;
        if since.elapsed() >= interval {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        if *count == PINGS_PER_INTERVAL + 1 {
            let text = format!("more than {PINGS_PER_INTERVAL} pings in {interval:?}, one interval");
            self.found(Finding::error(FindingKind::PingFlood, text));
        }
    }

    fn later(&self, delay: Duration, messages: Vec<Message>) {
        let shared = Arc::clone(&self.shared);
        let commands = self.peer.commands.downgrade();
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = shared.closed() => return,
            }
            let Some(commands) = commands.upgrade() else { return };
            for message in messages {
                // Fails only when the connection has ended meanwhile.
                let _ = commands.send(Command::Raw(message)).await;
            }
        });
    }

    fn end(self, end: End) {
        let cut = self.peer.tap.is_cut();
        let unread = matches!(end, End::Failed(WsError::WriteBufferFull(_)));
        let by_us = cut || self.closing || unread || matches!(end, End::Dropped);
        // A client that was cut, or that the gateway gave up, cannot say goodbye.
        let cannot = cut || unread || matches!(end, End::Dropped);
        let said_goodbye = cannot || self.goodbye.is_some();
        let how = match end {
            _ if cut => "cut by the gateway".into(),
            End::Dropped => "the gateway ended".into(),
            _ if unread => format!("given up: the client did not read {WRITE_LIMIT} bytes"),
            End::Over | End::Failed(_) if self.closing => "closed by the gateway".into(),
            End::Over => self.goodbye.clone().unwrap_or_else(|| "the stream ended".into()),
            End::Failed(WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                "the stream ended".into()
            }
            End::Failed(WsError::Io(error)) => format!("the stream broke: {error}"),
            End::Failed(error) => {
                self.broken(&error);
                error.to_string()
            }
        };
        self.shared.ended(&self.peer, how, by_us, said_goodbye);
    }

    /// A finding when the client broke the WebSocket protocol.
    fn broken(&self, error: &WsError) {
        if matches!(error, WsError::Protocol(_) | WsError::Capacity(_) | WsError::Utf8(_)) {
            self.found(Finding::error(FindingKind::WebSocket, error.to_string()));
        }
    }

    fn victim(&self) -> Victim<'_> {
        Victim { app: &self.peer.app, connection: Some(self.peer.id.0) }
    }

    fn found(&self, finding: Finding) {
        self.shared.journal.found(finding.on(self.peer.id));
    }
}
