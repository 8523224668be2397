//! What identifies one version of a message, read from a payload without its other members.

use std::borrow::Cow;

use serde::Deserialize;

use crate::decode::scan::Scan;
use crate::header::{EventAt, Header};

/// Types whose body is a message. For edits no type is documented; these two names were seen.
const TYPES: [&str; 4] =
    ["im.message.receive_v1", "im.message.updated_v1", "im.message.message_updated_v1", "message"];

/// One version of a message, by which a repeat of it is recognised: the platform can push one message again under another
/// event id ("Receive messages" of the Feishu documentation), and an edit has the id of the message that it changed.
///
/// ```
/// use feishu_callbacks::im::MessageVersion;
/// use feishu_callbacks::peek;
///
/// let payload = br#"{"schema":"2.0","header":{"event_id":"e7","event_type":"im.message.receive_v1"},
///                    "event":{"message":{"message_id":"om_7","update_time":"1747740328528"}}}"#;
/// let version = MessageVersion::peek(&peek(payload)?, payload).unwrap();
/// assert_eq!((version.id.as_ref(), version.updated.as_ref()), ("om_7", "1747740328528"));
/// # Ok::<(), feishu_callbacks::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MessageVersion<'a> {
    /// Id of the message, never empty.
    pub id: Cow<'a, str>,
    /// `update_time` as it was written, in milliseconds since 1970; empty if there is none.
    pub updated: Cow<'a, str>,
}

impl<'a> MessageVersion<'a> {
    /// Reads it from the payload that the header was read from; `None` if that is no message, or names none.
    pub fn peek(header: &Header, payload: &'a [u8]) -> Option<Self> {
        if !TYPES.contains(&header.event_type.as_str()) {
            return None;
        }
        let version = Self::scan(header.event_at, payload).or_else(|| Self::parse(payload))?;
        (!version.id.is_empty()).then_some(version)
    }

    /// Reads a message as the platform writes it, without a parser. `None` says nothing about others.
    fn scan(EventAt(at): EventAt, payload: &'a [u8]) -> Option<Self> {
        let (mut id, mut updated) = (None, None);
        Scan::new(payload.get(at?..)?).members(|key, value| {
            if key != b"message" {
                value.skip()?;
                return Some(true);
            }
            value.members(|key, value| {
                match key {
                    b"message_id" => id = Some(value.plain_text()?),
                    b"update_time" => updated = Some(value.plain_text()?),
                    _ => value.skip()?,
                }
                Some(id.is_none() || updated.is_none())
            })?;
            Some(false)
        })?;
        Some(Self { id: id?.into(), updated: updated.unwrap_or_default().into() })
    }

    fn parse(payload: &'a [u8]) -> Option<Self> {
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
        Some(Self { id, updated })
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

#[cfg(test)]
mod tests {
    use super::MessageVersion;
    use crate::decode::peek;
    use crate::header::Header;

    const HEADER: &str = r#""schema":"2.0","header":{"event_id":"e7","event_type":"im.message.receive_v1"}"#;

    /// The id and the time, read from a payload with this body.
    fn read(event: &str) -> Option<(String, String)> {
        let compact = format!("{{{HEADER},\"event\":{event}}}");
        let spaced = format!("{{ {HEADER}, \"event\": {event} }}");
        let [compact, spaced] = [compact, spaced].map(|payload| {
            let version = MessageVersion::peek(&peek(payload.as_bytes()).unwrap(), payload.as_bytes());
            version.map(|version| (version.id.into_owned(), version.updated.into_owned()))
        });
        assert_eq!(compact, spaced, "with and without a parser");
        compact
    }

    #[test]
    fn message_version_is_read_in_every_shape() {
        let both = Some(("om_1".into(), "9".into()));
        assert_eq!(read(r#"{"message":{"message_id":"om_1","update_time":"9"}}"#), both);
        assert_eq!(
            read(r#"{"sender":{"a":[1]},"message":{"update_time":"9","message_id":"om_1","n":1}}"#),
            both
        );
        assert_eq!(read(r#"{"message":{"message_id":"om_1","update_time":9}}"#), both);
        assert_eq!(read(r#"{"message":{"message_id":"om_1"}}"#), Some(("om_1".into(), String::new())));
        assert_eq!(read(r#"{"message":{"message_id":"om_\"1"}}"#), Some(("om_\"1".into(), String::new())));
        assert_eq!(read(r#"{"open_message_id":"om_1"}"#), Some(("om_1".into(), String::new())));
        for odd in [r#"{"message":{"message_id":""}}"#, r#"{"message":{}}"#, "{}", "null", "7"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn message_version_of_another_type_is_none() {
        let payload = br#"{"event":{"message":{"message_id":"om_1"}}}"#;
        assert_eq!(MessageVersion::peek(&Header::new("card.action.trigger"), payload), None);
        assert!(MessageVersion::peek(&Header::new("im.message.receive_v1"), payload).is_some());
    }
}
