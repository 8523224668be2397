//! Immutable shared text, and how optional text is read from JSON: as a string or a number.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// Immutable reference-counted text. A clone does not copy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Text(Arc<str>);

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor { null: None::<fn() -> Self> })
    }
}

/// Reads text from a string, or from a number, which some gateways write where the documentation has a string; from
/// `null` where that is allowed.
struct TextVisitor<T> {
    null: Option<fn() -> T>,
}

impl<T: From<String> + for<'a> From<&'a str>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_unit<E: de::Error>(self) -> Result<T, E> {
        self.null.map(|null| null()).ok_or_else(|| E::invalid_type(Unexpected::Unit, &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<T, E> {
        Ok(text.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        Ok(number.to_string().into())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        Ok(number.to_string().into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        Ok(number.to_string().into())
    }
}

/// Text, or nothing for `null`.
struct Optional<T>(Option<T>);

impl From<String> for Optional<String> {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

impl From<&str> for Optional<String> {
    fn from(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
}

impl From<String> for Optional<Text> {
    fn from(text: String) -> Self {
        Self(Some(text.into()))
    }
}

/// An empty string counts as absent, because the platform sends it in place of the message id while a link preview is not sent yet.
impl From<&str> for Optional<Text> {
    fn from(text: &str) -> Self {
        Self(if text.is_empty() { None } else { Some(text.into()) })
    }
}

/// Reads an optional id; the empty string is none.
pub(crate) fn filled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<Text>,
{
    let Optional(text) = deserializer.deserialize_any(TextVisitor { null: Some(|| Optional(None)) })?;
    Ok(text.map(T::from))
}

/// Reads optional text.
pub(crate) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Optional(text) = deserializer.deserialize_any(TextVisitor { null: Some(|| Optional(None)) })?;
    Ok(text)
}

/// Reads optional text; the empty string is none.
pub(crate) fn filled_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(string(deserializer)?.filter(|text| !text.is_empty()))
}

/// Reads a value; `null` is its default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads an optional list; items that are `null` are left out.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
    Ok(list.unwrap_or_default().into_iter().flatten().collect())
}
