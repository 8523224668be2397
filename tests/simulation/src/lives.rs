//! A peer that ends every connection after a fixed life, or refuses for some time: how much a client hears meanwhile.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use feishu_transport::{
    AppSecret, Connect, ConnectUrl, Delivery, Endpoint, EndpointSource, Error, ErrorKind, Link,
    LongConnection, Message, Refusal, SettingsUpdate, Shutdown,
};
use tokio::time::{Instant, Sleep, sleep};

/// How long each of the two steps of an attempt takes.
const STEP: Duration = Duration::from_millis(100);

/// What a client heard of a peer in some time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Heard {
    /// The share of the time in which a connection was open, from 0 to 1.
    pub share: f64,
    /// Endpoint calls in a minute.
    pub calls_a_minute: f64,
    /// The longest time without an open connection.
    pub longest_silence: Duration,
}

/// A peer that cuts: each connection ends after `life`.
///
/// # Panics
///
/// When no runtime can be made.
pub fn with_lives_of(life: Duration, settings: SettingsUpdate, time: Duration, seed: u64) -> Heard {
    let peer = Peer { life, settings, refusals: Vec::new(), seen: Arc::default() };
    watch(peer, time, seed).heard(time)
}

/// A peer that refuses the first endpoint calls in these ways: how long after the start the first connection opened.
///
/// # Panics
///
/// When no runtime can be made, or if no connection opens within 15 min.
pub fn first_connection_after(refusals: Vec<ErrorKind>, seed: u64) -> Duration {
    let peer =
        Peer { life: Duration::MAX, settings: SettingsUpdate::default(), refusals, seen: Arc::default() };
    let ended = watch(peer, Duration::from_secs(900), seed);
    let first = ended.open.first().map(|(from, _)| *from);
    first.expect("a connection within 15 min")
}

fn watch(peer: Peer, time: Duration, seed: u64) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime of one thread").block_on(async move {
        let record = Arc::clone(&peer.seen);
        record.lock().unwrap_or_else(PoisonError::into_inner).start = Some(Instant::now());
        let client = LongConnection::builder("cli_sim", AppSecret::new("sim"))
            .endpoint_source(peer.clone())
            .connect(peer)
            .seed(seed)
            .build()
            .expect("a valid client");
        let (_stop, stopped) = Shutdown::new();
        let running = tokio::spawn(client.run(Arc::new(|_: Delivery| {}), stopped));
        sleep(time).await;
        running.abort();
        let _ = running.await;
        std::mem::take(&mut *record.lock().unwrap_or_else(PoisonError::into_inner))
    })
}

#[derive(Clone)]
struct Peer {
    life: Duration,
    settings: SettingsUpdate,
    refusals: Vec<ErrorKind>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    start: Option<Instant>,
    calls: usize,
    /// From when to when a connection was open.
    open: Vec<(Duration, Duration)>,
}

impl Seen {
    fn now(&self) -> Duration {
        self.start.map(|start| start.elapsed()).unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of calls is small")]
    fn heard(&self, time: Duration) -> Heard {
        let open: Duration = self.open.iter().map(|(from, to)| to.saturating_sub(*from)).sum();
        let silences = self.open.windows(2).filter_map(|pair| match pair {
            [before, after] => Some(after.0.saturating_sub(before.1)),
            _ => None,
        });
        Heard {
            share: open.as_secs_f64() / time.as_secs_f64(),
            calls_a_minute: self.calls as f64 * 60.0 / time.as_secs_f64(),
            longest_silence: silences.max().unwrap_or(time),
        }
    }
}

impl Peer {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EndpointSource for Peer {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        let call = {
            let mut seen = self.seen();
            seen.calls += 1;
            seen.calls - 1
        };
        sleep(STEP).await;
        match self.refusals.get(call) {
            Some(ErrorKind::Refused(refusal)) => Err(Error::refused(refusal.clone())),
            Some(ErrorKind::TimedOut { stage, after }) => {
                sleep(*after).await;
                Err(Error::timed_out(*stage, *after))
            }
            Some(ErrorKind::Protocol { stage, detail }) => Err(Error::protocol(*stage, detail)),
            Some(_) => Err(Error::refused(Refusal::endpoint(1, ""))),
            None => {
                let url = ConnectUrl::parse("wss://sim.example/ws?device_id=1&service_id=7")?;
                Ok(Endpoint::new(url).with_settings(self.settings))
            }
        }
    }
}

#[async_trait]
impl Connect for Peer {
    async fn connect(&self, _: &ConnectUrl) -> Result<Box<dyn Link>, Error> {
        sleep(STEP).await;
        let opened = self.seen().now();
        let end = (self.life < Duration::MAX).then(|| Box::pin(sleep(self.life)));
        self.seen().open.push((opened, opened));
        let index = self.seen().open.len() - 1;
        Ok(Box::new(ShortLink { seen: Arc::clone(&self.seen), index, end, pongs: 0, reader: None }))
    }
}

/// A link that takes everything, answers pings, and is cut at its end.
struct ShortLink {
    seen: Arc<Mutex<Seen>>,
    index: usize,
    end: Option<Pin<Box<Sleep>>>,
    /// Answers to pings that were not read yet.
    pongs: u32,
    reader: Option<Waker>,
}

impl Link for ShortLink {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        self.reader = Some(cx.waker().clone());
        if self.pongs > 0 {
            self.pongs -= 1;
            return Poll::Ready(Some(Ok(Message::Pong(Bytes::new()))));
        }
        let Some(end) = &mut self.end else { return Poll::Pending };
        match end.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Some(Err(Error::lost("cut by the simulation")))),
        }
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, _: Message) -> Result<(), Error> {
        self.pongs += 1;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for ShortLink {
    fn drop(&mut self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = seen.now();
        if let Some((_, to)) = seen.open.get_mut(self.index) {
            *to = now;
        }
    }
}
