//! The platform's side: pre-encoded card callbacks, a fixed number in flight, answers counted.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use feishu_proto::{Frame, Header};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::process::Client;

/// What is sent, and how.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) name: &'static str,
    /// Bytes of the payload, about.
    pub(crate) bytes: usize,
    pub(crate) fragments: usize,
    pub(crate) in_flight: usize,
    /// Time between two messages; zero for as fast as answers come.
    pub(crate) pace: Duration,
}

/// The loads that are measured.
pub(crate) const LOADS: &[Load] = &[
    Load { name: "1 KiB, 64 in flight", bytes: 1024, fragments: 1, in_flight: 64, pace: Duration::ZERO },
    Load { name: "1 KiB, one at a time", bytes: 1024, fragments: 1, in_flight: 1, pace: Duration::ZERO },
    Load { name: "64 KiB, 8 in flight", bytes: 64 << 10, fragments: 1, in_flight: 8, pace: Duration::ZERO },
    Load {
        name: "256 KiB in 8 fragments",
        bytes: 256 << 10,
        fragments: 8,
        in_flight: 1,
        pace: Duration::ZERO,
    },
    Load {
        name: "a click every 10 ms",
        bytes: 1024,
        fragments: 1,
        in_flight: 1,
        pace: Duration::from_millis(10),
    },
];

/// What one run gave.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) cpu_per_answer: Duration,
    pub(crate) median: Duration,
}

const WARM_UP: Duration = Duration::from_millis(250);
const MEASURED: Duration = Duration::from_millis(900);

/// Runs one client under one load. Answers of an echo and of an SDK count alike: one per message, whatever they say.
pub(crate) async fn measure(kind: &str, load: Load) -> Result<Outcome> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/?service_id=1&device_id=7", listener.local_addr()?);
    let client = Client::start(kind, &url)?;
    let (stream, _) = tokio::time::timeout(Duration::from_secs(10), listener.accept())
        .await
        .context("the client did not come")??;
    stream.set_nodelay(true)?;
    let socket = tokio_tungstenite::accept_async(stream).await?;
    // An echo sends every fragment back, an SDK one answer.
    let answers_per_message = if kind.starts_with("echo") { load.fragments } else { 1 };
    let mut run = Run { socket, frames: frames(load), answers_per_message, answers: 0, sent: 0 };
    if load.pace > Duration::ZERO {
        run.paced(&client, load.pace).await
    } else {
        run.flooded(&client, load.in_flight).await
    }
}

struct Run {
    socket: WebSocketStream<TcpStream>,
    frames: Vec<Frame>,
    answers_per_message: usize,
    answers: usize,
    sent: usize,
}

impl Run {
    async fn flooded(&mut self, client: &Client, in_flight: usize) -> Result<Outcome> {
        for _ in 0..in_flight {
            self.feed().await?;
        }
        self.socket.flush().await?;
        let start = Instant::now();
        let mut measured: Option<(Instant, usize, Duration)> = None;
        loop {
            self.answered().await?;
            while self.sent < self.answers / self.answers_per_message + in_flight {
                self.feed().await?;
            }
            self.socket.flush().await?;
            let now = Instant::now();
            match measured {
                None if now - start >= WARM_UP => measured = Some((now, self.answers, client.cpu())),
                Some((from, answers, cpu)) if now - from >= MEASURED => {
                    let done = (self.answers - answers) / self.answers_per_message;
                    ensure!(done > 0, "no answers");
                    let spent = client.cpu().saturating_sub(cpu);
                    return Ok(Outcome {
                        per_second: done as f64 / (now - from).as_secs_f64(),
                        cpu_per_answer: spent / u32::try_from(done)?,
                        median: Duration::ZERO,
                    });
                }
                _ => {}
            }
        }
    }

    async fn paced(&mut self, client: &Client, pace: Duration) -> Result<Outcome> {
        let mut times = Vec::new();
        let cpu = client.cpu();
        let start = Instant::now();
        while start.elapsed() < MEASURED + WARM_UP {
            tokio::time::sleep(pace).await;
            let sent = Instant::now();
            self.feed().await?;
            self.socket.flush().await?;
            let wanted = self.answers + self.answers_per_message;
            while self.answers < wanted {
                self.answered().await?;
            }
            times.push(sent.elapsed());
        }
        times.sort_unstable();
        Ok(Outcome {
            per_second: times.len() as f64 / start.elapsed().as_secs_f64(),
            cpu_per_answer: client.cpu().saturating_sub(cpu) / u32::try_from(times.len())?,
            median: times[times.len() / 2],
        })
    }

    async fn feed(&mut self) -> Result<()> {
        self.sent += 1;
        let id = self.sent.to_string();
        for frame in &mut self.frames {
            if let Some(header) = frame.headers.iter_mut().find(|header| header.key == "message_id") {
                header.value.clone_from(&id);
            }
            self.socket.feed(Message::Binary(frame.encode_to_vec().into())).await?;
        }
        Ok(())
    }

    /// Waits for one answer and takes those that are there as well. A client's pings do not count.
    async fn answered(&mut self) -> Result<()> {
        let before = self.answers;
        while self.answers == before {
            let message = tokio::time::timeout(Duration::from_secs(5), self.socket.next())
                .await
                .context("no answer")?;
            match message.context("the client left")?? {
                Message::Binary(data) if !is_ping(&data) => self.answers += 1,
                _ => {}
            }
        }
        while let Some(Some(Ok(message))) = self.socket.next().now_or_never() {
            if matches!(&message, Message::Binary(data) if !is_ping(data)) {
                self.answers += 1;
            }
        }
        Ok(())
    }
}

/// A ping is the only short frame a client sends.
fn is_ping(data: &Bytes) -> bool {
    data.len() < 40
}

pub(crate) fn frames(load: Load) -> Vec<Frame> {
    let payload = payload(load.bytes);
    let size = payload.len().div_ceil(load.fragments);
    let parts: Vec<Bytes> = payload.chunks(size).map(Bytes::copy_from_slice).collect();
    let sum = parts.len().to_string();
    let frame = |(seq, part): (usize, Bytes)| {
        let headers = [
            ("type", "event"),
            ("message_id", "0b9c4c1e-5f3e-4c3a-9b1d-000000000001"),
            ("sum", sum.as_str()),
            ("seq", &seq.to_string()),
            ("trace_id", "9f1c2d3e4b5a69788796a5b4c3d2e1f0"),
            ("timestamp", "1700000000000"),
            ("instance_id", "instance-7"),
        ];
        Frame {
            seq_id: 1,
            log_id: 2,
            service: 1,
            method: 1,
            headers: headers.into_iter().map(|(key, value)| Header::new(key, value)).collect(),
            payload: Some(part),
            ..Frame::default()
        }
    };
    parts.into_iter().enumerate().map(frame).collect()
}

/// A card callback of about `bytes` bytes, without an event id: a repeat must not be answered from memory.
fn payload(bytes: usize) -> Vec<u8> {
    let of = |note: String| {
        json!({
            "schema": "2.0",
            "header": {
                "token": "verification-token-0000000000000", "create_time": "1700000000000000",
                "event_type": "card.action.trigger", "tenant_key": "1000000000000001", "app_id": "cli_bench"
            },
            "event": {
                "operator": {
                    "tenant_key": "1000000000000001", "user_id": "u1000001",
                    "open_id": "ou_10000000000000000000000000000001", "union_id": "on_10000000000000000000000000000001"
                },
                "token": "c-1000000000000000000000000000000000000001",
                "action": {
                    "value": {"order": 42}, "tag": "button", "timezone": "Asia/Shanghai",
                    "form_value": {"note": note, "when": "2026-01-02 +0800"}, "name": "save"
                },
                "host": "im_message",
                "context": {
                    "open_message_id": "om_10000000000000000000000000000001",
                    "open_chat_id": "oc_10000000000000000000000000000001"
                }
            }
        })
        .to_string()
    };
    let bare = of(String::new()).len();
    of("n".repeat(bytes.saturating_sub(bare))).into_bytes()
}
