//! The member of a payload that holds its body.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::in_place::Alias;
use super::probe::BEFORE_EVENT;
use crate::envelope::EventBody;
use crate::header::{EventAt, Schema};

/// The member of a payload that holds the body. It is filled in place, because a body is large to move.
pub(super) struct Parts<B> {
    schema: Schema,
    /// Whether members of the body are taken from beside it before this reads.
    are_gathered: bool,
    pub(super) event: Option<B>,
}

impl<B: EventBody> Parts<B> {
    pub(super) fn new(schema: Schema) -> Self {
        Self { schema, are_gathered: false, event: None }
    }

    /// As [`Parts::read`], from where the body begins: without the header, which is a quarter of a click of 1 KiB. Only for a body
    /// that is the last member. Then it is the payload's own whatever header came with it: what follows it closes one
    /// object.
    pub(super) fn read_from(&mut self, EventAt(at): EventAt, payload: &[u8]) -> Option<()> {
        let (before, event) = payload.split_at_checked(at?)?;
        let event = before.ends_with(BEFORE_EVENT).then_some(event)?.trim_ascii_end().strip_suffix(b"}")?;
        let mut json = serde_json::Deserializer::from_str(std::str::from_utf8(event).ok()?);
        Event(&mut self.event).deserialize(&mut json).ok()?;
        json.end().ok()
    }

    /// Reads a body that fits its type. UTF-8 is checked once for the whole payload instead of for each string in it.
    pub(super) fn read(&mut self, payload: &[u8]) -> Option<()> {
        let mut json = serde_json::Deserializer::from_str(std::str::from_utf8(payload).ok()?);
        self.deserialize(&mut json).ok()?;
        json.end().ok()
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Event,
    Host,
    Context,
    #[serde(other)]
    Other,
}

impl<'de, B: EventBody> DeserializeSeed<'de> for &mut Parts<B> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.schema == Schema::Flat {
            self.event = Some(B::deserialize(deserializer)?);
            return Ok(());
        }
        deserializer.deserialize_map(self)
    }
}

impl<'de, B: EventBody> Visitor<'de> for &mut Parts<B> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback or event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_key()? {
            match member {
                Member::Event => members.next_value_seed(Event(&mut self.event))?,
                Member::Host | Member::Context if !self.are_gathered => members.next_value_seed(Alias)?,
                Member::Host | Member::Context | Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A body, or `null`.
struct Event<'p, B>(&'p mut Option<B>);

impl<'de, B: EventBody> DeserializeSeed<'de> for Event<'_, B> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, B: EventBody> Visitor<'de> for Event<'_, B> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("option")
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.0 = Some(B::deserialize(deserializer)?);
        Ok(())
    }
}

/// Creates new [`Parts`] for each round of a tolerant read.
pub(super) struct PartsSeed<B> {
    schema: Schema,
    body: PhantomData<B>,
}

impl<B> PartsSeed<B> {
    pub(super) fn new(schema: Schema) -> Self {
        Self { schema, body: PhantomData }
    }
}

impl<B> Clone for PartsSeed<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for PartsSeed<B> {}

impl<'de, B: EventBody> DeserializeSeed<'de> for PartsSeed<B> {
    type Value = Parts<B>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parts<B>, D::Error> {
        let mut parts = Parts { are_gathered: true, ..Parts::new(self.schema) };
        parts.deserialize(deserializer)?;
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::Parts;
    use crate::decode::peek;
    use crate::envelope::EventBody;
    use crate::header::EventAt;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Any(Value);

    impl EventBody for Any {
        const TYPE: &'static str = "any";
        type Reply = ();
    }

    const FRONT: &str = r#"{"schema":"2.0","header":{"event_type":"any"}"#;

    /// The body as it is read from behind the header, which must be what is read otherwise.
    fn read_from(at: EventAt, payload: &str) -> Option<Any> {
        let header = peek(payload.as_bytes()).unwrap();
        let mut behind = Parts::<Any>::new(header.schema);
        behind.read_from(at, payload.as_bytes())?;
        let mut whole = Parts::<Any>::new(header.schema);
        whole.read(payload.as_bytes()).unwrap();
        assert_eq!(behind.event, whole.event, "{payload}");
        behind.event
    }

    #[test]
    fn body_is_read_from_behind_the_header_where_it_comes_last() {
        let at = |payload: &str| peek(payload.as_bytes()).unwrap().event_at;
        for event in [r#"{"a":[{}]}"#, "null", r#""}""#, "7"] {
            for end in ["}", " }\n"] {
                let payload = format!("{FRONT},\"event\":{event}{end}");
                let at = at(&payload);
                assert_eq!(at.0, payload.find(event), "{payload}");
                let value: Value = serde_json::from_str(event).unwrap();
                assert_eq!(read_from(at, &payload).map(|body| body.0), (!value.is_null()).then_some(value));
            }
        }
        for later in [r#","event":{}"#, r#","host":"x""#, "}", ",", "x"] {
            let payload = format!("{FRONT},\"event\":{{}}{later}}}");
            let mut parts = Parts::<Any>::new(crate::header::Schema::V2);
            assert_eq!(parts.read_from(at(&payload), payload.as_bytes()), None, "{payload}");
        }
        for unchecked in [
            r#"{"header":{"event_type":"any","later":{tru}},"event":{}}"#,
            r#"{"later":[tru],"header":{"event_type":"any"},"event":{}}"#,
            r#"{"header":{"event_type":"any"}, "event":{}}"#,
        ] {
            assert_eq!(at(unchecked).0, None, "{unchecked}");
        }
    }

    #[test]
    fn body_of_another_payload_than_the_headers_is_read_as_its_own() {
        let other = format!(
            r#"{{"schema":"2.0","header":{{"event_type":"any"}},"x":{{{}}},"event":7}}"#,
            "\"event\":{}"
        );
        for at in 0..=other.len() + 1 {
            let read = read_from(EventAt(Some(at)), &other);
            assert!(read.is_none() || read == Some(Any(7.into())), "{at}");
        }
    }
}
