//! Requests for card entities, in the documented shape.

use std::time::Duration;

use feishu_callbacks::build::{Card, Element};
use feishu_callbacks::openapi::{
    ApiCodeKind, Call, CallKind, CardAction, CardBatch, CardChange, CardConvert, CardCreate, CardReplace,
    CardSettingsChange, ElementAdd, ElementDelete, ElementPatch, ElementPlace, ElementReplace,
    OutgoingMessage, Retry, StreamText,
};
use feishu_callbacks::{CardId, CardSettings, RawCard, Template, TypingPace};
use serde_json::{Value, json};

fn card_id() -> CardId {
    CardId::from("7300000000000000001")
}

/// Method, path and body.
fn written<C: Call>(call: &C) -> (&'static str, String, Value) {
    assert_eq!(CallKind::of(C::METHOD, &call.path()), C::KIND, "{}", call.path());
    let path = call.path().replace("/open-apis/cardkit/v1/cards", "…").replace(card_id().as_str(), "7");
    (C::METHOD, path, serde_json::from_slice(&call.body()).unwrap())
}

fn hello() -> Element {
    Element::from(json!({"tag": "markdown", "content": "hi"})).with_id("e1")
}

const HELLO: &str = r#"{"tag":"markdown","content":"hi","element_id":"e1"}"#;

/// A text that holds JSON, so that the order of members does not count.
fn inner(body: &Value, name: &str) -> Value {
    serde_json::from_str(body[name].as_str().unwrap()).unwrap()
}

#[test]
fn card_create_has_the_card_or_template_as_json_in_a_string() {
    let settings = CardSettings::default()
        .streaming(true)
        .summary("…")
        .typing(TypingPace::new(Duration::from_millis(70), 1))
        .config("update_multi", false)
        .link(json!({"url": "https://a.example"}));
    let card = Card::untitled().settings(settings).push(hello());
    let (method, path, body) = written(&CardCreate { card: card.into() });
    assert_eq!((method, path.as_str(), &body["type"]), ("POST", "…", &json!("card_json")));
    let config = json!({
        "update_multi": true, "streaming_mode": true, "summary": {"content": "…"},
        "streaming_config": {
            "print_frequency_ms": {"default": 70}, "print_step": {"default": 1}, "print_strategy": "fast",
        },
    });
    let element: Value = serde_json::from_str(HELLO).unwrap();
    let card = json!({
        "schema": "2.0", "config": config, "card_link": {"url": "https://a.example"}, "body": {"elements": [element]},
    });
    assert_eq!(inner(&body, "data"), card);
    let (_, _, body) = written(&CardCreate { card: Template::new("AAq1").variable("n", 1).into() });
    assert_eq!(body["type"], "template");
    assert_eq!(inner(&body, "data"), json!({"template_id": "AAq1", "template_variable": {"n": 1}}));
}

#[test]
fn card_create_answers_an_id_or_an_error() {
    let created = CardCreate::read_answer(br#"{"code":0,"data":{"card_id":"73"}}"#).unwrap();
    assert_eq!(created.card_id, "73");
    assert!(CardCreate::read_answer(br#"{"code":0,"data":{}}"#).is_err());
    assert!(CardConvert::read_answer(br#"{"code":0,"data":{"card_id":""}}"#).is_err());
    let refused = CardCreate::read_answer(br#"{"code":99991672,"msg":"no scope"}"#).unwrap_err();
    assert!(refused.to_string().contains("cardkit:card:write"), "{refused}");
}

#[test]
fn card_replace_has_the_card_as_an_object_with_json_in_a_string() {
    let card = RawCard::parse(r#"{"schema":"2.0"}"#).unwrap();
    let (method, path, body) = written(&CardReplace { card_id: card_id(), card, change: 3.into() });
    assert_eq!((method, path.as_str()), ("PUT", "…/7"));
    assert_eq!(body, json!({"card": {"type": "card_json", "data": r#"{"schema":"2.0"}"#}, "sequence": 3}));
}

#[test]
fn card_settings_change_says_only_what_changes() {
    let settings = CardSettings::default().streaming(false);
    let change = CardChange::new(CardChange::MAX_SEQUENCE).once("u-1");
    let (method, path, body) = written(&CardSettingsChange { card_id: card_id(), settings, change });
    assert_eq!((method, path.as_str()), ("PATCH", "…/7/settings"));
    let settings = r#"{"config":{"streaming_mode":false}}"#;
    assert_eq!(body, json!({"settings": settings, "sequence": 2_147_483_647, "uuid": "u-1"}));
}

#[test]
fn stream_text_sends_plain_text() {
    let call = StreamText {
        card_id: card_id(),
        element_id: "e/1".into(),
        text: "a \"b\"".into(),
        change: CardChange::new(1),
    };
    let (method, path, body) = written(&call);
    assert_eq!((method, path.as_str()), ("PUT", "…/7/elements/e%2F1/content"));
    assert_eq!(body, json!({"content": "a \"b\"", "sequence": 1}));
    for (code, kind, retry) in [
        (300_309, ApiCodeKind::StreamClosed, Retry::AfterChange),
        (200_850, ApiCodeKind::StreamClosed, Retry::AfterChange),
        (300_317, ApiCodeKind::SequenceNotRising, Retry::AfterChange),
        (200_810, ApiCodeKind::CardBusy, Retry::AfterWait),
        (200_770, ApiCodeKind::AlreadyDone, Retry::No),
        (200_860, ApiCodeKind::TooLarge, Retry::No),
        (300_313, ApiCodeKind::StateUnknown, Retry::AfterChange),
    ] {
        let body = json!({"code": code, "msg": "no"}).to_string();
        let refused = StreamText::read_answer(body.as_bytes()).unwrap_err();
        assert_eq!(refused.kind().map(|kind| (kind, kind.retry())), Some((kind, retry)), "{refused}");
    }
}

#[test]
fn element_calls_have_elements_as_json_in_a_string() {
    let (card_id, element_id) = (card_id(), "e1".to_owned());
    for (place, kind, target) in [
        (ElementPlace::End, "append", None),
        (ElementPlace::Inside("box".into()), "append", Some("box")),
        (ElementPlace::Before("e0".into()), "insert_before", Some("e0")),
        (ElementPlace::After("e0".into()), "insert_after", Some("e0")),
    ] {
        let call = ElementAdd { card_id: card_id.clone(), place, elements: vec![hello()], change: 1.into() };
        let (method, path, body) = written(&call);
        assert_eq!((method, path.as_str()), ("POST", "…/7/elements"));
        assert_eq!((body["type"].as_str(), body["target_element_id"].as_str()), (Some(kind), target));
        assert_eq!(inner(&body, "elements"), serde_json::from_str::<Value>(&format!("[{HELLO}]")).unwrap());
    }
    let call = ElementReplace {
        card_id: card_id.clone(),
        element_id: element_id.clone(),
        element: hello(),
        change: 2.into(),
    };
    let (method, path, body) = written(&call);
    assert_eq!((method, path.as_str()), ("PUT", "…/7/elements/e1"));
    assert_eq!(inner(&body, "element"), serde_json::from_str::<Value>(HELLO).unwrap());
    let members = json!({"content": "ho"});
    let call =
        ElementPatch { card_id: card_id.clone(), element_id: element_id.clone(), members, change: 3.into() };
    let patched = json!({"partial_element": r#"{"content":"ho"}"#, "sequence": 3});
    assert_eq!(written(&call), ("PATCH", "…/7/elements/e1".into(), patched));
    let call = ElementDelete { card_id, element_id, change: 4.into() };
    assert_eq!(written(&call), ("DELETE", "…/7/elements/e1".into(), json!({"sequence": 4})));
}

#[test]
fn card_batch_has_plain_json_in_its_params() {
    let actions = vec![
        CardAction::Settings(CardSettings::default().streaming(true)),
        CardAction::Add { place: ElementPlace::After("e0".into()), elements: vec![hello()] },
        CardAction::Replace { element_id: "e1".into(), element: hello() },
        CardAction::Patch { element_id: "e1".into(), members: json!({"content": "ho"}) },
        CardAction::Delete(vec!["e1".into(), "e2".into()]),
    ];
    let (method, path, body) = written(&CardBatch { card_id: card_id(), actions, change: 5.into() });
    assert_eq!((method, path.as_str(), &body["sequence"]), ("POST", "…/7/batch_update", &json!(5)));
    let element: Value = serde_json::from_str(HELLO).unwrap();
    let wanted = json!([
        {"action": "partial_update_setting", "params": {"settings": {"config": {"streaming_mode": true}}}},
        {"action": "add_elements", "params": {
            "type": "insert_after", "target_element_id": "e0", "elements": [element],
        }},
        {"action": "update_element", "params": {"element_id": "e1", "element": element}},
        {"action": "partial_update_element", "params": {"element_id": "e1", "partial_element": {"content": "ho"}}},
        {"action": "delete_elements", "params": {"element_ids": ["e1", "e2"]}},
    ]);
    assert_eq!(inner(&body, "actions"), wanted);
}

#[test]
fn outgoing_message_sends_a_card_entity_by_its_id() {
    let message = serde_json::to_value(OutgoingMessage::card_entity(&card_id())).unwrap();
    assert_eq!(message["msg_type"], "interactive");
    let content = json!({"type": "card", "data": {"card_id": "7300000000000000001"}});
    assert_eq!(inner(&message, "content"), content);
    let (method, path, body) = written(&CardConvert { message: "om_1".into() });
    assert_eq!((method, path.as_str(), body), ("POST", "…/id_convert", json!({"message_id": "om_1"})));
}
