//! One message from the platform, which must be answered once.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use feishu_proto::{Kind, RawFrame, header_name};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::Answer;

/// A complete message from the platform, to be answered once.
///
/// Dropping a delivery answers with code 500, so that an answer cannot be forgotten.
#[must_use = "dropping a delivery answers with code 500"]
pub struct Delivery {
    received: Arc<Received>,
    /// `None` after it was answered.
    path: Option<Arc<dyn ReplyPath>>,
    tap: Option<Tap>,
}

/// Called with the answer before it is sent.
type Tap = Box<dyn FnOnce(&Answer) + Send + Sync>;

impl Delivery {
    /// Creates a delivery for a custom transport to hand to an [`Inbox`](crate::Inbox), and the future of its answer.
    ///
    /// Its [`Receipt`] reports success once the answer has reached the [`PendingAnswer`]; sending it from there is up to
    /// the transport.
    ///
    /// ```
    /// use feishu_transport::{Answer, Delivery, Received};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (delivery, answer) = Delivery::channel(Received::new(r#"{"type":"url_verification"}"#, []));
    /// delivery.answer(&Answer::empty());
    /// assert!(answer.await.is_ok());
    /// # }
    /// ```
    pub fn channel(received: Received) -> (Self, PendingAnswer) {
        let (sender, answer) = oneshot::channel();
        (Self::new(received, Arc::new(Channel(Mutex::new(Some(sender))))), PendingAnswer(answer))
    }

    pub(crate) fn new(received: Received, path: Arc<dyn ReplyPath>) -> Self {
        Self { received: Arc::new(received), path: Some(path), tap: None }
    }

    /// The received message.
    pub fn received(&self) -> &Arc<Received> {
        &self.received
    }

    /// Calls `tap` with the answer before it is sent, for a recorder or a log. It must not block.
    pub fn tap(mut self, tap: impl FnOnce(&Answer) + Send + Sync + 'static) -> Self {
        let before = self.tap.take();
        self.tap = Some(Box::new(move |answer| {
            tap(answer);
            if let Some(before) = before {
                before(answer);
            }
        }));
        self
    }

    /// Sends the answer and returns at once. The transport counts whether it was written or lost.
    pub fn answer(mut self, answer: &Answer) {
        self.give(answer, None);
    }

    /// Sends the answer; the receipt resolves when it was written or lost.
    pub fn answer_with_receipt(mut self, answer: &Answer) -> Receipt {
        let (confirm, receipt) = oneshot::channel();
        self.give(answer, Some(Confirm(confirm)));
        Receipt(receipt)
    }

    fn give(&mut self, answer: &Answer, confirm: Option<Confirm>) {
        if let Some(path) = self.path.take() {
            if let Some(tap) = self.tap.take() {
                tap(answer);
            }
            path.send(&self.received, answer, confirm);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.give(&Answer::failed(), None);
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("received", &self.received).finish_non_exhaustive()
    }
}

/// A message received from the platform: payload, headers, time of arrival and connection.
pub struct Received {
    headers: Headers,
    payload: Bytes,
    arrival: Instant,
    connection: Option<Arc<ConnectionInfo>>,
}

impl Received {
    /// Creates a message that did not come in a frame (a webhook, a queue, a recording). `headers` are frame headers such
    /// as [`header_name::MESSAGE_ID`]; a missing `type` reads as `event`. The time of arrival is now, unless
    /// [`arrived_at`](Self::arrived_at) sets it.
    pub fn new(payload: impl Into<Bytes>, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        let headers = Headers::Plain(headers.into_iter().collect());
        Self { headers, payload: payload.into(), arrival: Instant::now(), connection: None }
    }

    /// Sets the time of arrival of a message that waited in this process: the platform's three seconds, and with them
    /// the dispatcher's deadline, count from it. See [`arrived_ago`](Self::arrived_ago) for other processes.
    #[must_use]
    pub fn arrived_at(mut self, arrival: Instant) -> Self {
        self.arrival = arrival;
        self
    }

    /// Sets how long ago the message arrived, if it waited in a queue between processes or machines. The receiver stores
    /// its wall-clock time beside the message, and the worker that takes the message from the queue passes the time since
    /// then:
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use feishu_transport::Received;
    ///
    /// # let noted = SystemTime::now() - Duration::from_secs(2);
    /// // Clocks that disagree can put the arrival in the future, which counts as now.
    /// let waited = noted.elapsed().unwrap_or_default();
    /// let received = Received::new(r#"{"type":"url_verification"}"#, []).arrived_ago(waited);
    /// assert!(received.received_at().elapsed() >= waited);
    /// ```
    #[must_use]
    pub fn arrived_ago(self, waited: Duration) -> Self {
        let now = Instant::now();
        self.arrived_at(now.checked_sub(waited).unwrap_or(now))
    }

    /// Creates a message from its last frame and its whole payload.
    pub(crate) fn from_frame(
        frame: RawFrame,
        payload: Bytes,
        arrival: Instant,
        connection: Arc<ConnectionInfo>,
    ) -> Self {
        Self { headers: Headers::Frame(frame), payload, arrival, connection: Some(connection) }
    }

    /// The payload: UTF-8 JSON, joined when it came in fragments. Shared with the receive buffer, not copied.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The message type: normally `event`, for events and callbacks; `card` for a card callback whose subscription in the
    /// developer console is not in effect.
    pub fn kind(&self) -> Kind<'_> {
        Kind::parse(self.header(header_name::TYPE).unwrap_or(Kind::Event.as_str()))
    }

    /// The platform's id of the message.
    pub fn message_id(&self) -> Option<&str> {
        self.header(header_name::MESSAGE_ID).filter(|id| !id.is_empty())
    }

    /// The trace id, to quote to the platform's support.
    pub fn trace_id(&self) -> Option<&str> {
        self.header(header_name::TRACE_ID).filter(|id| !id.is_empty())
    }

    /// Any other frame header; the first of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        match &self.headers {
            Headers::Frame(frame) => frame.header(name),
            Headers::Plain(headers) => {
                headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
            }
        }
    }

    /// All frame headers in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let (frame, plain) = match &self.headers {
            Headers::Frame(frame) => (Some(frame), &[][..]),
            Headers::Plain(headers) => (None, headers.as_slice()),
        };
        let plain = plain.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        frame.into_iter().flat_map(RawFrame::headers).chain(plain)
    }

    /// When the last byte of the message arrived. The platform's three seconds start about here.
    pub fn received_at(&self) -> Instant {
        self.arrival
    }

    /// The wall-clock time of arrival, to store beside the message in a queue. Computed from
    /// [`received_at`](Self::received_at), so it shifts when the clock is set.
    pub fn received_wall_clock(&self) -> SystemTime {
        let now = SystemTime::now();
        now.checked_sub(self.arrival.elapsed()).unwrap_or(now)
    }

    /// The connection it came on; `None` for a transport without connections.
    pub fn connection(&self) -> Option<&Arc<ConnectionInfo>> {
        self.connection.as_ref()
    }

    /// The frame that completed the message, for a transport that answers with it; `None` for a message that did not
    /// come in a frame.
    pub fn frame(&self) -> Option<&RawFrame> {
        match &self.headers {
            Headers::Frame(frame) => Some(frame),
            Headers::Plain(_) => None,
        }
    }
}

/// The headers of a message, in a frame or without one.
#[expect(
    clippy::large_enum_variant,
    reason = "frames are the usual case, and a box is an allocation for each"
)]
enum Headers {
    Frame(RawFrame),
    Plain(Vec<(String, String)>),
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

/// Identifies one connection of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The platform's id of the connection (`device_id` of the connection URL), to quote to its support; empty if absent.
    pub id: String,
    /// Scheme, host and port of the connection URL (`wss://gateway.example`), without its path and its ticket.
    pub address: String,
    /// The number of the connection, counted from 1. Unique within one client.
    pub generation: u64,
}

impl ConnectionInfo {
    pub(crate) fn new(id: String, address: String, generation: u64) -> Self {
        Self { id, address, generation }
    }
}

/// The transport's end of a delivery's answer. Called once per delivery; must not block.
pub(crate) trait ReplyPath: Send + Sync {
    /// Takes the answer to `received`. `confirm` is set if the caller waits for a receipt.
    fn send(&self, received: &Arc<Received>, answer: &Answer, confirm: Option<Confirm>);
}

/// The transport's end of a [`Receipt`]. Dropping it reports that the answer was lost.
#[derive(Debug)]
pub(crate) struct Confirm(oneshot::Sender<()>);

impl Confirm {
    /// Reports that the answer was written.
    pub(crate) fn written(self) {
        // An error means that the receipt was dropped, which is fine.
        let _ = self.0.send(());
    }
}

/// The answer path of [`Delivery::channel`].
struct Channel(Mutex<Option<oneshot::Sender<Answer>>>);

impl ReplyPath for Channel {
    fn send(&self, _: &Arc<Received>, answer: &Answer, confirm: Option<Confirm>) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let taken = sender.is_some_and(|sender| sender.send(answer.clone()).is_ok());
        if let Some(confirm) = confirm.filter(|_| taken) {
            confirm.written();
        }
    }
}

/// The answer to a delivery made by [`Delivery::channel`]: a future that resolves when the delivery is answered, or
/// dropped.
#[derive(Debug)]
#[must_use = "a future: await it for the answer"]
pub struct PendingAnswer(oneshot::Receiver<Answer>);

impl Future for PendingAnswer {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or_else(|_| Answer::failed()))
    }
}

/// Whether an answer was sent: a future that resolves to true once the answer was written to the network, and to false
/// if it was lost, because the connection closed and no other opened in time. It resolves within
/// [`Timeouts::answer`](crate::Timeouts::answer), as the platform ignores later answers.
///
/// # Cancel safety
///
/// Safe: dropping the future does not affect the answer.
#[derive(Debug)]
#[must_use = "a future: await it to know what became of the answer"]
pub struct Receipt(oneshot::Receiver<()>);

impl Future for Receipt {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(cx).map(|written| written.is_ok())
    }
}
