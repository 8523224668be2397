//! What identifies a delivery: the key by which a repeat of it is recognised.

use std::borrow::Cow;
use std::fmt;

use feishu_callbacks::EventId;
use serde::Deserialize;

use crate::call::Call;

/// The key of a delivery. The platform can push one message again under another event id, so messages are known by
/// themselves ("Receive message" in its documentation); other events by their id.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity<'a> {
    /// The route's `dedup_by` chose it.
    Chosen { event_type: &'a str, key: String },
    /// One version of a message: an edit has a later `update_time`.
    Message { event_type: &'a str, id: Cow<'a, str>, updated: Cow<'a, str> },
    /// The event id.
    Event(&'a str),
    /// The id of the frame that carried it, for a payload without an event id.
    Frame(&'a str),
}

/// Events whose body is a message.
const MESSAGES: [&str; 4] =
    ["im.message.receive_v1", "im.message.updated_v1", "im.message.message_updated_v1", "message"];

impl<'a> Identity<'a> {
    /// `None` for a delivery that nothing identifies, which is never taken for a repeat.
    pub(crate) fn of(call: &'a Call) -> Option<Self> {
        let event_type = call.header.event_type.as_str();
        if let Some(key) = call.handler.dedup_key(call) {
            return Some(Self::Chosen { event_type, key });
        }
        if MESSAGES.contains(&event_type) {
            if let Some((id, updated)) = message(call.received.payload()) {
                return Some(Self::Message { event_type, id, updated });
            }
        }
        let event_id = call.header.event_id.as_ref().map(EventId::as_str).filter(|id| !id.is_empty());
        event_id.map(Self::Event).or_else(|| call.received.message_id().map(Self::Frame))
    }
}

/// As a part of a key in the shared store.
impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen { event_type, key } => write!(f, "by:{event_type}:{key}"),
            Self::Message { event_type, id, updated } => write!(f, "{event_type}:{id}:{updated}"),
            Self::Event(id) => f.write_str(id),
            Self::Frame(id) => write!(f, "message:{id}"),
        }
    }
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    event: Body<'a>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
    /// Of the first schema, which has the message's members in the event itself.
    #[serde(borrow)]
    open_message_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    update_time: Option<Time<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Time<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Number(u64),
}

/// The id of the message in a payload, and when it was last changed.
fn message(payload: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let body = serde_json::from_slice::<Payload<'_>>(payload).ok()?.event;
    let (id, updated) = match body.message {
        Some(message) => (message.message_id, message.update_time),
        None => (body.open_message_id?, None),
    };
    let updated = match updated {
        Some(Time::Text(time)) => time,
        Some(Time::Number(time)) => time.to_string().into(),
        None => "".into(),
    };
    (!id.is_empty()).then_some((id, updated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_reads_id_and_update_time_in_every_shape() {
        let read = |payload: &'static str| message(payload.as_bytes());
        let both = Some(("om_1".into(), "9".into()));
        assert_eq!(read(r#"{"event":{"message":{"message_id":"om_1","update_time":"9"}}}"#), both);
        assert_eq!(read(r#"{"event":{"message":{"message_id":"om_1","update_time":9}}}"#), both);
        assert_eq!(read(r#"{"event":{"open_message_id":"om_1"}}"#), Some(("om_1".into(), "".into())));
        for odd in [r#"{"event":{"message":{"message_id":""}}}"#, r#"{"event":{"message":{}}}"#, "{}", "["] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
