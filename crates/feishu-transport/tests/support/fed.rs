//! A client that is fed messages by hand, down to the last byte, and what must hold whatever it is fed.
//!
//! The fuzz targets and the property tests share it.
#![allow(dead_code, unreachable_pub, reason = "each user uses a part of it")]

#[path = "../../examples/swap_link.rs"]
mod swap_link;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use feishu_proto::{Frame, Header, Method, header_name};
use feishu_transport::{
    Answer, AppSecret, ConnectionHandle, CounterValues, Delivery, Limits, Link as _, LongConnection, Message,
    Shutdown,
};
use tokio::sync::mpsc;
use tokio::time::sleep;

use swap_link::{FixedUrl, MemoryConnect, MemoryLink};

/// One thing that happens to the client.
#[derive(Clone, Debug)]
pub enum Step {
    Message(Message),
    Wait(Duration),
    /// The connection ends; the client makes another.
    Cut,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Fed {
    /// Payloads that reached the inbox, in order.
    pub payloads: Vec<Bytes>,
    /// Frames that the client sent as answers.
    pub answers: Vec<Frame>,
    pub counters: CounterValues,
}

/// Limits small enough to be reached by a few hundred bytes.
pub fn small_limits() -> Limits {
    Limits::default()
        .message_bytes(600)
        .fragments(9)
        .partial_messages(3)
        .partial_bytes(1_200)
        .completed_ids(3)
}

/// One fragment of a message.
pub fn fragment(message_id: &str, seq: u64, sum: u64, payload: &[u8]) -> Step {
    let headers = [
        (header_name::TYPE, "event".to_owned()),
        (header_name::MESSAGE_ID, message_id.to_owned()),
        (header_name::SUM, sum.to_string()),
        (header_name::SEQ, seq.to_string()),
    ];
    let frame = Frame {
        method: Method::Data.into(),
        headers: headers.into_iter().map(|(key, value)| Header::new(key, value)).collect(),
        payload: Some(Bytes::copy_from_slice(payload)),
        ..Frame::default()
    };
    Step::Message(Message::Binary(frame.encode_to_vec().into()))
}

/// Reads any bytes as steps, so that a fuzzer has a say in everything.
pub fn steps(mut data: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((kind, rest)) = data.split_first() {
        data = rest;
        let mut byte = || match data.split_first() {
            Some((byte, rest)) => {
                data = rest;
                *byte
            }
            None => 0,
        };
        let (a, b, c) = (byte(), byte(), byte());
        let mut take = |count: u8| {
            let (taken, rest) = data.split_at(usize::from(count).min(data.len()));
            data = rest;
            Bytes::copy_from_slice(taken)
        };
        steps.push(match kind % 10 {
            0 | 1 => Step::Message(Message::Binary(take(a))),
            2..=5 => fragment(&format!("m{}", a % 5), u64::from(b % 11), u64::from(c % 11), &take(b)),
            6 => {
                let frame = Frame {
                    method: Method::Control.into(),
                    headers: vec![Header::new(header_name::TYPE, "pong")],
                    payload: Some(take(b)),
                    ..Frame::default()
                };
                Step::Message(Message::Binary(frame.encode_to_vec().into()))
            }
            7 => Step::Message(match a % 3 {
                0 => Message::Text(usize::from(b)),
                1 => Message::Ping(take(b)),
                _ => Message::Pong(take(b)),
            }),
            8 => Step::Wait(Duration::from_millis(u64::from(a) * 100)),
            _ if a < 40 => Step::Cut,
            _ => Step::Wait(Duration::from_millis(1)),
        });
    }
    steps
}

/// Feeds a client, and panics where something does not hold that must.
pub fn feed(steps: Vec<Step>, limits: Limits) -> Fed {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(feed_client(steps, limits))
}

async fn feed_client(steps: Vec<Step>, limits: Limits) -> Fed {
    let (connect, mut links) = mpsc::channel(1);
    let payloads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&payloads);
    let inbox = move |delivery: Delivery| {
        seen.lock().unwrap().push(delivery.received().payload().clone());
        delivery.answer(&Answer::empty());
    };
    let client = LongConnection::builder("cli_fed", AppSecret::new("fed"))
        .endpoint_source(FixedUrl("wss://fed.invalid/?service_id=1"))
        .connect(MemoryConnect(connect))
        .limits(limits)
        .seed(1)
        .build()
        .unwrap();
    let handle = client.handle();
    let (stop, stopped) = Shutdown::new();
    let running = tokio::spawn(client.run(Arc::new(inbox), stopped));

    let mut fed = Fed::default();
    let mut link = links.recv().await.unwrap();
    for step in steps {
        match step {
            Step::Message(message) => link.start_send(message).unwrap(),
            Step::Wait(time) => sleep(time).await,
            Step::Cut => {
                drop(link);
                link = links.recv().await.unwrap();
            }
        }
        settle(&mut link, &mut fed).await;
        check(&handle, &limits);
        // Silence may have ended the connection: then there is a new one by now, or soon.
        if let Ok(newer) = links.try_recv() {
            link = newer;
        }
    }
    stop.stop(Duration::from_secs(1));
    while !running.is_finished() {
        settle(&mut link, &mut fed).await;
        sleep(Duration::from_millis(100)).await;
    }
    running.await.unwrap().unwrap();
    fed.counters = handle.counters();
    assert_eq!(fed.counters.fragments_waiting, 0);
    assert_eq!(fed.counters.answers_pending(), 0);
    assert!(fed.counters.is_consistent(), "{:?}", fed.counters);
    fed.payloads = std::mem::take(&mut payloads.lock().unwrap());
    assert_eq!(fed.counters.delivered, fed.payloads.len() as u64);
    let answered = fed.counters.answers_written + fed.counters.answers_lost;
    assert_eq!(answered, fed.counters.delivered + fed.counters.refused_too_large);
    fed
}

/// Lets the client do all that it does at once, and takes what it says.
async fn settle(link: &mut MemoryLink, fed: &mut Fed) {
    for _ in 0..8 {
        tokio::task::yield_now().await;
        let mut idle = false;
        while !idle {
            idle = std::future::poll_fn(|cx| {
                std::task::Poll::Ready(match link.poll_next(cx) {
                    std::task::Poll::Ready(Some(Ok(message))) => {
                        note(message, fed);
                        false
                    }
                    _ => true,
                })
            })
            .await;
        }
    }
}

fn note(message: Message, fed: &mut Fed) {
    let Message::Binary(data) = message else { return };
    let frame = Frame::decode(data).unwrap();
    if Method::from(frame.method) == Method::Data {
        assert!(frame.header(header_name::BIZ_RT).is_some(), "an answer has a time: {frame:?}");
        fed.answers.push(frame);
    }
}

fn check(handle: &ConnectionHandle, limits: &Limits) {
    let counters = handle.counters();
    assert!(counters.is_consistent(), "{counters:?}");
    let most = (limits.partial_bytes / 64).min(limits.partial_messages * limits.fragments);
    assert!(counters.fragments_waiting <= most as u64, "{counters:?}");
}
