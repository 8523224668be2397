//! Columns and images.

use serde_json::{Map, Value, json};

use super::{Element, markdown, object, plain_text};

/// A column set: elements side by side.
/// Source: "Column set" under "Card JSON 2.0 components" of the Feishu documentation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    columns: Vec<Column>,
}

/// A column: elements below each other, in a part of the card's width.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    weight: u8,
    elements: Vec<Element>,
}

impl Columns {
    /// Columns from left to right.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect() }
    }
}

impl Column {
    /// A column as wide as its neighbors.
    pub fn new() -> Self {
        Self { weight: 1, elements: Vec::new() }
    }

    /// Share of the width, 1 to 5.
    pub fn weight(mut self, weight: u8) -> Self {
        self.weight = weight.clamp(1, 5);
        self
    }

    /// Adds an element.
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.elements.push(element.into());
        self
    }

    /// Adds text in Markdown.
    pub fn markdown(self, text: impl Into<String>) -> Self {
        self.push(markdown(text))
    }
}

impl Default for Column {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Columns> for Element {
    fn from(set: Columns) -> Self {
        let columns: Vec<Value> = set
            .columns
            .into_iter()
            .map(|Column { weight, elements }| {
                json!({ "tag": "column", "width": "weighted", "weight": weight, "elements": elements })
            })
            .collect();
        Self(json!({ "tag": "column_set", "columns": columns }))
    }
}

/// An uploaded image.
/// Source: "Image" under "Card JSON 2.0 components" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    members: Map<String, Value>,
}

impl Image {
    /// An image by its key, `img_v3_…`, with alternative text.
    pub fn new(key: impl Into<String>, alt: impl Into<String>) -> Self {
        Self { members: object(json!({ "tag": "img", "img_key": key.into(), "alt": plain_text(alt) })) }
    }

    /// Sets the title above the image.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.set("title", plain_text(title))
    }

    /// Sets any other member of the JSON.
    pub fn set(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }
}

impl From<Image> for Element {
    fn from(image: Image) -> Self {
        Self(Value::Object(image.members))
    }
}
