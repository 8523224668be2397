//! The key of a repeat: the message whatever envelope it comes in, the author's own, and what may happen only once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::testing::{Pipe, pipe};
use feishu_runtime::transport::Answer;
use feishu_runtime::{
    Client, ClientHandle, Dedup, DedupStore, Dispatcher, DispatcherBuilder, Route, StoreError, StoredClaim,
};
use serde_json::{Value, json};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn run(dispatcher: DispatcherBuilder) -> (Pipe, ClientHandle) {
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher.build().unwrap()).build().unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    (platform, handle)
}

async fn push(platform: &Pipe, payload: &Value) -> Answer {
    platform.push(payload).await
}

fn event(event_type: &str, event_id: &str, event: &Value) -> Value {
    json!({
        "schema": "2.0",
        "header": {"event_id": event_id, "event_type": event_type, "app_id": "cli_a"},
        "event": event,
    })
}

fn message(event_id: &str, message_id: &str, update_time: &str) -> Value {
    let message = json!({"message_id": message_id, "update_time": update_time, "message_type": "text",
        "content": "{\"text\":\"hi\"}"});
    event("im.message.receive_v1", event_id, &json!({"message": message}))
}

/// Counts the calls of a handler for a type.
fn counted(event_type: &'static str, calls: &Arc<AtomicUsize>) -> Route<feishu_runtime::RawEvent, ()> {
    let calls = Arc::clone(calls);
    Route::raw(event_type, move |_, _| {
        calls.fetch_add(1, SeqCst);
        async { Ok(()) }
    })
}

fn click(event_id: &str, message_id: &str) -> Value {
    let event = json!({
        "operator": {"open_id": "ou_a"},
        "token": "c-1",
        "action": {"tag": "button", "value": {}},
        "context": {"open_message_id": message_id, "open_chat_id": "oc_1"},
    });
    self::event("card.action.trigger", event_id, &event)
}

#[tokio::test(start_paused = true)]
async fn dedup_recognises_a_message_under_another_event_id() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (platform, handle) = run(Dispatcher::builder().route(counted("im.message.receive_v1", &calls)));
    assert!(push(&platform, &message("ev-1", "om_1", "1700000000000")).await.is_ok());
    sleep(40 * 60 * SECOND).await;
    assert!(push(&platform, &message("ev-2", "om_1", "1700000000000")).await.is_ok());
    assert_eq!(calls.load(SeqCst), 1, "the handler ran once");
    assert_eq!(handle.stats().outcomes.duplicate, 1);
    assert!(push(&platform, &message("ev-3", "om_2", "1700000000000")).await.is_ok());
    assert!(push(&platform, &message("ev-4", "om_1", "1700000099000")).await.is_ok());
    assert_eq!(calls.load(SeqCst), 3, "another message, and an edit of the first");
}

#[tokio::test(start_paused = true)]
async fn dedup_takes_the_event_id_for_other_events_and_for_a_message_without_an_id() {
    let calls = Arc::new(AtomicUsize::new(0));
    let reaction = "im.message.reaction.created_v1";
    let (platform, _handle) = run(Dispatcher::builder()
        .route(counted(reaction, &calls))
        .route(counted("im.message.receive_v1", &calls)));
    for id in ["ev-1", "ev-2", "ev-2"] {
        push(&platform, &event(reaction, id, &json!({"message_id": "om_1"}))).await;
    }
    assert_eq!(calls.load(SeqCst), 2, "two people reacted");
    for id in ["ev-3", "ev-3", "ev-4"] {
        push(&platform, &event("im.message.receive_v1", id, &json!({"message": {"message_id": 1}}))).await;
    }
    assert_eq!(calls.load(SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn dedup_by_takes_the_authors_key() {
    let calls = Arc::new(AtomicUsize::new(0));
    let by_order = counted("order_v1", &calls)
        .dedup_by(|event| event.json::<Value>().ok()?["event"]["order"].as_str().map(str::to_owned));
    let (platform, _handle) = run(Dispatcher::builder().route(by_order));
    for (id, order) in [("ev-1", json!("o1")), ("ev-2", json!("o1")), ("ev-3", json!("o2"))] {
        push(&platform, &event("order_v1", id, &json!({"order": order}))).await;
    }
    assert_eq!(calls.load(SeqCst), 2);
    for id in ["ev-4", "ev-5", "ev-5"] {
        push(&platform, &event("order_v1", id, &json!({}))).await;
    }
    assert_eq!(calls.load(SeqCst), 4, "by the event id where the author's key has nothing");
}

/// Approves in one second, the first time with an error.
fn approval(calls: &Arc<AtomicUsize>) -> Route<CardActionTrigger, CardReply> {
    let calls = Arc::clone(calls);
    Route::new(move |_: CardActionTrigger, _| {
        let call = calls.fetch_add(1, SeqCst);
        async move {
            sleep(SECOND).await;
            if call == 0 { Err("down".into()) } else { Ok(CardReply::toast(Toast::success("Approved"))) }
        }
    })
    .once_per(
        |click| click.event.context.open_message_id.as_ref().map(ToString::to_string),
        CardReply::toast(Toast::info("Was approved")),
    )
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(answer.data().unwrap()).into_owned()
}

#[tokio::test(start_paused = true)]
async fn once_per_answers_the_second_click_with_the_authors_reply() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (platform, handle) = run(Dispatcher::builder().route(approval(&calls)));
    assert!(!push(&platform, &click("ev-0", "om_1")).await.is_ok(), "failed: the next one may try");
    let first = platform.push(click("ev-1", "om_1"));
    sleep(SECOND / 2).await;
    assert!(
        text(&push(&platform, &click("ev-2", "om_1")).await).contains("Was approved"),
        "while it is handled"
    );
    assert!(text(&first.await).contains("Approved"));
    sleep(6 * HOUR).await;
    assert!(text(&push(&platform, &click("ev-3", "om_1")).await).contains("Was approved"));
    assert!(text(&push(&platform, &click("ev-4", "om_2")).await).contains("Approved"), "another message");
    assert_eq!(calls.load(SeqCst), 3);
    assert_eq!(handle.stats().outcomes.duplicate, 2);
}

/// A store in which another process has approved `om_1`.
struct Elsewhere;

#[async_trait::async_trait]
impl DedupStore for Elsewhere {
    async fn claim(&self, key: &str, _: &str, _: Duration) -> Result<StoredClaim, StoreError> {
        assert!(key.starts_with("cli_a:once:card.action.trigger:"), "{key}");
        Ok(if key.ends_with(":om_1") { StoredClaim::Done(b"{}".to_vec()) } else { StoredClaim::New })
    }

    async fn complete(&self, key: &str, _: &str, _: &[u8], _: Duration) -> Result<(), StoreError> {
        assert!(key.ends_with(":om_2"), "{key}");
        Ok(())
    }

    async fn fail(&self, _: &str, _: &str, _: Duration) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn once_per_holds_for_all_processes_that_share_a_store() {
    let calls = Arc::new(AtomicUsize::new(1));
    let dedup = Dedup::default().store(Elsewhere);
    let (platform, _handle) = run(Dispatcher::builder().dedup(dedup).route(approval(&calls)));
    assert!(text(&push(&platform, &click("ev-1", "om_1")).await).contains("Was approved"));
    assert!(text(&push(&platform, &click("ev-2", "om_2")).await).contains("Approved"));
    assert_eq!(calls.load(SeqCst), 2);
}

#[tokio::test]
async fn once_per_without_deduplication_is_a_mistake() {
    let calls = Arc::new(AtomicUsize::new(0));
    let built = Dispatcher::builder().dedup(Dedup::off()).route(approval(&calls)).build();
    assert!(built.unwrap_err().to_string().contains("once_per"));
}
