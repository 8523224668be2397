//! A card as JSON, checked on entry.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A card as JSON: always an object, of a known dialect.
///
/// It keeps the text of the JSON, which a reply copies without reading it again.
#[derive(Debug, Clone)]
pub struct RawCard {
    json: Box<RawValue>,
    dialect: Dialect,
}

/// The two languages of card JSON. The client cannot turn a card of 2.0 into one of 1.0 (200830).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Card JSON 1.0: `elements` or `i18n_elements` at the top level, no `schema`.
    V1,
    /// Card JSON 2.0: `"schema": "2.0"` and `body.elements`.
    V2,
}

impl RawCard {
    /// Creates a card from any value that serialises to one: a [`serde_json::Value`], your own struct, a
    /// [`Card`](crate::build::Card).
    ///
    /// # Errors
    /// When it is not an object, or is a whole reply instead of the card inside it.
    ///
    /// ```
    /// use feishu_callbacks::{Dialect, RawCard};
    /// let card = RawCard::new(serde_json::json!({"schema": "2.0", "body": {"elements": []}}))?;
    /// assert_eq!(card.dialect(), Dialect::V2);
    /// # Ok::<(), feishu_callbacks::CardError>(())
    /// ```
    pub fn new(card: impl Serialize) -> Result<Self, CardError> {
        let json = serde_json::value::to_raw_value(&card)
            .map_err(|error| CardError { kind: CardErrorKind::NotJson, detail: error.to_string() })?;
        Self::check(json)
    }

    /// Parses the JSON text of a card.
    ///
    /// # Errors
    /// When it is not JSON, not an object, or is a whole reply instead of the card inside it.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let json = serde_json::from_str(text)
            .map_err(|error| CardError { kind: CardErrorKind::NotJson, detail: error.to_string() })?;
        Self::check(json)
    }

    /// Dialect of the card.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Text of the card.
    pub fn as_json(&self) -> &str {
        self.json.get()
    }

    /// Converts a card of the builder, which is always an object of 2.0.
    pub(crate) fn from_built(card: &impl Serialize) -> Self {
        // A tree of strings and numbers always serialises; the other branch is there for the compiler.
        let json = serde_json::value::to_raw_value(card).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { json, dialect: Dialect::V2 }
    }

    fn check(json: Box<RawValue>) -> Result<Self, CardError> {
        if json.get().starts_with('"') {
            return Err(CardError { kind: CardErrorKind::JsonInString, detail: String::new() });
        }
        let Ok(top) = serde_json::from_str::<Top<'_>>(json.get()) else {
            return Err(CardError { kind: CardErrorKind::NotAnObject, detail: String::new() });
        };
        if top.is_wrapped() {
            return Err(CardError { kind: CardErrorKind::Wrapped, detail: String::new() });
        }
        let dialect = top.dialect();
        Ok(Self { json, dialect })
    }
}

impl PartialEq for RawCard {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Serialize for RawCard {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawCard {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through a tree: text cannot be borrowed from the buffers that tagged enums are read through.
        let card = serde_json::Value::deserialize(deserializer)?;
        Self::new(card).map_err(serde::de::Error::custom)
    }
}

/// The members that distinguish a card from other JSON, and its dialect.
#[derive(Deserialize)]
struct Top<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    elements: Option<&'a RawValue>,
    #[serde(borrow)]
    i18n_elements: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    card: Option<&'a RawValue>,
    #[serde(borrow)]
    toast: Option<&'a RawValue>,
}

impl Top<'_> {
    fn is_wrapped(&self) -> bool {
        let is_card = self.body.is_some() || self.elements.is_some() || self.i18n_elements.is_some();
        !is_card && (self.data.is_some() || self.card.is_some() || self.toast.is_some())
    }

    fn dialect(&self) -> Dialect {
        match self.schema.map(RawValue::get) {
            Some(r#""2.0""#) => Dialect::V2,
            _ => Dialect::V1,
        }
    }
}

/// The error of JSON that is not a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardError {
    kind: CardErrorKind,
    detail: String,
}

/// Why JSON is not a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CardErrorKind {
    /// Not JSON at all.
    NotJson,
    /// JSON, but not an object.
    NotAnObject,
    /// A JSON string, perhaps with a card in it: `card.data` must be an object.
    JsonInString,
    /// `{"type": …, "data": …}` or `{"toast": …, "card": …}`: pass what is inside.
    Wrapped,
}

impl CardError {
    /// Why it is not a card.
    pub fn kind(&self) -> CardErrorKind {
        self.kind
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            CardErrorKind::NotJson => write!(f, "the card is not JSON ({})", self.detail),
            CardErrorKind::NotAnObject => f.write_str("the card is JSON, but not an object"),
            CardErrorKind::JsonInString => {
                f.write_str("the card is a JSON string; give its text to `RawCard::parse` instead")
            }
            CardErrorKind::Wrapped => {
                f.write_str("this is a reply or a wrapper around a card; pass the card inside it")
            }
        }
    }
}

impl std::error::Error for CardError {}
