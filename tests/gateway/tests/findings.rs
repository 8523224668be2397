//! What a client does wrong is named, and nothing else is.

mod common;

use std::time::Duration;

use common::{Client, in_memory, payload};
use feishu_gateway::{Click, Finding, FindingKind as Kind, Frame, Gateway, Header, Outgoing, Severity, json};
use tokio_tungstenite::tungstenite::Message;

async fn connected() -> (Gateway, Client) {
    let gateway = in_memory().await;
    let client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    (gateway, client)
}

/// Waits until the gateway has read all that the client has sent so far.
async fn settled(client: &mut Client) {
    client.send(Message::Ping("settled".into())).await.unwrap();
    while client.next().await.unwrap().unwrap() != Message::Pong("settled".into()) {}
}

#[tokio::test(start_paused = true)]
async fn every_wrong_ping_is_named() {
    let (gateway, mut client) = connected().await;
    let good = Frame::ping(client.service);
    let table: [(&str, Frame); 6] = [
        ("method 0", Frame { method: 1, ..good.clone() }),
        ("service_id", Frame { service: 0, ..good.clone() }),
        ("SeqID", Frame { seq_id: 1, ..good.clone() }),
        ("LogID", Frame { log_id: 1, ..good.clone() }),
        ("no payload", Frame { payload: Some("x".into()), ..good.clone() }),
        ("one header", {
            let mut frame = good.clone();
            frame.headers.push(Header::new("more", ""));
            frame
        }),
    ];
    for (part, frame) in table {
        gateway.clear_log();
        client.send_frame(&frame).await;
        settled(&mut client).await;
        let findings = gateway.findings();
        assert_eq!(findings.len(), 1, "{part}: {findings:?}");
        assert_eq!(findings[0].kind, Kind::Ping);
        assert!(findings[0].text.contains(part), "{part}: {findings:?}");
    }

    gateway.clear_log();
    // The Go SDK writes the optional texts as empty ones.
    let texts = Some(String::new());
    let go =
        Frame { payload_encoding: texts.clone(), payload_type: texts.clone(), log_id_new: texts, ..good };
    client.send_frame(&go).await;
    settled(&mut client).await;
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn pings_in_a_busy_loop_are_named_once() {
    let (gateway, mut client) = connected().await;
    for _ in 0..100 {
        client.ping().await;
    }
    settled(&mut client).await;
    let kinds: Vec<Kind> = gateway.findings().iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::PingFlood]);
    gateway.clear_log();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(120)).await;
        client.ping().await;
    }
    settled(&mut client).await;
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_frame_is_named() {
    let (gateway, mut client) = connected().await;
    let without_service =
        [0x08, 0, 0x10, 0, 0x20, 0, 0x2a, 12, 10, 4, 116, 121, 112, 101, 18, 4, 112, 105, 110, 103];
    let unknown = Frame { method: 7, ..Frame::ping(1) };
    let unknown = Frame { headers: vec![Header::new("type", "hello")], ..unknown };
    let stray = Frame { method: 1, headers: vec![Header::new("message_id", "m")], ..Frame::default() };
    let table: [(Message, Kind); 5] = [
        (Message::text("hello"), Kind::TextMessage),
        (Message::binary(&b"\xff\xff\xff"[..]), Kind::NotAFrame),
        (Message::binary(without_service.to_vec()), Kind::NotAFrame),
        (Message::binary(unknown.encode_to_vec()), Kind::UnknownFrame),
        (Message::binary(stray.encode_to_vec()), Kind::AnsweredUnknown),
    ];
    for (message, kind) in table {
        gateway.clear_log();
        client.send(message).await.unwrap();
        settled(&mut client).await;
        let findings = gateway.findings();
        assert!(findings.iter().any(|finding| finding.kind == kind), "{kind:?}: {findings:?}");
        assert!(findings.iter().all(|finding| finding.connection.is_some()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_unmasked_frame_ends_the_connection() {
    use tokio::io::AsyncWriteExt as _;
    let (gateway, mut client) = connected().await;
    // An empty binary message without a mask.
    client.socket.get_mut().write_all(&[0x82, 0]).await.unwrap();
    gateway.connected(0).await;
    let findings = gateway.findings();
    let finding = findings.iter().find(|finding| finding.kind == Kind::WebSocket).unwrap();
    assert!(finding.text.contains("unmasked"), "{finding}");
}

/// The findings of a click that was answered by what `spoil` makes of the good answer.
async fn spoiled(spoil: impl FnOnce(&mut Frame)) -> Vec<Finding> {
    let (gateway, mut client) = connected().await;
    let push = Outgoing::from(Click::button("x")).log_id(u64::MAX - 7).log_id_new("n").payload_type("t");
    let sent = gateway.send(push).await.unwrap();
    let mut answer = client.push().await.into_answer(payload(200, Some(json!({}))), 5);
    spoil(&mut answer);
    client.send_frame(&answer).await;
    let answered = sent.answer().await.unwrap();
    assert_eq!(answered.findings(), gateway.findings());
    gateway.findings()
}

#[tokio::test(start_paused = true)]
async fn every_wrong_answer_is_named() {
    use Severity::{Error, Warning};
    type Spoil = fn(&mut Frame);
    let table: [(&str, Severity, Kind, Spoil); 22] = [
        ("SeqID", Error, Kind::AnswerEcho, |f| f.seq_id += 1),
        ("LogID", Error, Kind::AnswerEcho, |f| f.log_id = 0),
        ("rounded", Warning, Kind::AnswerEcho, |f| f.log_id = u64::MAX - 8),
        ("service", Error, Kind::AnswerEcho, |f| f.service = 0),
        ("method", Error, Kind::AnswerEcho, |f| f.method = 2),
        ("LogIDNew", Error, Kind::AnswerEcho, |f| f.log_id_new = None),
        ("payload_type", Error, Kind::AnswerEcho, |f| f.payload_type = None),
        ("instance_id", Error, Kind::AnswerHeaders, |f| f.headers.retain(|h| h.key != "instance_id")),
        ("trace_id", Error, Kind::AnswerHeaders, |f| f.headers[4].value.clear()),
        ("in order", Error, Kind::AnswerHeaders, |f| f.headers.swap(0, 4)),
        ("extra", Error, Kind::AnswerHeaders, |f| f.headers.push(Header::new("extra", "1"))),
        ("missing", Warning, Kind::BizRt, |f| drop(f.headers.pop())),
        ("negative", Warning, Kind::BizRt, |f| f.headers[7].value = "-3".into()),
        ("not a number", Warning, Kind::BizRt, |f| f.headers[7].value = "1.5".into()),
        ("2 times", Warning, Kind::BizRt, |f| f.headers.push(Header::new("biz_rt", "1"))),
        ("payload is not", Error, Kind::AnswerPayload, |f| f.payload = None),
        ("payload is not", Error, Kind::AnswerPayload, |f| f.payload = Some("{\"code\":\"200\"}".into())),
        ("no code", Error, Kind::AnswerPayload, |f| f.payload = Some("{\"data\":\"e30=\"}".into())),
        ("not base64", Error, Kind::AnswerData, |f| {
            f.payload = Some("{\"code\":200,\"data\":\"{}\"}".into());
        }),
        ("not JSON", Error, Kind::AnswerData, |f| {
            f.payload = Some("{\"code\":200,\"data\":\"eyI=\"}".into());
        }),
        ("JSON object", Error, Kind::AnswerData, |f| f.payload = Some(payload(200, Some(json!("done"))))),
        ("at least {}", Warning, Kind::AnswerData, |f| f.payload = Some(payload(200, None))),
    ];
    for (part, severity, kind, spoil) in table {
        let findings = spoiled(spoil).await;
        let [finding] = findings.as_slice() else { panic!("{part}: {findings:?}") };
        assert_eq!((finding.kind, finding.severity), (kind, severity), "{finding}");
        assert!(finding.text.contains(part), "{part}: {finding}");
        assert!(finding.message_id.is_some());
    }
    assert_eq!(spoiled(|_| {}).await, []);
    assert_eq!(spoiled(|f| f.payload_encoding = Some(String::new())).await, []);
    assert_eq!(spoiled(|f| f.payload = Some(payload(500, None))).await, []);
}

#[tokio::test(start_paused = true)]
async fn an_answer_too_many_is_named_but_copies_may_each_be_answered() {
    let (gateway, mut client) = connected().await;
    let sent = gateway.send(Click::button("x")).await.unwrap();
    let answer = client.push().await.into_answer(payload(200, Some(json!({}))), 0);
    client.send_frame(&answer).await;
    client.send_frame(&answer).await;
    sent.answer().await.unwrap();
    settled(&mut client).await;
    let kinds: Vec<Kind> = gateway.findings().iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::AnsweredTwice]);

    gateway.clear_log();
    let sent = gateway.send(Outgoing::from(Click::button("x")).copies(2)).await.unwrap();
    for _ in 0..2 {
        client.answer(json!({})).await;
    }
    sent.answer().await.unwrap();
    settled(&mut client).await;
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn late_early_and_misplaced_answers_are_named() {
    let (gateway, mut client) = connected().await;
    let mut other = Client::connect(&gateway).await;
    gateway.connected(2).await;
    let here = gateway.connections()[0].id();

    let late = Outgoing::from(Click::button("x")).to(here).wait(Duration::from_secs(60));
    let sent = gateway.send(late).await.unwrap();
    let push = client.push().await;
    tokio::time::sleep(Duration::from_millis(3001)).await;
    client.send_frame(&push.into_answer(payload(200, Some(json!({}))), 3001)).await;
    let answered = sent.answer().await.unwrap();
    assert_eq!(answered.verdict().code(), Some(200_341));
    assert_eq!(answered.findings()[0].kind, Kind::AnsweredLate);

    let sent = gateway.send(Outgoing::from(Click::button("x")).to(here)).await.unwrap();
    let push = client.push().await;
    other.send_frame(&push.into_answer(payload(200, Some(json!({}))), 0)).await;
    let answered = sent.answer().await.unwrap();
    assert_eq!(answered.findings()[0].kind, Kind::AnsweredElsewhere);

    let gap = Outgoing::from(Click::button("x")).to(here).fragments(2).order([0]);
    let sent = gateway.send(gap).await.unwrap();
    let push = client.push().await;
    client.send_frame(&push.into_answer(payload(200, Some(json!({}))), 0)).await;
    let answered = sent.answer().await.unwrap();
    assert_eq!(answered.findings()[0].kind, Kind::AnsweredEarly);
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_fragments_repeats_the_one_that_came_last() {
    let (gateway, mut client) = connected().await;
    let torn = Outgoing::from(Click::button("x")).fragments(3).order([2, 0, 1]);
    for right in [true, false] {
        gateway.clear_log();
        let sent = gateway.send(torn.clone()).await.unwrap();
        let frames = [client.push().await, client.push().await, client.push().await];
        let echoed = if right { &frames[2] } else { &frames[0] };
        client.send_frame(&echoed.clone().into_answer(payload(200, Some(json!({}))), 0)).await;
        let answered = sent.answer().await.unwrap();
        match answered.findings() {
            [] => assert!(right),
            [one] => {
                assert!(!right, "{one}");
                assert_eq!(one.text, "fragment 2 was answered, but 1 came last");
                assert_eq!(one.severity, Severity::Warning, "the Go SDK does it");
            }
            more => panic!("{more:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_a_close_frame_is_found() {
    for answers in [true, false] {
        let gateway = in_memory().await;
        let mut client = Client::connect(&gateway).await;
        gateway.connected(1).await;
        gateway.fault(feishu_gateway::Fault::Close(1001, "bye".into()));
        if answers {
            // The library answers as it reads.
            while client.next().await.is_some_and(|message| message.is_ok()) {}
        }
        drop(client);
        gateway.seen(|entry| matches!(entry.seen, feishu_gateway::Seen::Ended { .. })).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        let found = gateway
            .findings()
            .iter()
            .filter(|it| it.kind == feishu_gateway::FindingKind::NoCloseFrame)
            .count();
        assert_eq!(found, usize::from(!answers), "{:?}", gateway.findings());
    }
}
