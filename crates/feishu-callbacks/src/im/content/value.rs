//! Members of content as Rust values: text that comes as a number, times, durations, keys.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use crate::time::Timestamp;

/// Text, or a number where text is expected.
pub(super) fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// A member that is text.
pub(super) fn text(tree: &Value, name: &str) -> Option<String> {
    tree.get(name).and_then(text_of).map(Cow::into_owned)
}

/// A member that is text and not empty, such as a key.
pub(super) fn filled(tree: &Value, name: &str) -> Option<String> {
    text(tree, name).filter(|text| !text.is_empty())
}

/// A time in digits, as text or a number.
pub(super) fn time(tree: &Value, name: &str) -> Option<Timestamp> {
    tree.get(name).and_then(text_of)?.parse().ok()
}

/// A time span in milliseconds, as text or a number.
pub(super) fn millis(tree: &Value, name: &str) -> Option<Duration> {
    tree.get(name).and_then(text_of)?.parse().ok().map(Duration::from_millis)
}

/// A number with a fraction, as text or a number.
pub(super) fn degrees(tree: &Value, name: &str) -> Option<f64> {
    tree.get(name).and_then(text_of)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The texts of a list.
pub(super) fn texts(tree: &Value, name: &str) -> Vec<String> {
    let items = tree.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(text_of).map(Cow::into_owned).collect()
}

/// Text of a member that is text, or an object with the text in `content`, as cards have it.
pub(super) fn words<'v>(element: &'v Value, name: &str) -> Option<&'v str> {
    let member = element.get(name)?;
    member.as_str().or_else(|| member.get("content")?.as_str())
}
