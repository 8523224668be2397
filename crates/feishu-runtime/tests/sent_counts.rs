//! The fates of messages that single calls send, in the statistics of the client.
#![cfg(feature = "long-connection")]

use std::time::Duration;

use feishu_callbacks::RawCard;
use feishu_callbacks::openapi::{MessageReply, MessageSend, OutgoingMessage, Receiver};
use feishu_gateway::{Fault, Gateway, json};
use feishu_kit::UnsteadyDial;
use feishu_runtime::transport::{AppSecret, Domain};
use feishu_runtime::{CardStream, Client, Dispatcher, StreamOptions, StreamTarget};
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn sent_counts_each_later_message_once_by_its_fate() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let dial = UnsteadyDial::new(gateway.clone(), 1);
    let lines = dial.clone();
    let builder = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(lines))
        .dispatcher(Dispatcher::builder().build().unwrap());
    let api = builder.open_api().unwrap();
    let handle = builder.build().unwrap().handle();
    let message = || OutgoingMessage::text("Your tea is on its way");
    let send = || MessageSend { to: Receiver::Chat("oc_1".into()), message: message() };
    let counts = || handle.stats().sent;

    api.send(&send()).await.unwrap();
    let reply = MessageReply { to: "om_1".into(), message: message(), in_thread: false };
    api.send(&reply).await.unwrap();
    assert_eq!(counts().delivered, 2);

    gateway.fault_times(
        1,
        Fault::OpenApi { path: "messages".into(), status: 400, code: 230_002, msg: "not in the chat".into() },
    );
    api.send(&send()).await.unwrap_err();
    let odd =
        RawCard::new(json!({"schema": "2.0", "body": {"elements": [{"tag": "button", "value": {"a": 1}}]}}));
    let odd = MessageSend { message: OutgoingMessage::card(odd.unwrap()), ..send() };
    api.strict_cards().send(&odd).await.unwrap_err();
    dial.go_away();
    api.send(&send()).await.unwrap_err();
    dial.come_back();
    assert_eq!(counts().failed, 3, "refused, and twice not made");

    dial.break_one_in(1);
    api.send(&send()).await.unwrap_err();
    dial.break_one_in(0);
    assert_eq!(counts().unknown, 1, "no answer came");

    timeout(Duration::ZERO, api.send(&send())).await.unwrap_err();
    assert_eq!(counts().abandoned, 1);

    let chat = StreamTarget::send(Receiver::Chat("oc_1".into()));
    CardStream::open(&api, chat, StreamOptions::default()).await.unwrap().finish().await.unwrap();
    api.call("GET", "/open-apis/bot/v3/info", "").await.unwrap();
    assert_eq!(
        counts().iter().map(|(_, count)| count).sum::<u64>(),
        7,
        "each once, no stream, nothing that is read"
    );
    let line = handle.stats().to_string();
    let wanted =
        "received 0, streamed delivered 1, sent delivered 2, sent abandoned 1, sent failed 3, sent unknown 1";
    assert_eq!(line, wanted);
}

#[tokio::test(start_paused = true)]
async fn open_api_is_the_one_that_the_client_uses() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let dial = UnsteadyDial::new(gateway.clone(), 1);
    let builder = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url("http://localhost:1").unwrap())
        .dispatcher(Dispatcher::builder().build().unwrap());
    let elsewhere = builder.open_api().unwrap();
    let builder = builder
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial));
    let (first, second) = (builder.open_api().unwrap(), builder.open_api().unwrap());
    let handle = builder.build().unwrap().handle();
    for api in [first, second] {
        let message = OutgoingMessage::text("tea");
        api.send(&MessageSend { to: Receiver::Chat("oc_1".into()), message }).await.unwrap();
    }
    assert_eq!(handle.stats().sent.delivered, 2);
    assert_eq!(elsewhere.rate_counts().waiting, 0);
    let is_token = |entry: &feishu_gateway::Entry| matches!(&entry.seen, feishu_gateway::Seen::OpenApi { path, .. } if path.contains("tenant_access_token"));
    assert_eq!(gateway.log().iter().filter(|entry| is_token(entry)).count(), 1, "they share the token");
}
