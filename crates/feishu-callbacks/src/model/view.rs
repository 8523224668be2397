//! Prints a model for a log, and writes it as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use super::Model;
use crate::time::Timestamp;

/// What a member holds.
pub(crate) enum View<'a> {
    Absent,
    Text(&'a str),
    Int(i64),
    Float(f64),
    Flag(bool),
    Time(Timestamp),
    Model(&'a dyn Model),
    List(Vec<View<'a>>),
    Map(&'a BTreeMap<String, String>),
    Json(&'a Value),
    /// A secret, which is neither printed nor written.
    Secret,
}

/// Prints the members that are there.
pub(crate) fn debug(model: &dyn Model, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut printed = f.debug_struct(model.name());
    model.show(&mut |members| {
        for (name, view) in members {
            if !matches!(view, View::Absent) {
                printed.field(name, view);
            }
        }
    });
    printed.finish()
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("None"),
            Self::Text(text) => text.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Flag(value) => value.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::Model(model) => debug(*model, f),
            Self::List(items) => items.fmt(f),
            Self::Map(map) => map.fmt(f),
            Self::Json(json) => write!(f, "{json}"),
            Self::Secret => f.write_str("[redacted]"),
        }
    }
}

/// Writes the members that are there, as the platform writes them.
pub(crate) fn write<S: Serializer>(model: &dyn Model, serializer: S) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(None)?;
    let mut result = Ok(());
    model.show(&mut |members| {
        for (name, view) in members {
            if !matches!(view, View::Absent | View::Secret) && result.is_ok() {
                result = object.serialize_entry(name, view);
            }
        }
    });
    result?;
    object.end()
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Secret => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Flag(value) => serializer.serialize_bool(*value),
            Self::Time(time) => time.serialize(serializer),
            Self::Model(model) => write(*model, serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Map(map) => map.serialize(serializer),
            Self::Json(json) => json.serialize(serializer),
        }
    }
}
