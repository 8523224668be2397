//! Reads JSON into the members of a model.

use std::fmt;
use std::mem;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::Value;

use super::item::Raw;
use super::{Lent, List, Model, Slot};

/// Reads a model. What is absent or `null` keeps its default.
pub(crate) fn read<'de, M, D>(deserializer: D) -> Result<M, D::Error>
where
    M: Model + Default,
    D: Deserializer<'de>,
{
    let mut model = M::default();
    Place(Slot::Model(&mut model)).deserialize(deserializer)?;
    Ok(model)
}

/// Fills the members of an object. Unknown ones are skipped; one that comes twice is an error.
fn fill<'de, A: MapAccess<'de>>(model: &mut dyn Model, mut members: A) -> Result<(), A::Error> {
    let mut result = Ok(());
    model.lend(&mut |slots| result = fill_slots(slots, &mut members));
    result
}

fn fill_slots<'de, A: MapAccess<'de>>(slots: &mut [Lent<'_>], members: &mut A) -> Result<(), A::Error> {
    while let Some(place) = members.next_key_seed(Key(slots))? {
        match place {
            None => {
                members.next_value::<de::IgnoredAny>()?;
            }
            Some((name, Slot::Filled)) => return Err(de::Error::duplicate_field(name)),
            Some((_, slot)) => members.next_value_seed(Place(slot))?,
        }
    }
    Ok(())
}

/// Finds the place of a member by its name, and takes it out of the list.
struct Key<'s, 'p>(&'s mut [Lent<'p>]);

impl<'de, 'p> DeserializeSeed<'de> for Key<'_, 'p> {
    type Value = Option<Lent<'p>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'p> Visitor<'_> for Key<'_, 'p> {
    type Value = Option<Lent<'p>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        let place = self.0.iter_mut().find(|(name, _)| *name == key);
        Ok(place.map(|(name, slot)| (*name, mem::replace(slot, Slot::Filled))))
    }
}

/// The value of a member.
struct Place<'p>(Slot<'p>);

impl Place<'_> {
    /// Takes one value.
    fn put<E: de::Error>(mut self, raw: Raw<'_>) -> Result<(), E> {
        let fits = match &mut self.0 {
            Slot::Leaf(leaf) => leaf.put(raw),
            Slot::Model(model) => raw.text().is_some_and(|text| model.take_text(text)),
            // A single item without its list.
            Slot::List(list) => raw.text() == Some("") || list.push(raw),
            Slot::Map(_) => raw.text() == Some(""),
            Slot::Json(_) | Slot::Filled => false,
        };
        if fits { Ok(()) } else { Err(E::invalid_type(raw.unexpected(), &self)) }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if let Slot::Json(json) = self.0 {
            *json = Value::deserialize(deserializer)?;
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

/// The values that are not an object or a list.
macro_rules! visit_values {
    () => {
        fn visit_unit<E: de::Error>(self) -> Result<(), E> {
            Ok(())
        }

        fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
            self.put(Raw::Flag(value))
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
            self.put(Raw::Int(value))
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
            self.put(Raw::Unsigned(value))
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
            self.put(Raw::Float(value))
        }

        fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
            self.put(Raw::Text(value))
        }
    };
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Slot::Leaf(leaf) => leaf.expected(),
            Slot::Model(_) | Slot::Map(_) => "an object",
            Slot::List(_) => "a list",
            Slot::Json(_) | Slot::Filled => "JSON",
        })
    }

    visit_values!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Slot::List(list) = self.0 else {
            return Err(de::Error::invalid_type(Unexpected::Seq, &self));
        };
        while items.next_element_seed(Entry(&mut *list))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        match self.0 {
            Slot::Model(model) => fill(model, members),
            Slot::List(list) => Entry(list).visit_map(members),
            Slot::Map(map) => {
                while let Some(key) = members.next_key::<String>()? {
                    let mut value = None::<String>;
                    members.next_value_seed(Place(Slot::Leaf(&mut value)))?;
                    map.extend(value.map(|value| (key, value)));
                }
                Ok(())
            }
            Slot::Leaf(_) | Slot::Json(_) | Slot::Filled => {
                Err(de::Error::invalid_type(Unexpected::Map, &self))
            }
        }
    }
}

/// One item of a list; `null` is left out.
struct Entry<'p>(&'p mut dyn List);

impl Entry<'_> {
    fn put<E: de::Error>(self, raw: Raw<'_>) -> Result<(), E> {
        if self.0.push(raw) { Ok(()) } else { Err(E::invalid_type(raw.unexpected(), &self)) }
    }
}

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.expected())
    }

    visit_values!();

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        match self.0.add() {
            Some(model) => fill(model, members),
            None => Err(de::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}
