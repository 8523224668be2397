//! Callbacks and events as JSON again: what a log, a queue or a store gets.

#[path = "support/any.rs"]
mod any;
mod support;

use any::read_any;
use feishu_callbacks::{CardActionTrigger, Timestamp, decode};
use serde_json::{Value, json};
use support::{fixture, fixture_names};

/// Whether every member of `part` is in `whole`, with the same value; numbers may be text now, times in another unit, and
/// one choice a list of one.
fn is_within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), _) if part.is_empty() => true,
        (Value::Object(part), Value::Object(whole)) => part.iter().all(|(key, value)| {
            whole.get(key).is_some_and(|other| is_within(value, other)) || is_empty(value)
        }),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_within(part, whole))
        }
        (Value::Array(part), Value::String(_)) => part.len() == 1 && is_within(&part[0], whole),
        (Value::String(part), _) => *part == text(whole) || same_time(part, &text(whole)),
        _ => part == whole,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn same_time(one: &str, other: &str) -> bool {
    one.parse::<Timestamp>().is_ok_and(|one| other.parse() == Ok(one))
}

/// A member of nothing but empty objects: a part of the body that did not come.
fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.values().all(is_empty))
}

#[test]
fn envelope_serialises_and_decodes_back_to_the_same_value() {
    for name in fixture_names() {
        let payload = fixture(&name);
        let printed = read_any(payload.as_bytes()).unwrap().unwrap().json;
        let again = read_any(printed.as_bytes()).unwrap().unwrap();
        assert_eq!(again.json, printed, "{name}");
        assert!(again.odd.is_empty(), "{name}: {:?}", again.odd);
        let (mut came, printed): (Value, Value) =
            (serde_json::from_str(&payload).unwrap(), serde_json::from_str(&printed).unwrap());
        // Some samples of the documentation have them beside the event.
        for beside in ["host", "context"] {
            if let Some(value) = came.get(beside).cloned() {
                came["event"][beside] = value;
            }
        }
        if came.get("header").is_some() {
            assert!(is_within(&printed["header"], &came["header"]), "{name}: {printed}");
            assert!(is_within(&printed["event"], &came["event"]), "{name}: {printed}");
        }
    }
}

#[test]
fn envelope_serialises_the_card_token_and_not_the_verification_token() {
    let payload = json!({
        "schema": "2.0",
        "header": {"event_type": "card.action.trigger", "token": "v-secret", "create_time": "1747740328528651"},
        "event": {"token": "c-7", "action": {"value": {"order": 42}, "form_value": {"note": ""}}},
    });
    let click: CardActionTrigger = decode(payload.to_string().as_bytes()).unwrap();
    let expected = json!({
        "schema": "2.0",
        "header": {"event_type": "card.action.trigger", "create_time": "1747740328528651"},
        "event": {
            "operator": {},
            "token": "c-7",
            "action": {"value": {"order": 42}, "form_value": {"note": ""}},
            "context": {},
        },
    });
    assert_eq!(serde_json::to_value(&click).unwrap(), expected);
    assert!(!format!("{click:?}").contains("c-7"));
}

#[test]
fn timestamp_display_parses_back_to_the_same_time() {
    for (digits, shown) in [
        ("1747740328528651", "1747740328528651"),
        ("1747740328528", "1747740328528"),
        ("1747740328528000", "1747740328528"),
        ("1747740328", "1747740328000"),
        ("1747740328.5", "1747740328500"),
        ("7.25", "7.250000"),
        ("0", "0.000000"),
    ] {
        let time: Timestamp = digits.parse().unwrap();
        assert_eq!(time.to_string(), shown);
        assert_eq!(shown.parse(), Ok(time));
        assert_eq!(serde_json::from_value::<Timestamp>(json!(time)).unwrap(), time);
    }
    for digits in ["", "soon", "-1", "1.x", "99999999999999999999999"] {
        assert!(digits.parse::<Timestamp>().is_err(), "{digits}");
    }
}
