//! The member of a payload that holds its body.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::in_place::Alias;
use crate::envelope::EventBody;
use crate::header::Schema;

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
