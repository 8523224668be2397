//! The user who caused a callback or event, for any type.

use feishu_callbacks::im::UserIds;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The members that identify the user, in the callbacks and events that have one.
#[derive(Deserialize)]
struct Payload {
    event: Event,
}

/// Other events have members of the same names and other types, which must not harm.
#[derive(Deserialize)]
struct Event {
    /// Of clicks, previews, bot menus and chats.
    operator: Option<Value>,
    /// Of messages.
    sender: Option<Value>,
    /// Of reactions.
    user_id: Option<Value>,
}

#[derive(Deserialize)]
struct Operator {
    /// Events have the ids one level deeper than callbacks.
    operator_id: Option<UserIds>,
    #[serde(flatten)]
    ids: UserIds,
}

#[derive(Deserialize)]
struct Sender {
    sender_id: Option<UserIds>,
}

/// The ids of the user who clicked, opened a preview, wrote a message or caused an event.
pub(crate) fn operator(payload: &[u8]) -> Option<UserIds> {
    let Event { operator, sender, user_id } = serde_json::from_slice::<Payload>(payload).ok()?.event;
    let operator =
        operator.and_then(read).map(|operator: Operator| operator.operator_id.unwrap_or(operator.ids));
    let sender = || read::<Sender>(sender?)?.sender_id;
    operator.or_else(sender).or_else(|| read(user_id?)).filter(|ids| *ids != UserIds::default())
}

fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests {
    use feishu_callbacks::OpenId;

    use super::*;

    #[test]
    fn operator_is_found_where_each_kind_of_payload_has_it() {
        for (payload, open_id) in [
            (r#"{"event":{"operator":{"tenant_key":"t","open_id":"ou_1"},"action":{}}}"#, Some("ou_1")),
            (
                r#"{"event":{"operator":{"operator_name":"A","operator_id":{"open_id":"ou_2"}}}}"#,
                Some("ou_2"),
            ),
            (r#"{"event":{"sender":{"sender_id":{"open_id":"ou_3"},"sender_type":"user"}}}"#, Some("ou_3")),
            (r#"{"event":{"user_id":{"open_id":"ou_4"},"message_id":"om_1"}}"#, Some("ou_4")),
            (r#"{"event":{"operator":{"open_id":"ou_5"},"user_id":"b2"}}"#, Some("ou_5")),
            (r#"{"event":{"operator":"b2"}}"#, None),
            (r#"{"event":{"order":7}}"#, None),
            (r#"{"uuid":"no event"}"#, None),
            ("no JSON", None),
        ] {
            let found = operator(payload.as_bytes()).and_then(|ids| ids.open_id);
            assert_eq!(found.as_ref().map(OpenId::as_str), open_id, "{payload}");
        }
    }
}
