//! Faults of live connections.

mod common;

use std::time::Duration;

use common::{Client, in_memory};
use feishu_gateway::{Bytes, Click, ErrorKind, Fault, FindingKind, Gateway, Outgoing, Seen, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

async fn connected() -> (Gateway, Client) {
    let gateway = in_memory().await;
    let client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    (gateway, client)
}

#[tokio::test(start_paused = true)]
async fn a_stalled_connection_is_mute_until_it_is_healed() {
    let (gateway, mut client) = connected().await;
    gateway.fault(Fault::Stall);
    client.ping().await;
    let silence = tokio::time::timeout(Duration::from_secs(3600), client.next()).await;
    assert!(silence.is_err(), "{silence:?}");
    let error = gateway.click(Click::button("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAnswer);
    assert_eq!(gateway.connections().len(), 1, "the platform has not noticed the dead client");

    gateway.heal();
    assert_eq!(client.frame().await.header("type"), Some("event"), "what was pushed meanwhile");
    assert_eq!(client.frame().await.header("type"), Some("pong"));
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_client_that_is_flooded_is_given_up_with_bounded_memory() {
    let (gateway, _client) = connected().await;
    gateway.fault(Fault::Stall);
    let big = Bytes::from(vec![b' '; 8 << 20]);
    let mut sent = 0;
    while !gateway.connections().is_empty() {
        let _ = gateway.send(Outgoing::event(big.clone())).await;
        tokio::task::yield_now().await;
        sent += 1;
        assert!(sent < 100, "the write limit is 64 MiB");
    }
    assert!(sent >= 8, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn a_cut_ends_the_stream_without_a_word() {
    let (gateway, mut client) = connected().await;
    gateway.fault(Fault::Cut);
    assert!(gateway.connections().is_empty(), "no push goes there any more");
    let last = client.next().await;
    assert!(!matches!(last, Some(Ok(_))), "{last:?}");
    let entry = gateway.seen(|entry| matches!(entry.seen, Seen::Ended { .. })).await;
    assert!(matches!(entry.seen, Seen::Ended { by_us: true, .. }));
    assert_eq!(gateway.findings(), [], "the client did nothing wrong");
}

#[tokio::test]
async fn a_cut_over_tcp_is_a_reset() {
    let gateway = Gateway::start().await.unwrap();
    let url = common::url(&gateway).await;
    let address = gateway.base_url().trim_start_matches("http://").to_owned();
    let io = tokio::net::TcpStream::connect(&address).await.unwrap();
    let mut client = Client::handshake_on(io, &url).await.unwrap();
    gateway.connected(1).await;
    gateway.fault(Fault::Cut);
    let error = client.next().await.unwrap().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("reset"), "{text}");
    gateway.connected(0).await;
}

#[tokio::test(start_paused = true)]
async fn odd_messages_arrive_as_they_are() {
    let (gateway, mut client) = connected().await;
    gateway.fault(Fault::Noise(Bytes::from_static(b"\xff\xff")));
    gateway.fault(Fault::Text("hello".into()));
    gateway.fault(Fault::WebSocketPing);
    gateway.fault(Fault::Close(1001, "bye".into()));
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Binary(Bytes::from_static(b"\xff\xff")));
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("hello"));
    assert!(client.next().await.unwrap().unwrap().is_ping());
    let close = CloseFrame { code: 1001.into(), reason: "bye".into() };
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Close(Some(close)));
    assert!(client.next().await.is_none());
    gateway.connected(0).await;
    gateway.seen(|entry| matches!(entry.seen, Seen::WebSocketPong)).await;
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_noticed_and_its_absence_too() {
    let (gateway, mut client) = connected().await;
    let close = CloseFrame { code: 1000.into(), reason: "done".into() };
    client.send(Message::Close(Some(close))).await.unwrap();
    while client.next().await.is_some() {}
    let entry = gateway.seen(|entry| matches!(entry.seen, Seen::Closed { .. })).await;
    assert_eq!(entry.seen.to_string(), "<- close frame 1000 \"done\"");
    gateway.seen(|entry| matches!(entry.seen, Seen::Ended { .. })).await;
    assert_eq!(gateway.findings(), []);

    drop(Client::connect(&gateway).await);
    gateway.seen(|entry| matches!(&entry.seen, Seen::Found(f) if f.kind == FindingKind::NoCloseFrame)).await;
    gateway.connected(0).await;
}

#[tokio::test(start_paused = true)]
async fn an_unpublished_app_gets_its_clicks_in_card_frames() {
    let (gateway, mut client) = connected().await;
    gateway.fault(Fault::Unpublished);
    let (_, push) = tokio::join!(gateway.click(Click::button("x")), client.answer(json!({})));
    assert_eq!(push.header("type"), Some("card"));
    let (_, push) = tokio::join!(gateway.event("a.b", json!({})), client.answer(json!({})));
    assert_eq!(push.header("type"), Some("event"), "events are no matter of the callback subscription");
    gateway.heal();
    let (_, push) = tokio::join!(gateway.click(Click::button("x")), client.answer(json!({})));
    assert_eq!(push.header("type"), Some("event"));
}

#[tokio::test(start_paused = true)]
async fn one_connection_can_be_treated_alone() {
    let (gateway, mut first) = connected().await;
    let mut second = Client::connect(&gateway).await;
    gateway.connected(2).await;
    gateway.connections()[0].text("only you");
    gateway.connections()[1].cut();
    assert_eq!(first.next().await.unwrap().unwrap(), Message::text("only you"));
    assert!(!matches!(second.next().await, Some(Ok(_))));
    gateway.seen(|entry| matches!(entry.seen, Seen::Ended { .. })).await;
    assert_eq!(gateway.connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit_ends_the_connection_and_one_at_the_limit_does_not() {
    const LIMIT: usize = 16 << 20;
    let (gateway, mut client) = connected().await;
    client.send(Message::binary(vec![0; LIMIT])).await.unwrap();
    gateway.seen(|entry| matches!(entry.seen, Seen::Noise(LIMIT))).await;
    assert_eq!(gateway.connections().len(), 1);
    let _ = client.send(Message::binary(vec![0; LIMIT + 1])).await;
    gateway.connected(0).await;
    gateway.seen(|entry| matches!(&entry.seen, Seen::Found(f) if f.kind == FindingKind::WebSocket)).await;
}
