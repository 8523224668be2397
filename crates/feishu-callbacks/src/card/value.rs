//! The value that a card's author attached to a component.

use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::decode::lazy::LazyJson;
use crate::error::{FieldError, FieldSource};

/// `action.value`: an object, a string or any other JSON, as the card's author wrote it.
///
/// Kept as text and read when asked for, so a large value costs nothing to a handler that ignores it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct ActionValue(LazyJson);

impl ActionValue {
    /// The JSON as it came; `None` if absent or `null`.
    pub fn raw(&self) -> Option<&str> {
        self.0.raw()
    }

    pub(super) fn is_absent(&self) -> bool {
        self.raw().is_none()
    }

    /// The JSON as a tree; `null` if absent.
    pub fn as_value(&self) -> &Value {
        self.0.tree()
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Map<String, Value>> {
        self.0.tree().as_object()
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        self.0.tree().as_str()
    }

    /// A member of the object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.tree().get(key)
    }

    /// A member of the object, if it is a string.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Deserializes the JSON into your own type. A string that contains JSON is parsed.
    ///
    /// # Errors
    /// Names the place inside the value, what was expected and what kind of JSON was there.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, FieldError> {
        self.0.parse().or_else(|misfit| {
            let inner = self.as_str().and_then(|text| serde_json::from_str(text).ok());
            inner.ok_or_else(|| misfit.into_error(FieldSource::ActionValue))
        })
    }
}

impl<'de> Deserialize<'de> for ActionValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Box<RawValue>>::deserialize(deserializer).map(|raw| Self(LazyJson::new(raw)))
    }
}

impl From<Value> for ActionValue {
    fn from(value: Value) -> Self {
        Self(LazyJson::new(serde_json::value::to_raw_value(&value).ok().filter(|_| !value.is_null())))
    }
}
