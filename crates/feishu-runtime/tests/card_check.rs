//! The check of cards on every way out, replies of `null`, and what a panic is not.
#![cfg(feature = "openapi")]

use std::time::Duration;

use feishu_callbacks::build::Button;
use feishu_callbacks::openapi::{
    CardUpdate, MessagePatch, MessageReply, MessageSend, OutgoingMessage, Receiver,
};
use feishu_callbacks::{CallbackToken, CardActionTrigger, CardReply, RawCard};
use feishu_gateway::Click;
use feishu_kit::CapturedLog;
use feishu_runtime::testing::{FakeApi, Pipe, pipe};
use feishu_runtime::{
    CallError, CardStream, Client, ClientHandle, Dispatcher, DispatcherBuilder, OpenApi, StreamOptions,
    StreamTarget,
};
use serde_json::{Value, json};

/// A button of 2.0 with a value of 1.0, which the client never sends.
fn dead_button() -> RawCard {
    RawCard::new(json!({
        "schema": "2.0",
        "body": {"elements": [{"tag": "button", "text": {"tag": "plain_text", "content": "Go"}, "value": {"a": 1}}]},
    }))
    .unwrap()
}

/// Sends the card on each way; gives the errors.
async fn send_all(api: &OpenApi) -> Vec<CallError> {
    let message = || OutgoingMessage::card(dead_button());
    let raw = json!({"receive_id": "oc_1", "msg_type": "interactive", "content": dead_button().as_json()});
    [
        api.send(&MessageSend { to: Receiver::Chat("oc_1".into()), message: message() }).await.err(),
        api.send(&MessageReply { to: "om_1".into(), message: message(), in_thread: false }).await.err(),
        api.send(&MessagePatch { message: "om_1".into(), card: dead_button().into() }).await.err(),
        api.send(&CardUpdate::new(CallbackToken::from("c-1"), dead_button())).await.err(),
        api.call("POST", "/open-apis/im/v1/messages?receive_id_type=chat_id", raw.to_string()).await.err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test(start_paused = true)]
async fn api_warns_of_a_bad_card_on_every_way_out() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::WARN);
    let fake = FakeApi::new();
    send_all(&fake.api()).await;
    assert_eq!(fake.calls().len(), 5, "they are sent all the same");
    let log = log.text();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("will not show this card")).collect();
    assert_eq!(lines.len(), 5, "{log}");
    assert!(lines.iter().all(|line| line.contains("/body/elements/0")), "{log}");
    assert!(
        lines[0].contains("/content/body/elements/0") && lines[3].contains("/card/body/elements/0"),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn strict_cards_fails_every_way_out() {
    let fake = FakeApi::new();
    let errors = send_all(&fake.api().strict_cards()).await;
    assert_eq!((errors.len(), fake.calls().len()), (5, 0));
    for error in errors {
        assert!(error.to_string().contains("not sent, because of the card: "), "{error}");
        assert_eq!(error.attempts(), 0);
    }
    let fine = OutgoingMessage::text("hello");
    let to = Receiver::Chat("oc_1".into());
    let sent = fake.api().strict_cards().send(&MessageSend { to, message: fine }).await;
    assert!(sent.is_ok(), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn strict_cards_holds_for_the_cards_of_streams() {
    let fake = FakeApi::new()
        .answer("/im/v1/messages", json!({"code": 0, "data": {"message_id": "om_1"}}))
        .answer("/cardkit/v1/cards", json!({"code": 0, "data": {"card_id": "73"}}));
    let api = fake.api().strict_cards();
    let open = |options| CardStream::open(&api, StreamTarget::reply("om_0"), options);
    let fine = StreamOptions::default()
        .title("Answer")
        .while_streaming(Button::plain("Stop").value(json!({"a": 1})));
    assert!(open(fine).await.unwrap().finish().await.is_ok());
    let calls = fake.calls().len();
    let odd = json!({"tag": "button", "value": {"a": 1}});
    let error = open(StreamOptions::default().while_streaming(odd)).await.unwrap_err();
    assert!(error.to_string().contains("not sent, because of the card: "), "{error}");
    assert_eq!(fake.calls().len(), calls);
}

fn run(dispatcher: DispatcherBuilder) -> (Pipe, ClientHandle) {
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher.build().unwrap()).build().unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    (platform, handle)
}

#[tokio::test(start_paused = true)]
async fn on_raw_that_returns_null_answers_with_an_empty_object_and_warns() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::WARN);
    let null = || Dispatcher::builder().on_raw("card.action.trigger", |_, _| async { Ok(Value::Null) });
    let (platform, _handle) = run(null());
    let answer = platform.push(Click::button("b").payload()).await;
    assert_eq!((answer.code(), answer.data().unwrap().as_ref()), (200, &b"{}"[..]));
    assert!(log.text().contains("reply is `null`"), "{}", log.text());
    let (platform, _handle) = run(null().strict_replies());
    assert!(!platform.push(Click::button("b").payload()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn stall_after_does_not_take_a_panic_for_a_blocked_thread() {
    // With no time at all allowed, every poll is a stall.
    let dispatcher =
        Dispatcher::builder().stall_after(Duration::ZERO).on(|click: CardActionTrigger, _| async move {
            assert_ne!(click.event.action.name.as_deref(), Some("panic"));
            Ok(CardReply::empty())
        });
    let (platform, handle) = run(dispatcher);
    assert_eq!(platform.push(Click::button("panic").payload()).await.code(), 500);
    assert_eq!((handle.stats().outcomes.panicked, handle.stats().incidents.stalls), (1, 0));
    assert_eq!(platform.push(Click::button("fine").payload()).await.code(), 200);
    assert_eq!(handle.stats().incidents.stalls, 1);
}
