//! No secret is in any log line, at any level, of any library, in all situations.

use feishu_e2e::bot::{Bot, builder, click, client, dispatcher, in_memory};
use feishu_e2e::peer::{Peer, SECRETS, proper};
use feishu_gateway::{Fault, Gateway, Refusal, Settings, json};
use feishu_kit::CapturedLog;

const SECRET: &str = "e2e-app-secret-0003";

#[tokio::test]
async fn neither_the_app_secret_nor_the_ticket_nor_the_access_key_is_ever_logged() {
    let captured = CapturedLog::of_the_process();

    a_peer_that_repeats_what_it_was_sent().await;
    a_platform_that_refuses_and_repeats().await;
    a_whole_day_of_work().await;

    let text = captured.text();
    assert!(text.contains("DEBUG") && text.contains("connected") && text.contains("cannot connect"));
    captured.assert_without(SECRETS.iter().chain([&SECRET]));
}

/// A gateway that quotes the ticket in its refusal, and then connects.
async fn a_peer_that_repeats_what_it_was_sent() {
    let mut peer = Peer::start().await;
    let client = client(&peer.base_url(), "cli_e2e", SECRET);
    let bot = Bot::start(client.dispatcher(dispatcher().build().unwrap()).build().unwrap());
    let [ticket, key] = SECRETS;
    let refusal = format!(
        "HTTP/1.1 500 No\r\nHandshake-Status: 500\r\nHandshake-Msg: ticket {ticket} and key {key}\r\n\
         Content-Length: 0\r\n\r\n"
    );
    peer.handshake().await.answer(refusal.as_bytes()).await;
    let mut socket = peer.accept().await;
    socket.write(&proper("m")).await;
    assert_eq!(socket.answer("m").await, 200);
    let shown = format!("{:?} {:?} {:?}", bot, bot.handle.connection().unwrap().state(), bot.counters());
    assert!(SECRETS.iter().chain([&SECRET]).all(|secret| !shown.contains(secret)), "{shown}");
    tokio::join!(bot.stop(), socket.closed());
}

/// An endpoint that quotes the secret it was sent.
async fn a_platform_that_refuses_and_repeats() {
    let gateway = Gateway::builder().app("cli_e2e", SECRET).start().await.unwrap();
    gateway.fault(Fault::EndpointRefuses(Refusal::code(1_000_040_345).msg(format!("{SECRET} is wrong"))));
    let bot = Bot::start(builder(&gateway).dispatcher(dispatcher().build().unwrap()).build().unwrap());
    let error = bot.failed().await;
    assert!(error.to_string().contains("[redacted] is wrong"), "{error}");
    assert!(!format!("{error:#?}").contains(SECRET));
}

async fn a_whole_day_of_work() {
    let settings = Settings::default().reconnect_nonce(0);
    let gateway = Gateway::builder().app("cli_e2e", SECRET).settings(settings).start().await.unwrap();
    let bot = Bot::with(in_memory(&gateway), &gateway).await;
    for what in ["save", "fail", "panic"] {
        gateway.click(click(what)).await.unwrap();
    }
    gateway.preview("https://example.com/1").await.unwrap();
    gateway.event("im.message.receive_v1", json!({"message": {}})).await.unwrap();
    gateway.fault(Fault::Noise(vec![0xff; 20].into()));
    gateway.fault(Fault::Text("a text".to_owned()));
    gateway.fault(Fault::Cut);
    bot.connected(2).await;
    gateway.click(click("save")).await.unwrap();
    bot.stop().await;
}
