//! Hostile payloads: whatever happens to an optional member, the request is read and the rest of it is there.

#[path = "support/any.rs"]
mod any;
mod support;

use any::{decode_any, read_any};
use feishu_callbacks::{CardActionEvent, DecodeErrorKind, Envelope, EventBody, decode};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{fixture, fixture_names};

/// One way to spoil a member.
#[derive(Debug, Clone, PartialEq)]
enum Spoil {
    Drop,
    Rename,
    Put(Value),
    InList,
    InObject,
    Deep,
}

fn spoils() -> Vec<Spoil> {
    let puts = [
        json!(null),
        json!(true),
        json!(0),
        json!(-7),
        json!(1e300),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([null]),
        json!([1, "x", {}]),
        json!({"x": {"y": []}}),
        json!("{\"a\":1}"),
        json!(u64::MAX),
    ];
    let mut spoils: Vec<Spoil> = puts.into_iter().map(Spoil::Put).collect();
    spoils.extend([Spoil::Drop, Spoil::Rename, Spoil::InList, Spoil::InObject, Spoil::Deep]);
    spoils
}

/// JSON pointers to every member and item of a payload.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    let mut visit = |key: &str, child: &Value| {
        let place = format!("{at}/{key}");
        places(child, &place, out);
        out.push(place);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, child)| visit(key, child)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, child)| visit(&index.to_string(), child));
        }
        _ => {}
    }
}

fn spoil(payload: &mut Value, place: &str, how: &Spoil) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    let Some(parent) = payload.pointer_mut(parent) else { return };
    match (parent, how) {
        (Value::Object(members), Spoil::Drop) => {
            members.remove(key);
        }
        (Value::Object(members), Spoil::Rename) => {
            if let Some(child) = members.remove(key) {
                members.insert(format!("{key}_x"), child);
            }
        }
        (Value::Array(items), Spoil::Drop | Spoil::Rename) => {
            items.clear();
        }
        (parent, how) => {
            let slot = match parent {
                Value::Object(members) => members.get_mut(key),
                Value::Array(items) => items.get_mut(key.parse::<usize>().unwrap()),
                _ => None,
            };
            let Some(slot) = slot else { return };
            *slot = match how {
                Spoil::Put(value) => value.clone(),
                Spoil::InList => json!([slot.take()]),
                Spoil::InObject => json!({ "x": slot.take() }),
                Spoil::Deep => (0..100).fold(slot.take(), |inner, _| json!([inner])),
                Spoil::Drop | Spoil::Rename => return,
            };
        }
    }
}

/// Without these the type of a payload is unknown.
fn is_required(fixture: &Value, place: &str) -> bool {
    let names_the_type = if fixture.get("header").is_some() {
        ["/header/event_type", "/header"]
    } else if fixture.get("event").is_some() {
        ["/event/type", "/event"]
    } else if fixture.get("type").is_some() {
        ["/type", "/type"]
    } else {
        ["/action", "/action"]
    };
    names_the_type.contains(&place)
}

#[test]
fn decode_reads_every_documented_payload_without_odd_fields() {
    for name in fixture_names() {
        assert_eq!(decode_any(fixture(&name).as_bytes()).unwrap(), Some(Vec::new()), "{name}");
    }
}

#[test]
fn decode_succeeds_after_any_single_mutation_of_an_optional_member() {
    let mut tried = 0;
    for name in fixture_names() {
        let whole: Value = serde_json::from_str(&fixture(&name)).unwrap();
        let mut all = Vec::new();
        places(&whole, "", &mut all);
        for place in all.iter().filter(|place| !is_required(&whole, place)) {
            for how in spoils() {
                let mut payload = whole.clone();
                spoil(&mut payload, place, &how);
                let text = payload.to_string();
                let read = decode_any(text.as_bytes());
                assert!(read.is_ok(), "{name} {place} {how:?}: {}", read.err().unwrap());
                // Serialising takes longer than decoding, so a sample is serialised. 23 shares no factor with the
                // number of ways to spoil a member, so that every way is in the sample.
                if tried % 23 == 0 {
                    assert!(read_any(text.as_bytes()).is_ok(), "{name} {place} {how:?}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}

#[test]
fn decode_still_reads_the_other_members_after_a_mutation() {
    let whole: Value = serde_json::from_str(&fixture("card_form")).unwrap();
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    for place in all.iter().filter(|place| !is_required(&whole, place)) {
        for how in spoils() {
            let mut payload = whole.clone();
            spoil(&mut payload, place, &how);
            let click = decode::<CardActionEvent>(payload.to_string().as_bytes()).unwrap();
            let untouched = |member: &str| !format!("{member}/").starts_with(&format!("{place}/"));
            let told = format!("{place} {how:?}");
            assert!(
                !untouched("/event/operator/open_id") || click.event.operator.open_id.is_some(),
                "{told}"
            );
            assert!(!untouched("/event/token") || click.event.token.is_some(), "{told}");
            assert!(
                !untouched("/event/context/open_chat_id") || click.event.context.open_chat_id.is_some(),
                "{told}"
            );
            assert!(
                !untouched("/event/action/value/do") || click.event.action.value.text("do") == Some("order"),
                "{told}"
            );
            let noted = untouched("/event/action/form_value/note");
            assert!(!noted || click.event.action.form_value.text("note") == Some("no lemon"), "{told}");
            assert!(!untouched("/header/app_id") || click.header.app_id.is_some(), "{told}");
        }
    }
}

proptest! {
    #[test]
    fn decode_succeeds_after_several_mutations(
        which in any::<prop::sample::Index>(),
        blows in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..8),
    ) {
        let names = fixture_names();
        let name = which.get::<String>(&names);
        let whole: Value = serde_json::from_str(&fixture(name)).unwrap();
        let mut payload = whole.clone();
        for (place, how) in blows {
            let mut all = Vec::new();
            places(&payload, "", &mut all);
            all.retain(|place| !is_required(&whole, place));
            if !all.is_empty() {
                spoil(&mut payload, place.get::<String>(&all), how.get(&spoils()));
            }
        }
        let read = decode_any(payload.to_string().as_bytes());
        prop_assert!(read.is_ok(), "{name}: {payload}: {}", read.err().unwrap());
    }

    #[test]
    fn decode_never_panics_on_random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_any(&bytes);
    }

    #[test]
    fn decode_never_panics_on_a_truncated_or_corrupted_payload(
        which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut payload = fixture(which.get::<String>(&fixture_names())).into_bytes();
        let at = at.index(payload.len());
        if cut { payload.truncate(at) } else { payload[at] = byte }
        let _ = decode_any(&payload);
    }
}

#[test]
fn odd_fields_list_path_and_kinds_without_content() {
    let payload = br#"{"schema":"2.0","header":{"event_type":"card.action.trigger","create_time":"soon","app_id":["secret"]},
        "event":{"operator":"secret","action":{"checked":"secret","options":["a",{"secret":1}],"form_value":[1]},"host":7}}"#;
    let click = decode::<CardActionEvent>(payload).unwrap();
    let paths =
        |odd: &[feishu_callbacks::OddField]| odd.iter().map(|odd| odd.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(click.header.odd_fields()), ["header.create_time", "header.app_id"]);
    assert_eq!(
        paths(click.odd_fields()),
        [
            "event.operator",
            "event.action.checked",
            "event.action.options[1]",
            "event.action.form_value",
            "event.host"
        ],
    );
    let checked = &click.odd_fields()[1];
    assert_eq!((checked.found.as_str(), checked.expected.as_str()), ("string", "a boolean"));
    assert_eq!(click.event.action.options, ["a"]);
    for odd in click.odd_fields().iter().chain(click.header.odd_fields()) {
        assert!(!odd.to_string().contains("secret"), "{odd}");
    }
}

#[test]
fn decode_reads_a_click_with_lone_surrogates_and_invalid_utf8() {
    let payload = br#"{"header":{"event_type":"card.action.trigger"},"event":{"operator":{"open_id":"ou_\uD83D"},"action":{"name":"\uDE00","value":{"a":"\uD83D"}}}}"#;
    let click = decode::<CardActionEvent>(payload).unwrap();
    assert_eq!(click.event.operator.open_id.unwrap(), "ou_\u{fffd}");
    assert_eq!(click.event.action.value.text("a"), Some("\u{fffd}"));
    let mut payload = br#"{"header":{"event_type":"card.action.trigger"},"event":{"action":{"input_value":"caf?"},"token":"c-1"}}"#.to_vec();
    let at = payload.iter().position(|byte| *byte == b'?').unwrap();
    payload[at] = 0xff;
    let click = decode::<CardActionEvent>(&payload).unwrap();
    assert_eq!(click.event.action.input_value.as_deref(), Some("caf\u{fffd}"));
    assert!(click.event.token.is_some());
}

#[test]
fn odd_fields_list_every_member_that_was_left_out() {
    let mut tried = 0;
    for name in fixture_names() {
        let whole: Value = serde_json::from_str(&fixture(&name)).unwrap();
        let mut all = Vec::new();
        places(&whole, "", &mut all);
        for place in &all {
            // JSON of the card's author is kept as it is; unknown members are ignored.
            let is_free = ["/action/value", "/action/form_value/", "/schema", "/brightness"]
                .iter()
                .any(|free| place.contains(free));
            if is_free || is_required(&whole, place) {
                continue;
            }
            let mut payload = whole.clone();
            spoil(&mut payload, place, &Spoil::Put(json!([[{"y": true}]])));
            let odd = decode_any(payload.to_string().as_bytes()).unwrap();
            assert!(odd.is_none_or(|odd| !odd.is_empty()), "{name} {place}");
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn decode_uses_the_first_of_two_members_of_one_name() {
    let payload = br#"{"header":{"event_type":"card.action.trigger"},"event":{"token":"c-1","token":"c-2","operator":{"open_id":"ou_1"}}}"#;
    let click = decode::<CardActionEvent>(payload).unwrap();
    assert_eq!(click.event.token.unwrap().expose(), "c-1");
    assert_eq!(click.event.operator.open_id.unwrap(), "ou_1");
}

#[test]
fn action_value_that_serde_json_refuses_is_kept_as_raw_text() {
    let deep = format!("{}1{}", "[".repeat(3000), "]".repeat(3000));
    let payload = format!(
        r#"{{"header":{{"event_type":"card.action.trigger"}},"event":{{"action":{{"value":{{"deep":{deep},"big":1e999,"do":"brew"}}}},"unknown":{deep}}}}}"#
    );
    let click = decode::<CardActionEvent>(payload.as_bytes()).unwrap();
    assert!(click.event.action.value.raw().unwrap().len() > 6000);
    assert_eq!(click.event.action.value.text("do"), Some("brew"));
}

#[test]
fn odd_fields_report_a_list_of_a_thousand_wrong_items_as_one() {
    let items = vec!["{}"; 1000].join(",");
    let payload = format!(
        r#"{{"header":{{"event_type":"card.action.trigger"}},"event":{{"action":{{"options":[{items}],"name":"send"}}}}}}"#
    );
    let click = decode::<CardActionEvent>(payload.as_bytes()).unwrap();
    assert_eq!(click.event.action.name.as_deref(), Some("send"));
    assert!(click.odd_fields().len() < 20, "{}", click.odd_fields().len());
}

#[derive(Debug, serde::Deserialize)]
struct Strict {
    amount: u64,
    note: Option<String>,
}

impl EventBody for Strict {
    const TYPE: &'static str = "tea.paid_v1";
    type Reply = ();
}

fn paid(event: &str) -> Result<Envelope<Strict>, feishu_callbacks::DecodeError> {
    decode(format!(r#"{{"header":{{"event_type":"tea.paid_v1"}},"event":{event}}}"#).as_bytes())
}

#[test]
fn decode_reads_a_user_defined_event_body_tolerantly() {
    let read = paid(r#"{"amount":7,"note":{"odd":1}}"#).unwrap();
    assert_eq!((read.event.amount, read.event.note.clone()), (7, None));
    assert_eq!(read.odd_fields()[0].path, "event.note");
}

#[test]
fn decode_keeps_the_valid_members_among_many_wrong_ones() {
    let payload = br#"{"header":{"event_type":"card.action.trigger"},"event":{"operator":[],"token":{},"host":1,"delivery_type":[],
        "action":{"tag":[],"name":[],"form_value":1,"input_value":[],"option":[],"options":7,"checked":"x","timezone":{},"value":"kept"},
        "context":{"open_chat_id":"oc_hall","open_message_id":[],"url":[],"preview_token":[]}}}"#;
    let click = decode::<CardActionEvent>(payload).unwrap();
    assert_eq!(click.event.action.value.as_str(), Some("kept"));
    assert_eq!(click.event.context.open_chat_id.unwrap(), "oc_hall");
}

#[test]
fn decode_reads_a_body_with_more_misfits_than_rounds() {
    #[derive(Debug, serde::Deserialize)]
    struct Wide {
        #[serde(default)]
        cups: std::collections::BTreeMap<String, u8>,
        note: Option<String>,
    }

    impl EventBody for Wide {
        const TYPE: &'static str = "tea.paid_v1";
        type Reply = ();
    }

    let cups: Vec<String> = (0..500).map(|n| format!("\"c{n}\":\"x\"")).collect();
    let payload = format!(
        r#"{{"header":{{"event_type":"tea.paid_v1"}},"event":{{"cups":{{{}}},"note":"kept"}}}}"#,
        cups.join(",")
    );
    let wide = decode::<Wide>(payload.as_bytes()).unwrap();
    assert!(wide.event.cups.is_empty());
    assert_eq!(wide.event.note.as_deref(), Some("kept"));
}

#[test]
fn odd_fields_list_at_most_32_duplicated_members() {
    let doubles = vec![r#""host":"im_message""#; 5000].join(",");
    let payload = format!(r#"{{"header":{{"event_type":"card.action.trigger"}},"event":{{{doubles}}}}}"#);
    let click = decode::<CardActionEvent>(payload.as_bytes()).unwrap();
    assert_eq!(click.event.host.as_ref().unwrap().as_str(), "im_message");
    assert_eq!(click.odd_fields().len(), 32);
}

#[test]
fn decode_error_names_the_required_member_that_is_missing() {
    let wrong = paid(r#"{"amount":"seven"}"#).unwrap_err();
    assert_eq!((wrong.kind(), wrong.path()), (DecodeErrorKind::MissingRequired, "event.amount"));
    assert!(!wrong.to_string().contains("seven"), "{wrong}");
    let absent = paid("{}").unwrap_err();
    assert_eq!((absent.kind(), absent.path()), (DecodeErrorKind::MissingRequired, "event"));
    assert!(absent.to_string().contains("amount"), "{absent}");
    assert_eq!(paid("null").unwrap_err().kind(), DecodeErrorKind::MissingRequired);
    assert_eq!(paid(r#"{"amount":7"#).unwrap_err().kind(), DecodeErrorKind::Malformed);
}

#[test]
fn decode_treats_a_missing_body_as_empty_and_lists_it_in_odd_fields() {
    for payload in [
        r#"{"header":{"event_type":"card.action.trigger"}}"#,
        r#"{"header":{"event_type":"card.action.trigger"},"event":null}"#,
        r#"{"header":{"event_type":"card.action.trigger"},"event":"text"}"#,
        r#"{"header":{"event_type":"card.action.trigger"},"event":[]}"#,
    ] {
        let click = decode::<CardActionEvent>(payload.as_bytes()).unwrap();
        assert_eq!(click.odd_fields()[0].path, "event", "{payload}");
        assert!(click.event.token.is_none());
    }
}
