//! The values that a member or an item of a list may have.

use std::collections::BTreeMap;

use serde::de::Unexpected;
use serde_json::Value;

use super::view::View;
use super::{Field, Leaf, List, Model, Slot};
use crate::ids::{AppId, ChatId, EventId, MessageId, OpenId, TenantKey, UnionId, UserId};
use crate::time::Timestamp;

/// A value as it came.
#[derive(Clone, Copy)]
pub(crate) enum Raw<'a> {
    Text(&'a str),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Flag(bool),
}

impl<'a> Raw<'a> {
    /// The text, if it is one.
    pub(crate) fn text(self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn unexpected(self) -> Unexpected<'a> {
        match self {
            Self::Text(text) => Unexpected::Str(text),
            Self::Int(value) => Unexpected::Signed(value),
            Self::Unsigned(value) => Unexpected::Unsigned(value),
            Self::Float(value) => Unexpected::Float(value),
            Self::Flag(value) => Unexpected::Bool(value),
        }
    }

    /// Text from text or a number.
    pub(crate) fn to_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_owned()),
            Self::Int(value) => Some(value.to_string()),
            Self::Unsigned(value) => Some(value.to_string()),
            Self::Float(value) => Some(value.to_string()),
            Self::Flag(_) => None,
        }
    }

    /// Reads text, whether it came as such or as a number. Empty text is nothing.
    pub(crate) fn parse<T>(self, read: impl FnOnce(&str) -> Option<T>) -> Read<T> {
        match self.to_text() {
            None => Read::Misfit,
            Some(text) if text.trim().is_empty() => Read::Nothing,
            Some(text) => read(text.trim()).map_or(Read::Misfit, Read::Value),
        }
    }
}

/// What a value means for a type.
pub(crate) enum Read<T> {
    Value(T),
    /// It stands for no value.
    Nothing,
    /// It does not fit.
    Misfit,
}

impl<T> Read<T> {
    /// Gives the value, if there is one, away; false if it did not fit.
    fn into(self, put: impl FnOnce(Option<T>)) -> bool {
        match self {
            Self::Value(value) => put(Some(value)),
            Self::Nothing => put(None),
            Self::Misfit => return false,
        }
        true
    }
}

/// A type of which a member may have one, or a list.
pub(crate) trait Item: Sized {
    /// What fits, for an error.
    const EXPECTED: &'static str;

    fn of(raw: Raw<'_>) -> Read<Self>;

    /// An empty object.
    fn empty() -> Option<Self> {
        None
    }

    /// The object to be filled.
    fn model(&mut self) -> Option<&mut dyn Model> {
        None
    }

    fn view(&self) -> View<'_>;
}

impl<T: Item> Field for Option<T> {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Leaf(self)
    }

    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Absent, Item::view)
    }
}

impl<T: Item> Leaf for Option<T> {
    fn put(&mut self, raw: Raw<'_>) -> bool {
        T::of(raw).into(|value| *self = value)
    }

    fn expected(&self) -> &'static str {
        T::EXPECTED
    }
}

impl<T: Item> Field for Vec<T> {
    fn slot(&mut self) -> Slot<'_> {
        Slot::List(self)
    }

    fn view(&self) -> View<'_> {
        if self.is_empty() { View::Absent } else { View::List(self.iter().map(Item::view).collect()) }
    }
}

impl<T: Item> List for Vec<T> {
    fn push(&mut self, raw: Raw<'_>) -> bool {
        T::of(raw).into(|value| self.extend(value))
    }

    fn add(&mut self) -> Option<&mut dyn Model> {
        Self::push(self, T::empty()?);
        self.last_mut().and_then(Item::model)
    }

    fn expected(&self) -> &'static str {
        T::EXPECTED
    }
}

impl Field for BTreeMap<String, String> {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Map(self)
    }

    fn view(&self) -> View<'_> {
        if self.is_empty() { View::Absent } else { View::Map(self) }
    }
}

impl Field for Value {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Json(self)
    }

    fn view(&self) -> View<'_> {
        if self.is_null() { View::Absent } else { View::Json(self) }
    }
}

impl Item for String {
    const EXPECTED: &'static str = "a string";

    fn of(raw: Raw<'_>) -> Read<Self> {
        raw.to_text().map_or(Read::Misfit, Read::Value)
    }

    fn view(&self) -> View<'_> {
        View::Text(self)
    }
}

impl Item for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn of(raw: Raw<'_>) -> Read<Self> {
        raw.parse(|text| text.parse().ok())
    }

    fn view(&self) -> View<'_> {
        View::Int(*self)
    }
}

impl Item for f64 {
    const EXPECTED: &'static str = "a number";

    fn of(raw: Raw<'_>) -> Read<Self> {
        raw.parse(|text| text.parse().ok().filter(|value: &Self| value.is_finite()))
    }

    fn view(&self) -> View<'_> {
        View::Float(*self)
    }
}

impl Item for bool {
    const EXPECTED: &'static str = "a boolean";

    fn of(raw: Raw<'_>) -> Read<Self> {
        if let Raw::Flag(value) = raw {
            return Read::Value(value);
        }
        raw.parse(|text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }

    fn view(&self) -> View<'_> {
        View::Flag(*self)
    }
}

/// Digits; 0 stands for no time.
impl Item for Timestamp {
    const EXPECTED: &'static str = "digits of seconds, milliseconds or microseconds";

    fn of(raw: Raw<'_>) -> Read<Self> {
        match raw.parse(|text| text.parse().ok()) {
            Read::Value(time) if Self::as_micros(time) == 0 => Read::Nothing,
            read => read,
        }
    }

    fn view(&self) -> View<'_> {
        View::Time(*self)
    }
}

/// Makes types over text the types of members. Empty text is none.
macro_rules! texts {
    ($($name:ident,)+) => {$(
        impl $crate::model::Item for $name {
            const EXPECTED: &'static str = "a string";

            fn of(raw: $crate::model::Raw<'_>) -> $crate::model::Read<Self> {
                raw.parse(|text| Some(text.into()))
            }

            fn view(&self) -> $crate::model::View<'_> {
                $crate::model::View::Text(self.as_str())
            }
        }
    )+};
}

/// Makes types of secrets the types of members. They are neither printed nor written.
macro_rules! hidden {
    ($($name:ident,)+) => {$(
        impl $crate::model::Item for $name {
            const EXPECTED: &'static str = "a string";

            fn of(raw: $crate::model::Raw<'_>) -> $crate::model::Read<Self> {
                raw.parse(|text| Some(text.into()))
            }

            fn view(&self) -> $crate::model::View<'_> {
                $crate::model::View::Secret
            }
        }
    )+};
}

pub(crate) use {hidden, texts};

texts! { AppId, ChatId, EventId, MessageId, OpenId, TenantKey, UnionId, UserId, }
