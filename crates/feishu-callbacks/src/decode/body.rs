//! The members of a payload that hold its body.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::envelope::EventBody;
use crate::header::Schema;

/// The members of a payload that hold the body. They are filled in place, because a body is large to move.
pub(super) struct Parts<'de, B> {
    schema: Schema,
    pub(super) event: Option<B>,
    pub(super) beside: Beside<'de>,
}

impl<B> Parts<'_, B> {
    pub(super) fn new(schema: Schema) -> Self {
        Self { schema, event: None, beside: Beside::default() }
    }
}

impl<'de, B: EventBody> Parts<'de, B> {
    /// Reads a body that fits its type. UTF-8 is checked once for the whole payload instead of for each string in it.
    pub(super) fn read(&mut self, payload: &'de [u8]) -> Option<()> {
        let mut json = serde_json::Deserializer::from_str(std::str::from_utf8(payload).ok()?);
        self.deserialize(&mut json).ok()?;
        json.end().ok()
    }
}

/// Members beside `event` that may belong inside it.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'de> {
    host: Option<&'de RawValue>,
    context: Option<&'de RawValue>,
}

impl Beside<'_> {
    pub(super) fn give_to<B: EventBody>(self, event: &mut B) {
        for (member, json) in [("host", self.host), ("context", self.context)] {
            if let Some(json) = json {
                event.adopt(member, json.get());
            }
        }
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

impl<'de, B: EventBody> DeserializeSeed<'de> for &mut Parts<'de, B> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.schema == Schema::Flat {
            self.event = Some(B::deserialize(deserializer)?);
            return Ok(());
        }
        deserializer.deserialize_map(self)
    }
}

impl<'de, B: EventBody> Visitor<'de> for &mut Parts<'de, B> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback or event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_key()? {
            match member {
                Member::Event => members.next_value_seed(Event(&mut self.event))?,
                Member::Host => self.beside.host = members.next_value()?,
                Member::Context => self.beside.context = members.next_value()?,
                Member::Other => {
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

/// Makes new [`Parts`] for each round of a tolerant read.
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
    type Value = Parts<'de, B>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parts<'de, B>, D::Error> {
        let mut parts = Parts::new(self.schema);
        parts.deserialize(deserializer)?;
        Ok(parts)
    }
}
