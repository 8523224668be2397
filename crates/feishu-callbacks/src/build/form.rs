//! Forms.

use serde_json::json;

use super::{Button, Element, markdown};

/// A form: its submit button sends all entries together.
///
/// A form without such a button, or inside another element, cannot be built, because the platform refuses it.
/// Source: "Form container" under "Card JSON 2.0 components" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    name: String,
    elements: Vec<Element>,
    submit: Button,
}

impl Form {
    /// A form with a name that is unique in the card, and the button that sends it: see [`Button::submit`].
    pub fn new(name: impl Into<String>, submit: Button) -> Self {
        Self { name: name.into(), elements: Vec::new(), submit: submit.set("form_action_type", "submit") }
    }

    /// Adds an element before the submit button.
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.elements.push(element.into());
        self
    }

    /// Adds text in Markdown.
    pub fn markdown(self, text: impl Into<String>) -> Self {
        self.push(markdown(text))
    }

    pub(super) fn into_element(self) -> Element {
        let mut elements = self.elements;
        elements.push(self.submit.into());
        Element(json!({ "tag": "form", "name": self.name, "elements": elements }))
    }
}
