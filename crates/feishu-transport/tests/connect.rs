//! From nothing to an answered message, and what the platform may do on the way.

mod support;

use feishu_gateway::{Click, Fault, Gateway, HandshakeRefusal, Outgoing, Refusal, json};
use feishu_transport::{
    Answer, AppSecret, CONNECTION_LIMIT, ErrorKind, LongConnection, OnConnectionLimit, RefusalClass, State,
};
use support::{Bench, Client, SECOND, answering, builder};

#[tokio::test(start_paused = true)]
async fn a_click_is_answered_with_what_the_inbox_says() {
    let bench =
        Bench::with(|g| g, |c| c, answering(Answer::ok(r#"{"toast":{"type":"info","content":"ok"}}"#))).await;
    bench.gateway.connected(1).await;
    let answer = bench.gateway.click(Click::button("b").value(json!({"k": 1}))).await.unwrap();
    assert_eq!(answer.code(), 200);
    assert_eq!(answer.data().unwrap(), json!({"toast": {"type": "info", "content": "ok"}}));
    assert!(answer.biz_rt().unwrap() >= 0);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn fragments_in_any_order_are_one_message() {
    let bench = Bench::connected().await;
    let click = Click::button("b").value(json!("x".repeat(5_000))).fragments(7).order([6, 0, 3, 1, 2, 5, 4]);
    assert_eq!(bench.gateway.push(click).await.unwrap().code(), 200);
    assert_eq!(bench.client.handle.counters().frames_delivered, 7);
    assert_eq!(bench.client.handle.counters().delivered, 1);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn frames_that_arrive_with_the_101_are_not_lost() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let early = || Outgoing::event(r#"{"schema":"2.0","header":{},"event":{}}"#);
    gateway.fault(Fault::FramesWithHandshake(vec![early(), early()]));
    let client = Client::start(builder(&gateway), answering(Answer::empty()));
    while client.handle.counters().answers_written < 2 {
        tokio::time::sleep(SECOND / 100).await;
    }
    assert_eq!(client.handle.counters().delivered, 2);
}

#[tokio::test(start_paused = true)]
async fn noise_is_counted_and_the_connection_stays() {
    let bench = Bench::connected().await;
    bench.gateway.fault(Fault::Noise(vec![0xff; 40].into()));
    bench.gateway.fault(Fault::Text("hello".into()));
    bench.gateway.fault(Fault::WebSocketPing);
    bench.gateway.push(Outgoing::event("{}").kind("novel")).await.unwrap_err();
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
    let counters = bench.client.handle.counters();
    assert_eq!((counters.undecodable, counters.text_messages, counters.unknown_type), (1, 1, 1));
    assert_eq!(counters.connections, 1);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_card_frame_is_a_message_like_any_other() {
    let bench = Bench::connected().await;
    bench.gateway.fault(Fault::Unpublished);
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
}

#[tokio::test(start_paused = true)]
async fn fatal_refusals_end_the_run_with_words_that_help() {
    for code in [1_000_040_344, 1_000_040_345, 1_000_040_346, 1_000_040_351, 403, 514] {
        let gateway = Gateway::builder().in_memory().start().await.unwrap();
        gateway.fault(Fault::EndpointRefuses(Refusal::code(code)));
        let client = Client::start(builder(&gateway), answering(Answer::empty()));
        let handle = client.handle.clone();
        let error = client.ended().await.unwrap_err();
        assert!(error.is_fatal(), "{code}");
        let text = error.to_string();
        assert!(
            text.contains(&code.to_string()) && text.contains("developer console")
                || text.contains("https://open"),
            "{text}"
        );
        assert!(matches!(handle.state(), State::Stopped { reason: Some(_) }));
        assert!(handle.ready().await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_told_as_such() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let connection = LongConnection::builder(gateway.app_id(), AppSecret::new("not-the-secret"));
    let connection = connection
        .domain(feishu_transport::Domain::url("http://127.0.0.1:1").unwrap())
        .dial(support::GatewayDial(gateway.clone()));
    let error = Client::start(connection, answering(Answer::empty())).ended().await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, 1_000_040_345);
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_retried_until_it_does() {
    let faults = [
        Fault::EndpointRefuses(Refusal::code(1)),
        Fault::EndpointRefuses(Refusal::code(1_000_040_343)),
        Fault::EndpointRefuses(Refusal::code(987_654)),
        Fault::EndpointRefuses(Refusal::code(CONNECTION_LIMIT)),
        Fault::EndpointStatus(502, "<html>bad gateway</html>".into()),
        Fault::EndpointHtml,
        Fault::EndpointHangs,
        Fault::EndpointHuge(10 << 20),
        Fault::EndpointNoData,
        Fault::EndpointUrl(String::new()),
        Fault::EndpointUrl("nonsense".into()),
        Fault::EndpointUrl("https://127.0.0.1:1/ws".into()),
        Fault::HandshakeRefused(HandshakeRefusal::connection_limit()),
        Fault::HandshakeRefused(HandshakeRefusal::status(514)),
        Fault::HandshakeRefused(HandshakeRefusal::status(514).without_msg()),
        Fault::HandshakeRefused(HandshakeRefusal::plain(502)),
        Fault::HandshakeRefused(HandshakeRefusal::plain(200)),
        Fault::HandshakeHangs,
        Fault::HandshakeThenCut,
    ];
    for fault in faults {
        let gateway = Gateway::builder().in_memory().start().await.unwrap();
        gateway.fault_times(3, fault.clone());
        let client = Client::start(builder(&gateway), answering(Answer::empty()));
        let came = tokio::time::timeout(3_600 * SECOND, async {
            while client.handle.counters().attempts < 4 {
                tokio::time::sleep(SECOND).await;
            }
            client.state(State::is_connected).await;
        });
        came.await.unwrap_or_else(|_| panic!("not connected after {fault:?}: {}", client.handle.state()));
        assert_eq!(client.handle.counters().attempts, 4, "{fault:?}");
        client.running.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_url_without_a_service_id_is_no_reason_not_to_ping() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    gateway.fault(Fault::EndpointUrlWithoutServiceId);
    let client = Client::start(builder(&gateway), answering(Answer::empty()));
    client.handle.ready().await.unwrap();
    tokio::time::sleep(SECOND).await;
    assert_eq!(client.handle.counters().pongs, 1);
}

#[tokio::test(start_paused = true)]
async fn a_forbidden_handshake_is_fatal_and_says_why() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    gateway.fault(Fault::HandshakeRefused(HandshakeRefusal::status(403).msg("app is disabled").http(400)));
    let client = Client::start(builder(&gateway), answering(Answer::empty()));
    let error = client.ended().await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!((refusal.code, refusal.class), (403, RefusalClass::Fatal));
    assert!(error.to_string().contains("app is disabled"));
}

#[tokio::test(start_paused = true)]
async fn the_connection_limit_can_be_made_fatal() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    gateway.fault(Fault::HandshakeRefused(HandshakeRefusal::connection_limit()));
    let client = builder(&gateway).on_connection_limit(OnConnectionLimit::Fail);
    let error = Client::start(client, answering(Answer::empty())).ended().await.unwrap_err();
    assert_eq!(error.refusal().unwrap().class, RefusalClass::ConnectionLimit);
}

#[tokio::test]
async fn misuse_is_refused_before_anything_is_sent() {
    let builder = || LongConnection::builder("cli_a", AppSecret::new("s"));
    assert!(LongConnection::builder(" ", AppSecret::new("s")).build().is_err());
    assert!(LongConnection::builder("cli_a", AppSecret::new("")).build().is_err());
    for connections in [0, 51] {
        assert!(builder().connections(connections).build().is_err());
    }
    assert!(builder().max_age(SECOND).build().is_err());
    assert!(builder().rewrite_gateway("https://x").build().is_err());
    assert!(builder().handshake_header("Sec-WebSocket-Key", "x").build().is_err());
    assert!(builder().endpoint_header("X-A", "line\r\nbreak").build().is_err());
    let error = builder().rewrite_gateway("nothing").build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Misuse(_)));
    assert!(builder().connections(50).build().is_ok());
}
