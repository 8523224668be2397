//! One message from the platform, and the obligation to answer it once.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use feishu_proto::{Frame, Header, Kind, Method, RawFrame, header_name};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::Answer;

/// A complete message from the platform together with the obligation to answer it.
///
/// Dropping a delivery, or the [`Responder`] that [`Delivery::split`] yields, answers with code 500: there is no way to
/// forget an answer in silence.
#[derive(Debug)]
pub struct Delivery {
    received: Arc<Received>,
    responder: Responder,
}

impl Delivery {
    /// A delivery that a transport of your own hands to an [`Inbox`](crate::Inbox).
    pub fn new(received: Received, path: Arc<dyn ReplyPath>) -> Self {
        let received = Arc::new(received);
        Self { responder: Responder { received: Arc::clone(&received), path: Some(path) }, received }
    }

    /// What came.
    pub fn received(&self) -> &Arc<Received> {
        &self.received
    }

    /// What came, and the means to answer it, for holders that part ways.
    pub fn split(self) -> (Arc<Received>, Responder) {
        (self.received, self.responder)
    }

    /// Answers; see [`Responder::send`].
    pub fn answer(self, answer: &Answer) {
        self.responder.send(answer);
    }
}

/// What came from the platform: a payload, its headers, and when and where it arrived.
pub struct Received {
    frame: RawFrame,
    payload: Bytes,
    arrival: Instant,
    connection: Option<Arc<ConnectionInfo>>,
}

impl Received {
    /// A message that did not come in a frame (a webhook, a recording). `headers` are frame headers such as
    /// [`header_name::MESSAGE_ID`]; a missing `type` reads as `event`. The time of arrival is now.
    pub fn new(payload: impl Into<Bytes>, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut frame = Frame { method: Method::Data.into(), ..Frame::default() };
        frame.headers.extend(headers.into_iter().map(|(key, value)| Header { key, value }));
        if frame.header(header_name::TYPE).is_none() {
            frame.headers.push(Header::new(header_name::TYPE, Kind::Event.as_str()));
        }
        Self { frame: frame.into(), payload: payload.into(), arrival: Instant::now(), connection: None }
    }

    /// A message whose last frame is `frame` and whose whole payload is `payload`.
    pub(crate) fn from_frame(
        frame: RawFrame,
        payload: Bytes,
        arrival: Instant,
        connection: Arc<ConnectionInfo>,
    ) -> Self {
        Self { frame, payload, arrival, connection: Some(connection) }
    }

    /// The payload: UTF-8 JSON, joined when it came in fragments. Shared with the receive buffer, not copied.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// `event` in normal operation, for events and callbacks alike; `card` for a card callback whose subscription in
    /// the developer console is not in effect.
    pub fn kind(&self) -> Kind<'_> {
        self.frame.kind()
    }

    /// The platform's id of the message.
    pub fn message_id(&self) -> Option<&str> {
        self.frame.message_id()
    }

    /// The id to quote to the platform's support.
    pub fn trace_id(&self) -> Option<&str> {
        self.frame.trace_id()
    }

    /// Any other frame header; the first of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.frame.header(name)
    }

    /// All frame headers in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.frame.headers()
    }

    /// When the last byte of the message arrived: the platform's three seconds run from here.
    pub fn received_at(&self) -> Instant {
        self.arrival
    }

    /// The connection it came on; `None` for a transport without connections.
    pub fn connection(&self) -> Option<&Arc<ConnectionInfo>> {
        self.connection.as_ref()
    }

    /// The frame that completed the message, for a transport that answers with it.
    pub fn frame(&self) -> &RawFrame {
        &self.frame
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("message_id", &self.message_id())
            .field("trace_id", &self.trace_id())
            .field("payload_len", &self.payload.len())
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// Names one connection of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The platform's name of it (`device_id` of the connection URL), for its support; empty when it gave none.
    pub id: String,
    /// Scheme, host and port of the connection URL (`wss://gateway.example`), without its path and its ticket.
    pub address: String,
    /// Counts the connections of a client, from 1. It never repeats within one client.
    pub generation: u64,
}

impl ConnectionInfo {
    pub(crate) fn new(id: String, address: String, generation: u64) -> Self {
        Self { id, address, generation }
    }
}

/// The right and the duty to answer one delivery once.
#[must_use = "dropping a responder answers with code 500"]
pub struct Responder {
    received: Arc<Received>,
    path: Option<Arc<dyn ReplyPath>>,
}

impl Responder {
    /// What is being answered.
    pub fn received(&self) -> &Arc<Received> {
        &self.received
    }

    /// Hands the answer over and returns at once. What becomes of it is counted by the transport.
    pub fn send(mut self, answer: &Answer) {
        if let Some(path) = self.path.take() {
            path.send(&self.received, answer, None);
        }
    }

    /// Hands the answer over; the receipt tells when it was written, or that it was lost.
    pub fn send_with_receipt(mut self, answer: &Answer) -> Receipt {
        let (confirm, receipt) = oneshot::channel();
        if let Some(path) = self.path.take() {
            path.send(&self.received, answer, Some(Confirm(confirm)));
        }
        Receipt(receipt)
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            path.send(&self.received, &Answer::failed(), None);
        }
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("received", &self.received).finish_non_exhaustive()
    }
}

/// Where a transport takes answers. Called once per delivery; must not block.
pub trait ReplyPath: Send + Sync {
    /// Takes the answer to `received`. `confirm` is there when somebody wants to know what became of it.
    fn send(&self, received: &Arc<Received>, answer: &Answer, confirm: Option<Confirm>);
}

/// The transport's end of a [`Receipt`]. Dropping it says that the answer was lost.
#[derive(Debug)]
pub struct Confirm(oneshot::Sender<()>);

impl Confirm {
    /// The answer has been written to the peer.
    pub fn written(self) {
        let _ = self.0.send(());
    }
}

/// Tells what became of an answer.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<()>);

impl Receipt {
    /// Resolves when the answer has been handed to the network (`true`), or when it is known to be lost because the
    /// connection went away and no other came in time (`false`). It never waits for ever: an answer is of use for
    /// 3 seconds only.
    ///
    /// # Cancel safety
    ///
    /// The receipt is consumed; dropping the future loses nothing but the knowledge.
    pub async fn written(self) -> bool {
        self.0.await.is_ok()
    }
}
