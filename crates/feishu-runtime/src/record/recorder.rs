//! A transport that records deliveries and their answers.

use std::fmt;
use std::io::{BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};

use async_trait::async_trait;
use feishu_transport::{Answer, Delivery, Error, Inbox, Received, Shutdown, Transport};
use tokio::time::Instant;

use super::Redaction;
use super::line::{Line, RecordedAnswer};

/// Maximum number of lines queued for a slow disk. Further ones are dropped and counted.
const BACKLOG: usize = 1024;

/// A transport that wraps another one and writes each delivery with its answer as a redacted line of JSON, for a
/// [`Replay`](super::Replay) or a bug report.
///
/// It writes on a separate thread, so a slow disk delays nothing; lines that do not fit the queue are dropped and counted.
pub struct Recorder<T> {
    transport: T,
    writer: Box<dyn Write + Send>,
    redaction: Redaction,
    missed: Arc<AtomicU64>,
}

impl<T: Transport> Recorder<T> {
    /// Records the deliveries of `transport` to `writer`, for example a file.
    pub fn new(transport: T, writer: impl Write + Send + 'static) -> Self {
        let redaction = Redaction::default();
        Self { transport, writer: Box::new(writer), redaction, missed: Arc::default() }
    }

    /// Sets the redaction; see [`Redaction`].
    #[must_use]
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// The counter of lines dropped because the disk was too slow.
    pub fn missed(&self) -> impl Fn() -> u64 + Send + Sync + 'static + use<T> {
        let missed = Arc::clone(&self.missed);
        move || missed.load(Relaxed)
    }
}

#[async_trait]
impl<T: Transport + 'static> Transport for Recorder<T> {
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, stop: Shutdown) -> Result<(), Error> {
        let Self { transport, writer, redaction, missed } = *self;
        let (sender, receiver) = mpsc::sync_channel(BACKLOG);
        let (done, written) = tokio::sync::oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("feishu-recorder".to_owned())
            .spawn(move || {
                write_lines(writer, &receiver, &redaction);
                drop(done);
            })
            .map_err(|error| Error::misuse(format!("cannot start the thread of the recorder: {error}")))?;
        let sink = Sink { sender, missed, start: Instant::now() };
        let tapped: Arc<dyn Inbox> = Arc::new(Tapped { inbox, sink });
        let ended = Box::new(transport).run(Arc::clone(&tapped), stop).await;
        // The thread ends when the last delivery it may have to write is dropped.
        drop(tapped);
        let _ = written.await;
        ended
    }
}

fn write_lines(writer: Box<dyn Write + Send>, lines: &mpsc::Receiver<Entry>, redaction: &Redaction) {
    let mut writer = BufWriter::new(writer);
    while let Ok(first) = lines.recv() {
        for entry in std::iter::once(first).chain(lines.try_iter()) {
            let line = entry.into_line(redaction);
            let written =
                serde_json::to_writer(&mut writer, &line).is_ok() && writer.write_all(b"\n").is_ok();
            if !written {
                tracing::error!("the recording cannot be written; it ends here");
                return;
            }
        }
        if writer.flush().is_err() {
            tracing::error!("the recording cannot be written; it ends here");
            return;
        }
    }
}

/// A delivery with its answer, before redaction.
struct Entry {
    received: Arc<Received>,
    at_ms: u64,
    took_ms: u64,
    answer: Option<Answer>,
}

impl Entry {
    fn into_line(self, redaction: &Redaction) -> Line {
        let mut redaction = redaction.line();
        let mut line = Line::new(&self.received, self.at_ms, &mut redaction);
        line.took_ms = self.took_ms;
        line.answer = self.answer.as_ref().map(RecordedAnswer::new);
        if let Some(answer) = &mut line.answer {
            redaction.apply(&mut answer.data);
        }
        line
    }
}

#[derive(Clone)]
struct Sink {
    sender: mpsc::SyncSender<Entry>,
    missed: Arc<AtomicU64>,
    start: Instant,
}

/// The inbox of a recorder, which passes deliveries on.
struct Tapped {
    inbox: Arc<dyn Inbox>,
    sink: Sink,
}

impl Inbox for Tapped {
    fn deliver(&self, delivery: Delivery) {
        let (received, sink) = (Arc::clone(delivery.received()), self.sink.clone());
        self.inbox.deliver(delivery.tap(move |answer| sink.note(&received, Some(answer.clone()))));
    }
}

impl Sink {
    fn note(&self, received: &Arc<Received>, answer: Option<Answer>) {
        let arrived = received.received_at();
        let entry = Entry {
            received: Arc::clone(received),
            at_ms: millis(arrived.saturating_duration_since(self.start)),
            took_ms: millis(arrived.elapsed()),
            answer,
        };
        if self.sender.try_send(entry).is_err() {
            self.missed.fetch_add(1, Relaxed);
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("redaction", &self.redaction).finish_non_exhaustive()
    }
}
