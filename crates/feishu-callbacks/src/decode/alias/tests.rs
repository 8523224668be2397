//! Bodies before and after their ids are brought to where the documentation has them.

use std::borrow::Cow;

use super::normalise;
use crate::header::Schema;

/// The body after [`normalise`], and the places that were left out.
fn of(event_type: &str, event: &str) -> (String, Vec<String>) {
    let payload = format!(r#"{{"event":{event}}}"#);
    let (text, odd) = normalise(Cow::Borrowed(payload.as_bytes()), event_type, Schema::V2);
    let text = String::from_utf8(text.into_owned()).unwrap();
    let body = text.strip_prefix(r#"{"event":"#).unwrap().strip_suffix('}').unwrap();
    (body.to_owned(), odd.into_iter().map(|odd| odd.to_string()).collect())
}

#[test]
fn normalise_leaves_a_documented_body_as_it_is() {
    let event = r#"{ "operator" : {"open_id":"ou_a","x":1e999}, "context":{"open_chat_id":"oc_1"} }"#;
    assert_eq!(of("card.action.trigger", event), (event.to_owned(), Vec::new()));
    assert_eq!(of("tea.paid_v1", r#"{"operator_id":"ou_a"}"#).0, r#"{"operator_id":"ou_a"}"#);
}

#[test]
fn normalise_prefers_the_documented_place_and_lists_what_differs() {
    let event = r#"{"operator":{"open_id":"ou_a","operator_id":{"open_id":"ou_b","union_id":"on_a"}},"chat_id":"oc_2","context":{"open_chat_id":"oc_1","chat_id":"oc_1"}}"#;
    let (body, odd) = of("card.action.trigger", event);
    assert_eq!(
        body,
        r#"{"operator":{"open_id":"ou_a","union_id":"on_a"},"context":{"open_chat_id":"oc_1"}}"#
    );
    assert_eq!(
        odd,
        [
            "`event.operator.operator_id.open_id`: expected the same as in `event.operator.open_id`, which counts, \
             found something else",
            "`event.chat_id`: expected the same as in `event.context.open_chat_id`, which counts, found something else",
        ]
    );
}

#[test]
fn normalise_tells_ids_by_name_type_and_beginning() {
    for (sender, ids) in [
        (r#"{"sender_id":"ou_a"}"#, r#"{"open_id":"ou_a"}"#),
        (r#"{"sender_id":"on_a"}"#, r#"{"union_id":"on_a"}"#),
        (r#"{"sender_id":"u1"}"#, r#"{"user_id":"u1"}"#),
        (r#"{"user_id":"ou_a"}"#, r#"{"user_id":"ou_a"}"#),
        (r#"{"open_id":"ou_a","union_id":"on_a"}"#, r#"{"open_id":"ou_a","union_id":"on_a"}"#),
    ] {
        let (body, odd) = of("im.message.receive_v1", &format!(r#"{{"sender":{sender}}}"#));
        assert_eq!((body, odd.len()), (format!(r#"{{"sender":{{"sender_id":{ids}}}}}"#), 0));
    }
    let called = r#"{"sender":{"id":"u1","id_type":"user_id"}}"#;
    let body = of("im.message.receive_v1", called).0;
    assert_eq!(body, r#"{"sender":{"id_type":"user_id","sender_id":{"user_id":"u1"}}}"#);
}
