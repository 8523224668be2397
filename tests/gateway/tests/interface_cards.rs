//! A click takes what it carries from the card that the bot sent.

mod common;

use common::local::Local;
use common::{Client, event_of};
use feishu_gateway::{Value, json};

fn order_card() -> Value {
    let button = |name: &str, order: u32| {
        json!({"tag": "button", "name": name, "text": {"tag": "plain_text", "content": "OK", "i18n_content": {"zh_cn": "好"}},
            "behaviors": [{"type": "callback", "value": {"order": order}}]})
    };
    json!({"schema": "2.0", "body": {"elements": [
        button("approve", 42),
        {"tag": "button", "name": "twice", "behaviors": [{"type": "callback", "value": 1}]},
        {"tag": "button", "name": "twice", "behaviors": [{"type": "callback", "value": 2}]},
        {"tag": "button", "name": "dead", "value": {"order": 1}},
        {"tag": "button", "name": "grey", "disabled": true, "behaviors": [{"type": "callback"}]},
        {"tag": "select_static", "name": "size", "options": [{"value": "S"}, {"value": "L"}], "behaviors": [{"type": "callback"}]},
        {"tag": "select_person", "name": "who", "behaviors": [{"type": "callback"}]},
        {"tag": "date_picker", "name": "day", "behaviors": [{"type": "callback"}]},
        {"tag": "checker", "name": "agree", "behaviors": [{"type": "callback"}]},
        {"tag": "form", "name": "form", "elements": [
            {"tag": "input", "name": "note", "required": true},
            {"tag": "select_static", "name": "colour", "initial_option": "red", "options": [{"value": "red"}, {"value": "blue"}]},
            {"tag": "checker", "name": "hurry"},
            {"tag": "button", "name": "send", "form_action_type": "submit", "behaviors": [{"type": "callback", "value": "form"}]},
        ]},
    ]}})
}

/// A gateway whose bot has sent the card, and the id of its message.
async fn with_card() -> (Local, Client, String) {
    let local = Local::start().await;
    let client = Client::connect(&local.gateway).await;
    local.gateway.connected(1).await;
    let id = local.gateway.post_card(order_card());
    (local, client, id)
}

#[tokio::test(start_paused = true)]
async fn click_takes_tag_name_value_and_message_from_the_card() {
    let (local, mut client, id) = with_card().await;
    for (click, action) in [
        (json!({"name": "approve"}), json!({"tag": "button", "name": "approve", "value": {"order": 42}})),
        (json!({"text": "好"}), json!({"tag": "button", "name": "approve", "value": {"order": 42}})),
        (json!({"path": "/body/elements/2"}), json!({"tag": "button", "name": "twice", "value": 2})),
        (json!({"name": "twice", "value": 1}), json!({"tag": "button", "name": "twice", "value": 1})),
        (
            json!({"name": "size", "option": "L"}),
            json!({"tag": "select_static", "name": "size", "option": "L"}),
        ),
        (
            json!({"name": "agree", "checked": false}),
            json!({"tag": "checker", "name": "agree", "checked": false}),
        ),
        (
            json!({"name": "day", "option": "2026-01-02"}),
            json!({"tag": "date_picker", "name": "day", "option": "2026-01-02 +0800", "timezone": "Asia/Shanghai"}),
        ),
        (
            json!({"name": "send", "form_value": {"note": "hello"}}),
            json!({"tag": "button", "name": "send", "value": "form", "timezone": "Asia/Shanghai",
                "form_value": {"note": "hello", "colour": "red", "hurry": false}}),
        ),
    ] {
        let (_, push) = tokio::join!(local.post("click", click.clone()), client.answer(json!({})));
        let event = &event_of(&push)["event"];
        assert_eq!(event["action"], action, "{click}");
        assert_eq!(event["context"]["open_message_id"], *id, "{click}");
    }
}

#[tokio::test(start_paused = true)]
async fn click_on_what_the_card_does_not_have_is_an_error() {
    let (local, _client, id) = with_card().await;
    let person = local.get("people").await[2]["open_id"].clone();
    for (click, field, part) in [
        (json!({"name": "reject"}), "name", "the newest card has button \"approve\""),
        (json!({"path": "/body/elements/99"}), "path", "no card has such a component"),
        (json!({"name": "approve", "value": {"order": 7}}), "name", "no card"),
        (json!({"name": "twice"}), "name", "several components"),
        (json!({"name": "dead"}), "name", "no behavior of type callback"),
        (json!({"name": "grey"}), "name", "disabled"),
        (json!({"name": "size"}), "option", "missing"),
        (json!({"name": "size", "option": "XL"}), "option", "not one of S, L"),
        (json!({"name": "who", "option": "ou_stranger"}), "option", "/local/people"),
        (json!({"name": "note", "input_value": "x"}), "name", "form_value"),
        (json!({"name": "send"}), "form_value.note", "requires it"),
        (
            json!({"name": "send", "form_value": {"note": "x", "size": "S"}}),
            "form_value.size",
            "note, colour, hurry",
        ),
        (
            json!({"name": "send", "form_value": {"note": "x", "colour": "green"}}),
            "form_value.colour",
            "red, blue",
        ),
        (json!({"name": "approve", "message_id": "om_other"}), "message_id", "om_other"),
        (json!({}), "name", "no card"),
    ] {
        let (named, text) = local.wrong("click", click.clone()).await;
        assert_eq!(named, field, "{click}: {text}");
        assert!(text.contains(part), "{click}: {text}");
    }
    let who = json!({"name": "who", "option": person, "wait_ms": 1});
    assert_eq!(local.try_post("click", who).await.0, 200, "a person of the directory");
    assert_eq!(local.try_post("click", json!({"name": "reject", "free": true, "wait_ms": 1})).await.0, 200);
    local.post(&format!("messages/{id}/recall"), json!({})).await;
    let recalled = json!({"name": "approve", "message_id": id});
    assert!(local.wrong("click", recalled).await.1.contains("recalled"));
}

#[tokio::test(start_paused = true)]
async fn click_on_a_template_is_made_from_the_request() {
    let local = Local::start().await;
    let mut client = Client::connect(&local.gateway).await;
    local.gateway.connected(1).await;
    let id = local.gateway.post_card(json!({"type": "template", "data": {"template_id": "AAq1"}}));
    let click = json!({"message_id": id, "name": "approve", "value": {"order": 42}});
    let (_, push) = tokio::join!(local.post("click", click), client.answer(json!({})));
    let event = &event_of(&push)["event"];
    assert_eq!(event["action"]["value"], json!({"order": 42}));
    assert_eq!(event["context"]["open_message_id"], *id);
}

#[tokio::test(start_paused = true)]
async fn click_sees_the_card_as_it_is_after_an_answer() {
    let (local, mut client, id) = with_card().await;
    let done = json!({"schema": "2.0", "body": {"elements": [
        {"tag": "button", "name": "undo", "behaviors": [{"type": "callback"}]},
    ]}});
    let last = local.get("snapshot").await["last_event"].as_u64().unwrap();
    let answer = json!({"card": {"type": "raw", "data": done}});
    let (outcome, _) = tokio::join!(local.post("click", json!({"name": "approve"})), client.answer(answer));
    assert_eq!((&outcome["verdict"]["kind"], &outcome["card"]), (&json!("card"), &done));
    assert!(local.wrong("click", json!({"name": "approve"})).await.1.contains("button \"undo\""));
    let message = local.get(&format!("messages/{id}")).await;
    assert_eq!((&message["version"], &message["changed_by"]), (&json!(2), &json!("answer")));
    let events = local.events(last).await;
    let changed = events.iter().rfind(|(name, _)| name == "message").unwrap();
    assert_eq!(changed.1["content"], done, "the stream has the new card");
}

#[tokio::test(start_paused = true)]
async fn preview_is_shown_in_its_message() {
    let (local, mut client, _) = with_card().await;
    let message = json!({"text": "see https://example.com/42"});
    let (sent, _) = tokio::join!(local.post("message", message), client.answer(json!({})));
    let id = sent["open_message_id"].as_str().unwrap();
    let preview = json!({"url": "https://example.com/42", "message_id": id});
    let answer = json!({"inline": {"title": "Order 42"}});
    let (outcome, push) = tokio::join!(local.post("preview", preview), client.answer(answer));
    assert_eq!(outcome["verdict"]["kind"], "preview");
    assert_eq!(event_of(&push)["event"]["context"]["open_message_id"], id);
    let read = local.get(&format!("messages/{id}")).await;
    assert_eq!(read["preview"], json!({"url": "https://example.com/42", "inline": {"title": "Order 42"}}));
    let typing = json!({"url": "https://example.com/42", "before_sending": true});
    let (_, push) = tokio::join!(local.post("preview", typing), client.answer(json!({})));
    assert_eq!(event_of(&push)["event"]["context"]["open_message_id"], "");
}

#[tokio::test(start_paused = true)]
async fn click_takes_a_component_that_is_there_once_for_each_language() {
    let local = Local::start().await;
    let mut client = Client::connect(&local.gateway).await;
    local.gateway.connected(1).await;
    let button = |text: &str| {
        json!([{"tag": "action", "actions": [
            {"tag": "button", "name": "approve", "text": {"tag": "plain_text", "content": text}, "value": {"order": 42}},
        ]}])
    };
    local.gateway.post_card(json!({"i18n_elements": {"zh_cn": button("批准"), "en_us": button("Approve")}}));
    let (_, push) = tokio::join!(local.post("click", json!({"name": "approve"})), client.answer(json!({})));
    assert_eq!(event_of(&push)["event"]["action"]["value"], json!({"order": 42}));
}
