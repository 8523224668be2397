//! JSON that is kept as text and parsed on first use, because most handlers read only a part of it.

use std::fmt;
use std::sync::OnceLock;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::tolerant::{self, Misfit};

/// Raw text and, once asked for, its tree.
#[derive(Clone, Default)]
pub(crate) struct LazyJson {
    raw: Option<Box<RawValue>>,
    tree: OnceLock<Value>,
}

impl LazyJson {
    pub(crate) fn new(raw: Option<Box<RawValue>>) -> Self {
        Self { raw, tree: OnceLock::new() }
    }

    pub(crate) fn raw(&self) -> Option<&str> {
        self.raw.as_deref().map(RawValue::get)
    }

    /// Tree of the text. What `serde_json` refuses inside (a number beyond `f64`, nesting beyond 128) is `null` in it.
    pub(crate) fn tree(&self) -> &Value {
        self.tree.get_or_init(|| self.raw().map(read_tree).unwrap_or_default())
    }

    /// Reads the text into the caller's type. Absent JSON reads as `null`.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Misfit> {
        let text = self.raw().unwrap_or("null");
        match serde_json::from_str(text) {
            Ok(value) => Ok(value),
            Err(_) => tolerant::decode_strict(&tolerant::repair(text.as_bytes())),
        }
    }
}

impl Serialize for LazyJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl fmt::Debug for LazyJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw().unwrap_or("none"))
    }
}

/// Reads text as a tree; see [`LazyJson::tree`]. Text that is not JSON is `null`.
pub(crate) fn read_tree(text: &str) -> Value {
    if let Ok(tree) = serde_json::from_str(text) {
        return tree;
    }
    let repaired = tolerant::repair(text.as_bytes());
    match serde_json::from_slice::<IgnoredAny>(&repaired) {
        Ok(_) => tolerant::decode(&repaired).value.unwrap_or_default(),
        Err(_) => Value::Null,
    }
}
