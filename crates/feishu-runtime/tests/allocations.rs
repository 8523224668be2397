//! Counts the memory allocations of a callback between the link and the answer, so that they do not grow unnoticed.
#![cfg(feature = "long-connection")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use async_trait::async_trait;
use bytes::Bytes;
use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_gateway::{Click, Event};
use feishu_proto::{Frame, Header, Method, header_name};
use feishu_runtime::{Client, Dispatcher};
use feishu_transport::{AppSecret, Connect, ConnectUrl, Endpoint, EndpointSource, Error, Link, Message};
use tokio::sync::Notify;

/// What the metrics add, with or without a recorder.
const METRICS: f64 = if cfg!(feature = "metrics") { 4.0 } else { 0.0 };
/// Callbacks that are measured; as many are handled before, to warm up.
const CALLBACKS: usize = 200;

/// Frames that are received one after another, each once the one before was answered.
#[derive(Default)]
struct Script {
    frames: VecDeque<Bytes>,
    answered: usize,
    ready: bool,
    reader: Option<Waker>,
}

#[derive(Clone, Default)]
struct Scripted {
    script: Arc<Mutex<Script>>,
    done: Arc<Notify>,
}

impl Link for Scripted {
    fn poll_next(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Message, Error>>> {
        let mut script = self.script.lock().unwrap();
        if script.ready {
            if let Some(frame) = script.frames.pop_front() {
                script.ready = false;
                return Poll::Ready(Some(Ok(Message::Binary(frame))));
            }
        }
        script.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, message: Message) -> Result<(), Error> {
        let Message::Binary(data) = message else { return Ok(()) };
        if data.windows(8).any(|bytes| bytes == b"\"code\":2") {
            let mut script = self.script.lock().unwrap();
            script.answered += 1;
            script.ready = true;
            if script.frames.is_empty() {
                self.done.notify_one();
            }
            if let Some(reader) = script.reader.take() {
                reader.wake();
            }
        }
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

#[async_trait]
impl Connect for Scripted {
    async fn connect(&self, _: &ConnectUrl) -> Result<Box<dyn Link>, Error> {
        Ok(Box::new(self.clone()))
    }
}

struct FixedUrl;

#[async_trait]
impl EndpointSource for FixedUrl {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        Ok(Endpoint::new(ConnectUrl::parse("wss://scripted.invalid/?device_id=1&service_id=7")?))
    }
}

impl Scripted {
    /// Lets these frames be received, and waits until all are answered.
    async fn answer_all(&self, frames: &mut VecDeque<Bytes>) {
        {
            let mut script = self.script.lock().unwrap();
            std::mem::swap(&mut script.frames, frames);
            script.ready = true;
            if let Some(reader) = script.reader.take() {
                reader.wake();
            }
        }
        self.done.notified().await;
    }
}

fn frame(number: usize, payload: String) -> Bytes {
    let headers = vec![
        Header::new(header_name::TYPE, "event"),
        Header::new(header_name::MESSAGE_ID, format!("message-{number:032}")),
        Header::new(header_name::TRACE_ID, format!("trace-{number:032}")),
        Header::new(header_name::SUM, "1"),
        Header::new(header_name::SEQ, "0"),
    ];
    let frame = Frame {
        seq_id: u64::try_from(number).unwrap(),
        service: 7,
        method: Method::Data.into(),
        headers,
        payload: Some(payload.into()),
        ..Frame::default()
    };
    Bytes::from(frame.encode_to_vec())
}

/// Allocations per callback, with payloads of this kind.
fn measure(payload: impl Fn(usize) -> String) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async { Ok(CardReply::toast(Toast::success("Saved"))) })
        .on_raw("order.paid_v1", |_, _| async { Ok(()) })
        .build()
        .unwrap();
    let scripted = Scripted::default();
    let connect = scripted.clone();
    let client = Client::builder("cli_local", AppSecret::new("a secret"))
        .connection(|connection| connection.endpoint_source(FixedUrl).connect(connect))
        .dispatcher(dispatcher)
        .quiet()
        .build()
        .unwrap();
    let make = |from: usize| -> VecDeque<Bytes> {
        (from..from + CALLBACKS).map(|number| frame(number, payload(number))).collect()
    };
    let (mut warm, mut counted) = (make(0), make(CALLBACKS));
    let running = runtime.spawn(client.run());
    runtime.block_on(scripted.answer_all(&mut warm));
    let info = allocation_counter::measure(|| runtime.block_on(scripted.answer_all(&mut counted)));
    assert_eq!(scripted.script.lock().unwrap().answered, 2 * CALLBACKS);
    running.abort();
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let each = info.count_total as f64 / CALLBACKS as f64;
    println!("{each} allocations, {} bytes per callback", info.bytes_total / CALLBACKS as u64);
    each
}

#[test]
fn client_allocates_at_most_22_times_for_a_card_of_a_kibibyte() {
    let note = "n".repeat(500);
    let each = measure(|number| {
        let click = Click::button("save").value(feishu_gateway::json!({"n": number}));
        click.field("note", note.as_str()).event_id(&format!("event-{number:032}")).payload()
    });
    assert!(each <= 22.0 + METRICS, "{each}");
}

#[test]
fn client_allocates_at_most_10_times_for_a_raw_event() {
    let each = measure(|number| {
        let event = Event::new("order.paid_v1", feishu_gateway::json!({"n": number}));
        event.event_id(&format!("event-{number:032}")).payload()
    });
    assert!(each <= 10.0 + METRICS, "{each}");
}
