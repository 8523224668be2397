//! Members that were there and could not be read: counted by type and place, logged once per hour, never silent.

use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, MessageReceive};
use feishu_kit::CapturedLog;
use feishu_runtime::testing::pipe;
use feishu_runtime::{Client, Dispatcher};
use serde_json::{Value, json};

fn click(event_id: &str, checked: &Value) -> Value {
    json!({
        "schema": "2.0",
        "header": {"event_id": event_id, "event_type": "card.action.trigger", "app_id": "cli_a"},
        "event": {
            "operator": {"open_id": "ou_a"},
            "token": "c-1",
            "action": {"tag": "checker", "name": "done", "checked": checked},
            "context": {"open_message_id": "om_1", "open_chat_id": "oc_1"},
        },
    })
}

#[tokio::test(start_paused = true)]
async fn stats_count_each_member_that_was_left_out_and_the_log_names_it_once_per_hour() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::WARN);
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _| async move {
            assert_eq!(click.event.action.checked, None);
            Ok(CardReply::empty())
        })
        .on(|_: MessageReceive, _| async { Ok(()) })
        .build()
        .unwrap();
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher).build().unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());

    for id in ["ev-1", "ev-2", "ev-3"] {
        assert!(platform.push(click(id, &json!({"secret": "s3cr3t"}))).await.is_ok());
    }
    let stats = handle.stats();
    assert_eq!(stats.odd_members, [("card.action.trigger event.action.checked".to_owned(), 3)]);
    assert_eq!(stats.incidents.odd_members, 3);
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(json["odd_members"]["card.action.trigger event.action.checked"], 3);
    let lines =
        |log: &CapturedLog| log.text().lines().filter(|line| line.contains("event.action.checked")).count();
    assert_eq!(lines(&log), 1, "{}", log.text());
    assert!(!log.text().contains("s3cr3t"));

    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(platform.push(click("ev-4", &json!("on"))).await.is_ok());
    assert_eq!(lines(&log), 2, "another hour");
    assert_eq!(handle.stats().odd_members.first().unwrap().1, 4);
}
