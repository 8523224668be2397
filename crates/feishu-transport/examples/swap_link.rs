//! A custom link: a pair of message queues in memory instead of a WebSocket.
//!
//! `cargo run -p feishu-transport --example swap_link`

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use feishu_proto::{Frame, Header, Method, header_name};
use feishu_transport::{
    Answer, AppSecret, Connect, ConnectUrl, Delivery, Endpoint, EndpointSource, Error, Link, LongConnection,
    Message, Shutdown,
};
use tokio::sync::mpsc;

/// Messages that wait in one direction before the writer has to.
const ROOM: usize = 64;

/// One end of a pair of queues.
#[derive(Debug)]
pub struct MemoryLink {
    inbound: Arc<Queue>,
    outbound: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Message>,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl MemoryLink {
    /// Two ends: what is sent at one is received at the other.
    pub fn pair() -> (Self, Self) {
        let (one, two) = (Arc::new(Queue::default()), Arc::new(Queue::default()));
        let other = Self { inbound: Arc::clone(&two), outbound: Arc::clone(&one) };
        (Self { inbound: one, outbound: two }, other)
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

impl Link for MemoryLink {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        let mut queue = self.inbound.lock();
        match queue.messages.pop_front() {
            Some(message) => {
                if let Some(writer) = queue.writer.take() {
                    writer.wake();
                }
                Poll::Ready(Some(Ok(message)))
            }
            None if queue.closed => Poll::Ready(None),
            None => {
                queue.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut queue = self.outbound.lock();
        if queue.closed {
            return Poll::Ready(Err(Error::lost("the other end is gone")));
        }
        if queue.messages.len() < ROOM {
            return Poll::Ready(Ok(()));
        }
        queue.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn start_send(&mut self, message: Message) -> Result<(), Error> {
        let mut queue = self.outbound.lock();
        queue.messages.push_back(message);
        if let Some(reader) = queue.reader.take() {
            reader.wake();
        }
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // Messages are not buffered.
        Poll::Ready(Ok(()))
    }
}

/// Notifies the other end that this one is closed.
impl Drop for MemoryLink {
    fn drop(&mut self) {
        for queue in [&self.inbound, &self.outbound] {
            let mut queue = queue.lock();
            queue.closed = true;
            queue.wake();
        }
    }
}

/// Opens in-memory links and passes their far ends to a simulated platform.
#[derive(Debug)]
pub struct MemoryConnect(pub mpsc::Sender<MemoryLink>);

#[async_trait]
impl Connect for MemoryConnect {
    async fn connect(&self, _: &ConnectUrl) -> Result<Box<dyn Link>, Error> {
        let (near, far) = MemoryLink::pair();
        self.0.send(far).await.map_err(|_| Error::lost("the simulated platform is gone"))?;
        Ok(Box::new(near))
    }
}

/// Returns the same URL for every connection.
#[derive(Debug)]
pub struct FixedUrl(pub &'static str);

#[async_trait]
impl EndpointSource for FixedUrl {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        Ok(Endpoint::new(ConnectUrl::parse(self.0)?))
    }
}

/// Plays the platform by hand: pushes one message and waits for its answer.
async fn push(link: &mut MemoryLink, payload: &'static str) -> Result<Frame, Error> {
    let headers = vec![Header::new(header_name::TYPE, "event"), Header::new(header_name::MESSAGE_ID, "m-1")];
    let payload = Some(payload.into());
    let frame = Frame { method: Method::Data.into(), headers, payload, ..Frame::default() };
    link.start_send(Message::Binary(frame.encode_to_vec().into()))?;
    loop {
        let Some(message) = std::future::poll_fn(|cx| link.poll_next(cx)).await else {
            return Err(Error::lost("the client left without an answer"));
        };
        // Skip the pings of the client.
        if let Message::Binary(data) = message? {
            match Frame::decode(data) {
                Ok(frame) if Method::from(frame.method) == Method::Data => return Ok(frame),
                _ => {}
            }
        }
    }
}

/// Connects with it and answers one message; returns the payload of the answer.
pub async fn answered() -> Result<String, Box<dyn std::error::Error>> {
    let (connect, mut links) = mpsc::channel(1);
    let client = LongConnection::builder("cli_any", AppSecret::new("any"))
        .endpoint_source(FixedUrl("wss://memory.invalid/?device_id=1&service_id=7"))
        .connect(MemoryConnect(connect))
        .build()?;
    let (stop, stopped) = Shutdown::new();
    let running = tokio::spawn(
        client.run(Arc::new(|delivery: Delivery| delivery.answer(&Answer::ok(r#"{"a":1}"#))), stopped),
    );
    let mut link = links.recv().await.ok_or("the client did not connect")?;
    let answer = push(&mut link, r#"{"schema":"2.0"}"#).await?;
    drop(link);
    stop.stop(std::time::Duration::from_secs(3));
    running.await??;
    Ok(String::from_utf8(answer.payload.unwrap_or_default().to_vec())?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("answered with {}", answered().await?);
    Ok(())
}
