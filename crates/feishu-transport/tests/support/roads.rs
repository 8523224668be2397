//! Ways to the platform that are better or worse: open, closed, endless, lossy.

use std::collections::VecDeque;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use feishu_gateway::Gateway;
use feishu_transport::{BoxStream, Dial, Error, Stage, Target};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// What becomes of a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    Open,
    /// Never answers, as a route that swallows packets.
    Hangs,
    /// Refused at once.
    Refused,
    /// Three of a hundred reads come up to 15 s late, and all that follow wait for them.
    Lossy(u64),
    /// Takes so many bytes, and the next ones only after this time.
    Slow(usize, Duration),
}

/// Dials into the gateway's memory, as far as the road goes. Each attempt to connect dials twice.
#[derive(Clone)]
pub struct Roads(Arc<Inner>);

struct Inner {
    gateway: Gateway,
    next: Mutex<VecDeque<Road>>,
    rest: Mutex<Road>,
    dials: Mutex<Vec<Instant>>,
}

impl Roads {
    pub fn new(gateway: &Gateway) -> Self {
        Self(Arc::new(Inner {
            gateway: gateway.clone(),
            next: Mutex::default(),
            rest: Mutex::new(Road::Open),
            dials: Mutex::default(),
        }))
    }

    /// All dials from now on.
    pub fn become_all(&self, road: Road) {
        *self.0.rest.lock().unwrap() = road;
    }

    /// The next dials, before the rest.
    pub fn next(&self, roads: impl IntoIterator<Item = Road>) {
        self.0.next.lock().unwrap().extend(roads);
    }

    /// When each dial began.
    pub fn dials(&self) -> Vec<Instant> {
        self.0.dials.lock().unwrap().clone()
    }
}

#[async_trait]
impl Dial for Roads {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        self.0.dials.lock().unwrap().push(Instant::now());
        let next = self.0.next.lock().unwrap().pop_front();
        let road = next.unwrap_or(*self.0.rest.lock().unwrap());
        match road {
            Road::Open => Ok(Box::new(self.0.gateway.dial())),
            Road::Hangs => std::future::pending().await,
            Road::Refused => Err(Error::unreachable(Stage::Connect, "connection refused")),
            Road::Slow(portion, every) => Ok(Box::new(Slow {
                stream: self.0.gateway.dial(),
                portion,
                every,
                left: portion,
                next: None,
            })),
            Road::Lossy(seed) => Ok(Box::new(Lossy {
                stream: self.0.gateway.dial(),
                rng: fastrand::Rng::with_seed(seed),
                late: None,
            })),
        }
    }
}

/// A stream on which some reads are late, as when packets are lost and sent again.
struct Lossy {
    stream: DuplexStream,
    rng: fastrand::Rng,
    late: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Lossy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(late) = &mut self.late {
            ready!(late.as_mut().poll(cx));
            self.late = None;
        }
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if self.rng.u32(..100) < 3 {
            let late = Duration::from_millis(self.rng.u64(..=15_000));
            self.late = Some(Box::pin(sleep(late)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lossy {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A stream that takes a portion of bytes at a time, as a slow uplink whose buffers are full.
struct Slow {
    stream: DuplexStream,
    portion: usize,
    every: Duration,
    left: usize,
    next: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Slow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Slow {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.left == 0 {
            let every = self.every;
            ready!(self.next.get_or_insert_with(|| Box::pin(sleep(every))).as_mut().poll(cx));
            (self.next, self.left) = (None, self.portion);
        }
        let most = bytes.len().min(self.left);
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &bytes[..most]))?;
        self.left -= written;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
