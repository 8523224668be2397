//! Clicks, previews and events, answered well.

mod common;

use common::{Client, event_of, in_memory};
use feishu_gateway::{Click, ErrorKind, Event, Gateway, Outgoing, Preview, Seen, json};
use tokio::net::TcpStream;
use tokio::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_click_is_pushed_and_its_answer_decoded() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;

    let clicking = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.click(Click::button("approve").value(json!({"order": 42})).operator("ou_x")).await }
    });
    let push = client.push().await;
    let event = event_of(&push);
    assert_eq!(event["header"]["event_type"], "card.action.trigger");
    assert_eq!(event["event"]["action"], json!({"tag": "button", "name": "approve", "value": {"order": 42}}));
    assert_eq!(event["event"]["operator"]["open_id"], "ou_x");
    tokio::time::sleep(Duration::from_millis(20)).await;
    let data = json!({"toast": {"type": "success", "content": "Saved"}});
    client.send_frame(&push.into_answer(common::payload(200, Some(data.clone())), 20)).await;

    let answer = clicking.await.unwrap().unwrap();
    assert_eq!(answer.code(), 200);
    assert_eq!(answer.data(), Some(data));
    assert_eq!(answer.biz_rt(), Some(20));
    assert!(answer.elapsed() >= Duration::from_millis(20), "{:?}", answer.elapsed());
    assert_eq!(answer.verdict().to_string(), "a toast (success) \"Saved\"");
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn a_preview_and_an_event_carry_what_was_asked() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;

    let (answer, push) = tokio::join!(
        gateway.preview("https://example.com/42"),
        client.answer(json!({"inline": {"title": "Order 42"}}))
    );
    let event = event_of(&push);
    assert_eq!(event["header"]["event_type"], "url.preview.get");
    assert_eq!(event["event"]["context"]["url"], "https://example.com/42");
    assert_eq!(answer.unwrap().verdict().to_string(), "the link as \"Order 42\"");

    let (answer, push) =
        tokio::join!(gateway.preview(Preview::new("https://x.y").before_sending()), client.answer(json!({})));
    let event = event_of(&push);
    assert_eq!(event["event"]["context"]["open_message_id"], "");
    assert!(event["event"]["context"].get("preview_token").is_none());
    assert!(answer.unwrap().verdict().is_ok());

    let (answer, push) =
        tokio::join!(gateway.event("im.message.receive_v1", json!({"a": 1})), client.answer(json!({})));
    let event = event_of(&push);
    assert_eq!((&event["schema"], &event["event"]), (&json!("2.0"), &json!({"a": 1})));
    assert!(answer.unwrap().verdict().is_ok());

    let old = Event::new("p2p_chat_create", json!({"chat_id": "oc_1"})).first_schema().event_id("u-1");
    let (answer, push) = tokio::join!(gateway.push(old), client.answer(json!({})));
    let event = event_of(&push);
    assert_eq!((&event["uuid"], &event["event"]["type"]), (&json!("u-1"), &json!("p2p_chat_create")));
    assert_eq!(event["event"]["chat_id"], "oc_1");
    answer.unwrap();
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_after_three_seconds_with_what_the_user_sees() {
    let gateway = in_memory().await;
    let error = gateway.click(Click::button("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);

    let _client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let before = tokio::time::Instant::now();
    let error = gateway.click(Click::button("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAnswer);
    assert_eq!(before.elapsed().as_secs(), 3);
    assert_eq!(error.verdict().unwrap().code(), Some(200_341));
}

#[tokio::test(start_paused = true)]
async fn a_failed_event_is_pushed_again_on_the_documented_ladder() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let start = tokio::time::Instant::now();
    let delivering = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.deliver(Event::new("im.message.receive_v1", json!({}))).await }
    });
    let mut ids = Vec::new();
    let mut times = Vec::new();
    for _ in 0..5 {
        let push = client.push().await;
        times.push(start.elapsed().as_secs());
        ids.push(event_of(&push)["header"]["event_id"].clone());
        client.send_frame(&push.into_answer(common::payload(500, None), 0)).await;
    }
    let attempts = delivering.await.unwrap();
    assert_eq!(attempts.len(), 5);
    assert_eq!(times, [0, 15, 315, 3915, 25515]);
    ids.dedup();
    assert_eq!(ids.len(), 1, "one event keeps its id");
}

#[tokio::test(start_paused = true)]
async fn fragments_go_out_in_any_order_with_gaps_and_duplicates() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;

    let torn = Outgoing::event("0123456789").fragments(3).order([2, 0, 0, 1]);
    let sent = gateway.send(torn).await.unwrap();
    let mut parts = Vec::new();
    let mut last = None;
    for _ in 0..4 {
        let push = client.push().await;
        assert_eq!(push.header("sum"), Some("3"));
        parts.push((push.header("seq").unwrap().to_owned(), push.payload.clone().unwrap()));
        last = Some(push);
    }
    let shown: Vec<_> =
        parts.iter().map(|(seq, part)| format!("{seq}:{}", String::from_utf8_lossy(part))).collect();
    assert_eq!(shown, ["2:789", "0:0123", "0:0123", "1:456"]);
    client.send_frame(&last.unwrap().into_answer(common::payload(200, Some(json!({}))), 0)).await;
    assert_eq!(sent.answer().await.unwrap().code(), 200);
    assert_eq!(gateway.findings(), []);

    let error = gateway.send(Outgoing::event("x").fragments(2).order([2])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
}

#[tokio::test]
async fn the_same_works_over_tcp() {
    let gateway = Gateway::start().await.unwrap();
    let url = common::url(&gateway).await;
    // The in-memory call named the host "localhost"; the URL follows the caller's name for us.
    assert!(url.starts_with("ws://localhost/ws/v2?"), "{url}");
    let address = gateway.base_url().trim_start_matches("http://").to_owned();
    let io = TcpStream::connect(&address).await.unwrap();
    let mut client = Client::handshake_on(io, &url).await.unwrap();
    gateway.connected(1).await;
    let (answer, _) = tokio::join!(gateway.click(Click::button("go")), client.answer(json!({})));
    assert_eq!(answer.unwrap().code(), 200);
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn everything_ends_when_the_gateway_is_dropped() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let hanging = gateway.dial();
    drop(gateway);
    let last = client.next().await;
    assert!(!matches!(last, Some(Ok(_))), "{last:?}");
    let mut hanging = hanging;
    let mut rest = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut hanging, &mut rest).await.unwrap();
    assert_eq!(rest, b"");
    // Only this test's own task is left.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_the_story() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    client.ping().await;
    gateway.seen(|entry| matches!(entry.seen, Seen::Pong)).await;
    tokio::join!(
        async { gateway.click(Click::button("a")).await.unwrap() },
        client.answer(json!({"card": {"type": "raw", "data": {"elements": []}}}))
    );
    let lines: Vec<String> = gateway.log().iter().map(|entry| entry.seen.to_string()).collect();
    let starts = [
        "endpoint call of cli_local",
        "connected",
        "<- ping",
        "-> pong",
        "-> card.action.trigger",
        "<- answer 200",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line} should start with {start}");
    }
    let ping = gateway.seen(|entry| matches!(entry.seen, Seen::Ping(_))).await;
    assert_eq!(ping.connection, Some(gateway.connections()[0].id()));
    assert_eq!(gateway.frames().len(), 2);
}
