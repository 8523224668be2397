//! Payloads made without a gateway.

use std::time::{Duration, UNIX_EPOCH};

use feishu_gateway::{Click, Event, Preview, Value, json};

fn read(payload: &str) -> Value {
    serde_json::from_str(payload).expect("a payload is JSON")
}

#[test]
fn payload_is_the_same_for_clones_and_has_another_event_id_for_another_builder() {
    let click = Click::button("a");
    assert_eq!(click.payload(), click.clone().payload());
    assert_eq!(click.payload(), click.to_string());
    let id = |payload: String| read(&payload)["header"]["event_id"].clone();
    assert_ne!(id(click.payload()), id(Click::button("a").payload()));
    assert_ne!(id(Preview::new("https://a").payload()), id(Preview::new("https://a").payload()));
    assert_ne!(id(Event::text_message("a").payload()), id(Event::text_message("a").payload()));
    let message = || read(&Event::text_message("a").payload())["event"]["message"]["message_id"].clone();
    assert_ne!(message(), message());
}

#[test]
fn replay_is_the_same_event_under_a_new_event_id() {
    let message = Event::text_message("a").event_id("ev-1").header("tenant_key", "t");
    let (mut first, mut again) = (read(&message.payload()), read(&message.replay().payload()));
    let ids = [first["header"]["event_id"].take(), again["header"]["event_id"].take()];
    assert_ne!(ids[0], ids[1]);
    assert_eq!(first, again);
}

#[test]
fn payload_of_a_click_has_what_was_set() {
    let click = Click::form("save", json!({"note": "x"}))
        .field("agree", true)
        .value(json!({"order": 42}))
        .operator("ou_a")
        .chat("oc_a")
        .message("om_a")
        .token("c-a")
        .app_id("cli_a")
        .event_id("e-1")
        .created_at(UNIX_EPOCH + Duration::from_micros(17))
        .header("tenant_key", "t-a");
    let payload = read(&click.payload());
    assert_eq!(payload["schema"], "2.0");
    let header = &payload["header"];
    assert_eq!(header["event_type"], "card.action.trigger");
    assert_eq!((&header["app_id"], &header["event_id"]), (&json!("cli_a"), &json!("e-1")));
    assert_eq!((&header["create_time"], &header["tenant_key"]), (&json!("17"), &json!("t-a")));
    let event = &payload["event"];
    assert_eq!(event["action"]["form_value"], json!({"note": "x", "agree": true}));
    assert_eq!(event["action"]["value"], json!({"order": 42}));
    assert_eq!(event["operator"]["open_id"], "ou_a");
    assert_eq!(event["context"], json!({"open_message_id": "om_a", "open_chat_id": "oc_a"}));
    assert_eq!(event["token"], "c-a");
}

#[test]
fn payload_without_event_id_and_created_at_has_neither_member() {
    let payload = read(&Event::new("a.b_v1", json!({})).without_event_id().payload());
    assert_eq!(payload["header"].get("event_id"), None);
    assert_eq!(payload["header"].get("create_time"), None);
}

#[test]
fn payload_of_a_preview_before_sending_has_no_token() {
    let preview = Preview::new("https://a").operator("ou_a").chat("oc_a");
    let sent = read(&preview.payload());
    assert_eq!(sent["event"]["context"]["preview_token"], "preview-fixture");
    assert_eq!(sent["event"]["context"]["open_chat_id"], "oc_a");
    let unsent = read(&preview.before_sending().payload());
    assert_eq!(unsent["event"]["context"].get("preview_token"), None);
}

#[test]
fn payload_of_a_text_message_can_be_merged_and_be_of_the_first_schema() {
    let message = Event::text_message("hi").merge(json!({"message": {"chat_type": "p2p"}}));
    let event = &read(&message.payload())["event"];
    assert_eq!(event["message"]["chat_type"], "p2p");
    assert_eq!(event["message"]["content"], r#"{"text":"hi"}"#);
    let first = read(&message.first_schema().app_id("cli_a").event_id("e-1").payload());
    assert_eq!((&first["uuid"], &first["event"]["app_id"]), (&json!("e-1"), &json!("cli_a")));
    assert_eq!(first.get("ts"), None);
}
