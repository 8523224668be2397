//! What was entered in a form, by component name.

use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::picked::{PickedDate, PickedDateTime, PickedError, PickedTime};
use crate::decode::lazy::LazyJson;
use crate::error::{FieldError, FieldSource, Found};
use crate::ids::OpenId;

/// `action.form_value`: what was entered in a form, by the `name` of each component. Empty outside a form.
///
/// A field that the user left empty may come as an empty string or not at all; the documentation does not say which.
/// The `Option` getters answer `None` to both, as to JSON of another kind; the `Result` getters say which it was.
///
/// ```
/// use feishu_callbacks::FormValue;
/// let form: FormValue = serde_json::from_str(r#"{"note":"call back","when":"2025-06-10 19:19 +0800","terms":true}"#)?;
/// assert_eq!(form.text("note").unwrap_or_default(), "call back");
/// assert_eq!(form.date_time("when").unwrap().date.day, 10);
/// assert_eq!(form.checked("terms"), Some(true));
/// assert_eq!(form.text("no such field"), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct FormValue(LazyJson);

impl FormValue {
    /// The JSON as it came; `None` outside a form.
    pub fn raw(&self) -> Option<&str> {
        self.0.raw()
    }

    pub(super) fn is_absent(&self) -> bool {
        self.raw().is_none()
    }

    /// All values by name.
    pub fn as_map(&self) -> &Map<String, Value> {
        self.0.tree().as_object().unwrap_or_else(|| empty_map())
    }

    /// True outside a form, and for a form of which nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.as_map().is_empty()
    }

    /// The value under a name, of any kind.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map().get(name)
    }

    /// Text of an input. `None` if left empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Choice of a `select_static` or `select_img`: the option's value. A list gives its first item.
    pub fn choice(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Array(items) => items.first()?.as_str(),
            value => value.as_str(),
        }
        .filter(|choice| !choice.is_empty())
    }

    /// Choices of a `multi_select_static` or of a `select_img` with several choices. One string is a list of one.
    pub fn choices(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) if !one.is_empty() => vec![one],
            _ => Vec::new(),
        }
    }

    /// State of a `checker`. Absent is not `false`. The strings `true` and `false` count as well.
    pub fn checked(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(checked) => Some(*checked),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Choice of a `select_person`.
    pub fn person(&self, name: &str) -> Option<OpenId> {
        self.choice(name).map(OpenId::from)
    }

    /// Choices of a `multi_select_person`; a `select_person` is a list of one.
    pub fn people(&self, name: &str) -> Vec<OpenId> {
        self.choices(name).into_iter().map(OpenId::from).collect()
    }

    /// Date of a `date_picker`, such as `2025-06-10 +0800`.
    ///
    /// # Errors
    /// Names the field, what was expected and what was there.
    pub fn date(&self, name: &str) -> Result<PickedDate, FieldError> {
        self.picked(name, "a date such as `2025-06-10 +0800`")
    }

    /// Time of day of a `picker_time`, such as `05:05 +0800`.
    ///
    /// # Errors
    /// Names the field, what was expected and what was there.
    pub fn time(&self, name: &str) -> Result<PickedTime, FieldError> {
        self.picked(name, "a time such as `05:05 +0800`")
    }

    /// Moment of a `picker_datetime`, such as `2025-06-10 19:19 +0800`.
    ///
    /// # Errors
    /// Names the field, what was expected and what was there.
    pub fn date_time(&self, name: &str) -> Result<PickedDateTime, FieldError> {
        self.picked(name, "a date and time such as `2025-06-10 19:19 +0800`")
    }

    /// Text of an input, where leaving it empty is an error.
    ///
    /// # Errors
    /// Names the field, what was expected and what was there.
    pub fn require_text(&self, name: &str) -> Result<&str, FieldError> {
        self.text(name).ok_or_else(|| self.error(name, "text"))
    }

    /// Choice of a select, where none is an error.
    ///
    /// # Errors
    /// Names the field, what was expected and what was there.
    pub fn require_choice(&self, name: &str) -> Result<&str, FieldError> {
        self.choice(name).ok_or_else(|| self.error(name, "a choice"))
    }

    /// State of a checker, where absence is an error.
    ///
    /// # Errors
    /// Names the field, what was expected and what was there.
    pub fn require_checked(&self, name: &str) -> Result<bool, FieldError> {
        self.checked(name).ok_or_else(|| self.error(name, "true or false"))
    }

    /// Deserializes one field into your own type.
    ///
    /// # Errors
    /// Names the field, what was expected and what was there.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, FieldError> {
        T::deserialize(self.get(name).unwrap_or(&Value::Null)).map_err(|_| {
            self.error(name, std::any::type_name::<T>().rsplit("::").next().unwrap_or("another type"))
        })
    }

    /// Deserializes the whole form into your own type, with the names of the components as fields. Outside a form it is
    /// read from an empty object.
    ///
    /// # Errors
    /// Names the field, what was expected and what was there.
    ///
    /// ```
    /// #[derive(serde::Deserialize)]
    /// struct Order { dish: String, note: Option<String> }
    ///
    /// let form: feishu_callbacks::FormValue = serde_json::from_str(r#"{"dish":"noodles"}"#)?;
    /// let order: Order = form.parse().unwrap();
    /// assert_eq!(order.dish, "noodles");
    ///
    /// let form: feishu_callbacks::FormValue = serde_json::from_str(r#"{"dish":["noodles","soup"]}"#)?;
    /// assert_eq!(form.parse::<Order>().err().unwrap().path(), "dish");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, FieldError> {
        let read =
            if self.raw().is_some() { self.0.parse() } else { crate::decode::tolerant::decode_strict(b"{}") };
        read.map_err(|misfit| misfit.into_error(FieldSource::Form))
    }

    fn picked<T: std::str::FromStr<Err = PickedError>>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<T, FieldError> {
        self.text(name).and_then(|text| text.parse().ok()).ok_or_else(|| self.error(name, expected))
    }

    fn error(&self, name: &str, expected: &str) -> FieldError {
        let found = match self.get(name) {
            None => Found::Nothing,
            Some(Value::String(text)) if text.is_empty() => Found::Kind("an empty string".to_owned()),
            Some(Value::Null) => Found::Kind("null".to_owned()),
            Some(Value::Bool(_)) => Found::Kind("a bool".to_owned()),
            Some(Value::Number(_)) => Found::Kind("a number".to_owned()),
            Some(Value::String(_)) => Found::Kind("other text".to_owned()),
            Some(Value::Array(_)) => Found::Kind("a list".to_owned()),
            Some(Value::Object(_)) => Found::Kind("an object".to_owned()),
        };
        FieldError::new(FieldSource::Form, name.to_owned(), expected, found)
    }
}

impl<'de> Deserialize<'de> for FormValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
        match &raw {
            Some(json) if !json.get().starts_with('{') => {
                Err(D::Error::custom("not an object, expected an object of the form's fields"))
            }
            _ => Ok(Self(LazyJson::new(raw))),
        }
    }
}

impl From<Map<String, Value>> for FormValue {
    fn from(fields: Map<String, Value>) -> Self {
        Self(LazyJson::new(serde_json::value::to_raw_value(&fields).ok()))
    }
}

fn empty_map() -> &'static Map<String, Value> {
    static EMPTY: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    EMPTY.get_or_init(Map::new)
}
