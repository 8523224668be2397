//! Each swap point with a second implementation: the examples, run.
#![allow(unreachable_pub, reason = "an example's items are public for this test")]

#[allow(dead_code, reason = "its main is not called here")]
#[path = "../examples/swap_dial.rs"]
mod swap_dial;
#[allow(dead_code, reason = "its main is not called here")]
#[path = "../examples/swap_endpoint.rs"]
mod swap_endpoint;
#[allow(dead_code, reason = "its main is not called here")]
#[path = "../examples/swap_link.rs"]
mod swap_link;

use std::sync::Arc;
use std::time::Duration;

use feishu_proto::{Frame, Header, Method, header_name};
use feishu_transport::{Answer, AppSecret, Delivery, Link as _, LongConnection, Message, Shutdown};
use tokio::time::{Instant, sleep};

#[tokio::test]
async fn an_endpoint_source_of_ones_own_asks_the_platform() {
    assert_eq!(swap_endpoint::answered().await.unwrap(), 200);
}

#[tokio::test]
async fn the_default_parts_work_inside_ones_own() {
    assert_eq!(swap_endpoint::counted().await.unwrap(), 1);
    let lines = swap_dial::logged().await.unwrap();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.ends_with(": open")), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dial_of_ones_own_serves_both_legs() {
    let (targets, code) = swap_dial::answered().await.unwrap();
    assert_eq!(code, 200);
    assert_eq!(targets, ["localhost:7777", "localhost:7777"]);
}

#[tokio::test(start_paused = true)]
async fn a_link_of_ones_own_carries_messages_and_answers() {
    assert_eq!(swap_link::answered().await.unwrap(), r#"{"code":200,"data":"eyJhIjoxfQ=="}"#);
}

/// A peer that answers application pings and is silent about those of the WebSocket.
async fn serve(mut link: swap_link::MemoryLink, until: Instant) {
    let pong = Frame {
        method: Method::Control.into(),
        headers: vec![Header::new(header_name::TYPE, "pong")],
        ..Frame::default()
    };
    loop {
        let next = std::future::poll_fn(|cx| link.poll_next(cx));
        match tokio::time::timeout_at(until, next).await {
            Ok(Some(Ok(Message::Binary(_)))) => {
                link.start_send(Message::Binary(pong.encode_to_vec().into())).unwrap();
            }
            Ok(Some(Ok(_))) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_ignores_websocket_pings_is_kept() {
    let (connect, mut links) = tokio::sync::mpsc::channel(4);
    let client = LongConnection::builder("cli_any", AppSecret::new("any"))
        .endpoint_source(swap_link::FixedUrl("wss://memory.invalid/"))
        .connect(swap_link::MemoryConnect(connect))
        .build()
        .unwrap();
    let handle = client.handle();
    let (_stop, stopped) = Shutdown::new();
    let running =
        tokio::spawn(client.run(Arc::new(|delivery: Delivery| delivery.answer(&Answer::empty())), stopped));
    let hour = Duration::from_secs(3_600);
    let link = links.recv().await.unwrap();
    tokio::spawn(serve(link, Instant::now() + 2 * hour));
    sleep(hour).await;
    let counters = handle.counters();
    assert_eq!((counters.connections, counters.pongs, counters.websocket_control), (1, 30, 0));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_nothing_is_given_up_at_the_first_pings_deadline() {
    let (connect, mut links) = tokio::sync::mpsc::channel(4);
    let client = LongConnection::builder("cli_any", AppSecret::new("any"))
        .endpoint_source(swap_link::FixedUrl("wss://memory.invalid/"))
        .connect(swap_link::MemoryConnect(connect))
        .build()
        .unwrap();
    let (_stop, stopped) = Shutdown::new();
    let running = tokio::spawn(client.run(Arc::new(drop::<Delivery>), stopped));
    let _mute = links.recv().await.unwrap();
    let start = Instant::now();
    let _next = links.recv().await.unwrap();
    let after = start.elapsed();
    assert!(after >= Duration::from_secs(20) && after <= Duration::from_secs(20 + 30), "{after:?}");
    running.abort();
}

/// The guide shows code that was compiled and run.
#[test]
fn the_guide_quotes_the_examples() {
    let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/swap-a-layer.md");
    // Not part of the published crate.
    let Ok(guide) = std::fs::read_to_string(guide) else { return };
    let examples = [
        include_str!("../examples/swap_dial.rs"),
        include_str!("../examples/swap_endpoint.rs"),
        include_str!("../examples/swap_link.rs"),
    ];
    let flat = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let examples = examples.map(flat);
    let blocks: Vec<&str> =
        guide.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5);
    for block in blocks {
        let quote = flat(block.trim());
        assert!(examples.iter().any(|example| example.contains(&quote)), "not in the examples:\n{block}");
    }
}
