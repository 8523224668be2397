//! The endpoint call and the handshake: what is accepted, what is refused, and how.

mod common;

use std::time::Duration;

use common::{Client, endpoint, in_memory, request, url};
use feishu_gateway::{
    Absent, Click, Fault, FindingKind, Gateway, HandshakeRefusal, LimitAt, Outgoing, Refusal, Settings,
    Severity, json,
};
use feishu_proto::Frame;
use tokio_tungstenite::tungstenite::{Error, Message};

#[tokio::test(start_paused = true)]
async fn good_credentials_get_a_url_and_settings() {
    let gateway = in_memory().await;
    let reply = endpoint(&gateway, "cli_local", "local-secret").await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!((&body["code"], &body["msg"]), (&json!(0), &json!("success")));
    assert_eq!(
        body["data"]["ClientConfig"],
        json!({"ReconnectCount": -1, "ReconnectInterval": 120, "ReconnectNonce": 30, "PingInterval": 120})
    );
    let url = body["data"]["URL"].as_str().unwrap();
    let (host, query) = url.split_once('?').unwrap();
    assert_eq!(host, "ws://localhost/ws/v2");
    let pairs: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["fpid", "aid", "device_id", "access_key", "service_id", "ticket"]);
    assert_eq!((pairs[2].1.len(), pairs[3].1.len(), pairs[5].1.len()), (19, 32, 36));
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_refused_with_http_200_and_named() {
    let gateway =
        Gateway::builder().in_memory().app("cli_a", "one").app("cli_b", "two").start().await.unwrap();
    for (id, secret, part) in [("cli_a", "two", "secret"), ("cli_c", "one", "no app"), ("", "", "no app")] {
        let reply = endpoint(&gateway, id, secret).await;
        assert_eq!((reply.status, reply.code()), (200, 1_000_040_345));
        let finding = gateway.findings().pop().unwrap();
        assert_eq!(finding.kind, FindingKind::Credentials);
        assert!(finding.text.contains(part), "{finding}");
        assert!(!finding.text.contains("two"), "a secret has no place in a finding");
    }
    assert_eq!(endpoint(&gateway, "cli_b", "two").await.code(), 0);
}

#[tokio::test(start_paused = true)]
async fn malformed_calls_are_findings() {
    let gateway = in_memory().await;
    let path = "/callback/ws/endpoint";
    let json_type = ("Content-Type", "application/json");
    let good = json!({"AppID": "cli_local", "AppSecret": "local-secret"}).to_string();
    for (method, headers, body, part) in [
        ("GET", vec![json_type, ("locale", "zh")], "", "POST"),
        ("POST", vec![("locale", "zh")], &*good, "Content-Type"),
        ("POST", vec![json_type], &*good, "locale"),
        ("POST", vec![json_type, ("locale", "zh")], "[]", "JSON object"),
        ("POST", vec![json_type, ("locale", "zh")], "{\"AppID\":7}", "AppID is not a string"),
    ] {
        gateway.clear_log();
        request(gateway.dial(), method, path, &headers, body).await;
        let findings = gateway.findings();
        assert!(findings.iter().any(|finding| finding.text.contains(part)), "{part}: {findings:?}");
        assert!(findings.iter().all(|finding| finding.kind != FindingKind::Ticket));
    }
    let reply = request(gateway.dial(), "POST", "/open-apis/callback/ws/endpoint", &[], "").await;
    assert_ne!(reply.status, 200);
    assert_eq!(request(gateway.dial(), "GET", "/", &[], "").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_goes_wrong_as_the_script_says_and_then_heals() {
    let gateway = in_memory().await;
    let script = [
        (Fault::EndpointRefuses(Refusal::code(1)), "\"data\":null"),
        (Fault::EndpointRefuses(Refusal::code(403).data(Absent::Missing)), "\"code\":403"),
        (Fault::EndpointRefuses(Refusal::code(514).data(Absent::EmptyUrl)), "\"URL\":\"\""),
        (Fault::EndpointHtml, "<!doctype html>"),
        (Fault::EndpointStatus(503, "busy".into()), "busy"),
        (Fault::EndpointBody("{\"code\":0,\"data".into()), "{\"code\":0,\"data"),
        (Fault::EndpointNoData, "{\"code\":0,\"msg\":\"success\"}"),
        (Fault::EndpointUrl(String::new()), "\"URL\":\"\""),
        (Fault::EndpointUrlWithoutServiceId, "&ticket="),
    ];
    for (fault, _) in &script {
        gateway.fault_times(1, fault.clone());
    }
    for (fault, part) in script {
        let reply = endpoint(&gateway, "cli_local", "local-secret").await;
        assert!(reply.body.contains(part), "{fault:?}: {}", reply.body);
        assert!(!reply.body.contains("service_id"), "{fault:?}: {}", reply.body);
    }
    assert!(endpoint(&gateway, "cli_local", "local-secret").await.body.contains("service_id="));

    gateway.fault(Fault::EndpointHuge(100_000));
    assert_eq!(endpoint(&gateway, "cli_local", "local-secret").await.body.len(), 100_000);
    assert_eq!(endpoint(&gateway, "cli_local", "local-secret").await.body.len(), 100_000);
    gateway.heal();
    gateway.fault_times(1, Fault::EndpointDelay(Duration::from_secs(9)));
    let start = tokio::time::Instant::now();
    assert_eq!(endpoint(&gateway, "cli_local", "local-secret").await.code(), 0);
    assert_eq!(start.elapsed().as_secs(), 9);
    gateway.fault(Fault::EndpointHangs);
    let hangs = tokio::time::timeout(Duration::from_secs(600), url(&gateway)).await;
    assert!(hangs.is_err());
    assert_eq!(gateway.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn settings_can_be_anything() {
    let settings = Settings::default().ping_interval(0).without("ReconnectCount").with("New", json!(1));
    let gateway = Gateway::builder().in_memory().settings(settings).start().await.unwrap();
    let sent = endpoint(&gateway, "cli_local", "local-secret").await.json()["data"]["ClientConfig"].clone();
    assert_eq!(sent, json!({"ReconnectInterval": 120, "ReconnectNonce": 30, "PingInterval": 0, "New": 1}));
    gateway.set_settings(Settings::raw(json!(null)));
    assert!(endpoint(&gateway, "cli_local", "local-secret").await.json()["data"]["ClientConfig"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_connection_url_works_once_and_only_as_it_is() {
    let gateway = in_memory().await;
    let first = url(&gateway).await;
    let _client = Client::handshake(&gateway, &first).await.unwrap();
    let changed = url(&gateway).await.replace("access_key=", "access_key=0");
    let unknown = "ws://localhost/ws/v2?service_id=1&ticket=none".to_owned();
    let without = "ws://localhost/ws/v2?service_id=1".to_owned();
    for (url, part) in
        [(first, "used before"), (changed, "access_key"), (unknown, "never issued"), (without, "no ticket")]
    {
        let response = refused(&gateway, &url).await;
        assert_eq!(response["handshake-status"], "514");
        let finding = gateway.findings().pop().unwrap();
        assert_eq!(finding.kind, FindingKind::Ticket);
        assert!(finding.text.contains(part), "{finding}");
    }
    assert_eq!((gateway.handshakes(), gateway.connections().len()), (1, 1));
}

/// The headers of a refused handshake.
async fn refused(gateway: &Gateway, url: &str) -> http::HeaderMap {
    match Client::handshake(gateway, url).await {
        Err(Error::Http(response)) => response.headers().clone(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test(start_paused = true)]
async fn handshakes_are_refused_with_the_reason_in_headers() {
    let gateway = in_memory().await;
    gateway.fault_times(1, Fault::HandshakeRefused(HandshakeRefusal::status(403).http(403)));
    gateway.fault_times(1, Fault::HandshakeRefused(HandshakeRefusal::connection_limit()));
    gateway.fault_times(1, Fault::HandshakeRefused(HandshakeRefusal::plain(502)));
    let forbidden = refused(&gateway, &url(&gateway).await).await;
    assert_eq!(
        (&forbidden["handshake-status"], &forbidden["handshake-msg"]),
        (&"403".parse().unwrap(), &"forbidden".parse().unwrap())
    );
    let limit = refused(&gateway, &url(&gateway).await).await;
    assert_eq!(limit["handshake-autherrcode"], "1000040350");
    let plain = refused(&gateway, &url(&gateway).await).await;
    assert!(!plain.contains_key("handshake-status"));
    Client::connect(&gateway).await;

    gateway.fault(Fault::HandshakeHangs);
    let target = url(&gateway).await;
    let hangs = tokio::time::timeout(Duration::from_secs(600), Client::handshake(&gateway, &target)).await;
    assert!(hangs.is_err());
    assert_eq!(gateway.findings().iter().filter(|f| f.severity == Severity::Error).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn frames_can_leave_in_the_same_write_as_the_101() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let gateway = in_memory().await;
    let push = Outgoing::from(Click::button("early"));
    gateway.fault_times(1, Fault::FramesWithHandshake(vec![push.clone(), push]));
    let target = url(&gateway).await;
    let mut io = gateway.dial();
    let path = target.strip_prefix("ws://localhost").unwrap();
    let handshake = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    io.write_all(handshake.as_bytes()).await.unwrap();
    let mut first = vec![0; 64 * 1024];
    let len = io.read(&mut first).await.unwrap();
    let answer = String::from_utf8_lossy(&first[..len]);
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the key of RFC 6455 and its answer: {answer}");
    assert_eq!(answer.matches("\"name\":\"early\"").count(), 2, "one read, two frames: {answer}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_cut_at_once_is_a_connection_that_ends() {
    let gateway = in_memory().await;
    gateway.fault_times(1, Fault::HandshakeThenCut);
    let mut client = Client::connect(&gateway).await;
    let next = client.next().await;
    assert!(!matches!(next, Some(Ok(_))), "{next:?}");
    assert_eq!((gateway.handshakes(), gateway.connections().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_connection_limit_is_told_where_it_was_set() {
    let gateway = Gateway::builder().in_memory().max_connections(2).start().await.unwrap();
    let first = Client::connect(&gateway).await;
    let _second = Client::connect(&gateway).await;
    let limit = refused(&gateway, &url(&gateway).await).await;
    assert_eq!(
        (&limit["handshake-status"], &limit["handshake-autherrcode"]),
        (&"514".parse().unwrap(), &"1000040350".parse().unwrap())
    );
    drop(first);
    gateway.seen(|entry| entry.seen.to_string().starts_with("ended")).await;
    Client::connect(&gateway).await;

    let builder = Gateway::builder().in_memory().max_connections(1).limit_at(LimitAt::Endpoint);
    let gateway = builder.start().await.unwrap();
    let _first = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let reply = endpoint(&gateway, "cli_local", "local-secret").await;
    assert_eq!((reply.status, reply.code(), &reply.json()["data"]), (200, 1_000_040_350, &json!(null)));
}

#[tokio::test(start_paused = true)]
async fn pushes_go_to_a_random_connection_of_the_app() {
    let builder = Gateway::builder().in_memory().app("cli_a", "one").app("cli_b", "two").seed(7);
    let gateway = builder.start().await.unwrap();
    let mut clients = Vec::new();
    for (id, secret) in [("cli_a", "one"), ("cli_a", "one"), ("cli_b", "two")] {
        let url = endpoint(&gateway, id, secret).await.json()["data"]["URL"].as_str().unwrap().to_owned();
        clients.push(Client::handshake(&gateway, &url).await.unwrap());
    }
    gateway.connected(3).await;
    let mut counts = [0, 0, 0];
    let ids: Vec<_> = gateway.connections().iter().map(feishu_gateway::Connection::id).collect();
    for _ in 0..100 {
        let sent = gateway.send(Click::button("x")).await.unwrap();
        counts[ids.iter().position(|id| *id == sent.connection()).unwrap()] += 1;
    }
    assert!(counts[0] > 20 && counts[1] > 20 && counts[2] == 0, "{counts:?}");
    let sent = gateway.send(Outgoing::from(Click::button("x")).app("cli_b")).await.unwrap();
    assert_eq!(sent.connection(), ids[2]);
    let sent = gateway.send(Outgoing::event("{}").to(ids[1])).await.unwrap();
    assert_eq!(sent.connection(), ids[1]);
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_with_the_settings_of_the_moment() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    client.ping().await;
    let pong = client.frame().await;
    assert_eq!((pong.method, pong.header("type"), pong.service), (0, Some("pong"), client.service));
    let settings: feishu_gateway::Value = serde_json::from_slice(&pong.payload.unwrap()).unwrap();
    assert_eq!(settings["PingInterval"], 120);

    gateway.set_settings(Settings::default().ping_interval(60));
    client.ping().await;
    let settings: feishu_gateway::Value =
        serde_json::from_slice(&client.frame().await.payload.unwrap()).unwrap();
    assert_eq!(settings["PingInterval"], 60);

    gateway.fault_times(1, Fault::NoPongs);
    gateway.fault_times(1, Fault::PongPayload("{}".into()));
    gateway.fault_times(1, Fault::PongDelay(Duration::from_secs(5)));
    client.ping().await;
    client.ping().await;
    assert_eq!(client.frame().await.payload.as_deref(), Some(&b"{}"[..]), "the first ping had no pong");
    let start = tokio::time::Instant::now();
    client.ping().await;
    client.frame().await;
    assert_eq!(start.elapsed().as_secs(), 5);

    client.send(Message::Ping("x".into())).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Pong("x".into()));
    assert_eq!(gateway.findings(), []);
    let frame = gateway.frames().pop().unwrap();
    assert_eq!(Frame::decode(&*frame.encode_to_vec()).unwrap(), Frame::ping(client.service));
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    const LIMIT: usize = 256 * 1024;
    let gateway = in_memory().await;
    let headers = [("Content-Type", "application/json"), ("locale", "zh")];
    let good = json!({"AppID": "cli_local", "AppSecret": "local-secret"}).to_string();
    for (len, status) in [(LIMIT, 200), (LIMIT + 1, 400)] {
        let body = format!("{good}{}", " ".repeat(len - good.len()));
        let reply = request(gateway.dial(), "POST", "/callback/ws/endpoint", &headers, &body).await;
        assert_eq!(reply.status, status, "{len} bytes");
    }
}
