//! A sample of each type of event.

use std::sync::OnceLock;

use serde_json::{Map, Value};

/// By type, the schema and the body. Written by `cargo xtask events` from the description of the events.
const TEXT: &str = include_str!("event_samples.json");

pub(crate) fn all() -> &'static Map<String, Value> {
    static ALL: OnceLock<Map<String, Value>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(TEXT).unwrap_or_default())
}

/// Whether the sample of this type is of schema 1.0, and its body.
pub(crate) fn of(event_type: &str) -> Option<(bool, &'static Value)> {
    let sample = all().get(event_type)?;
    Some((sample.get("schema")? == "1.0", sample.get("event")?))
}

pub(crate) fn types() -> impl Iterator<Item = &'static str> {
    all().keys().map(String::as_str)
}
