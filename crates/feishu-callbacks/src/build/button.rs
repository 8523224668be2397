//! Buttons.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Element, object, plain_text};

/// A button. It sends a callback once it has a [`value`](Self::value), opens a page once it has a
/// [`link`](Self::link); it may have both.
/// Source: "Button" under "Card JSON 2.0 components" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Button {
    members: Map<String, Value>,
    behaviors: Vec<Value>,
}

/// Look of a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ButtonLook {
    /// Black on white.
    Default,
    /// Blue on white.
    Primary,
    /// Red on white.
    Danger,
    /// Black, without a frame.
    Text,
    /// White on blue.
    PrimaryFilled,
    /// White on red.
    DangerFilled,
}

impl Button {
    /// A button with this look.
    pub fn new(look: ButtonLook, text: impl Into<String>) -> Self {
        let members = object(json!({ "tag": "button", "type": look, "text": plain_text(text) }));
        Self { members, behaviors: Vec::new() }
    }

    /// A plain button.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(ButtonLook::Default, text)
    }

    /// The primary (blue) button.
    pub fn primary(text: impl Into<String>) -> Self {
        Self::new(ButtonLook::Primary, text)
    }

    /// A button for destructive actions (red).
    pub fn danger(text: impl Into<String>) -> Self {
        Self::new(ButtonLook::Danger, text)
    }

    /// The submit button of a form; the callback has its name in `action.name`.
    pub fn submit(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::primary(text).name(name).set("form_action_type", "submit")
    }

    /// A button that clears a form in the client, without a callback.
    pub fn reset(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::plain(text).name(name).set("form_action_type", "reset")
    }

    /// Sends a callback with this JSON in `action.value`; an object is safest, because other SDKs refuse strings.
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.behaviors.push(json!({ "type": "callback", "value": value.into() }));
        self
    }

    /// Opens a page.
    pub fn link(mut self, url: impl Into<String>) -> Self {
        self.behaviors.push(json!({ "type": "open_url", "default_url": url.into() }));
        self
    }

    /// Adds a confirmation dialog before the action.
    pub fn confirm(self, title: impl Into<String>, text: impl Into<String>) -> Self {
        self.set("confirm", json!({ "title": plain_text(title), "text": plain_text(text) }))
    }

    /// Sets the name, which the callback has in `action.name`.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set("name", name.into())
    }

    /// Shows the button disabled.
    pub fn disabled(self) -> Self {
        self.set("disabled", true)
    }

    /// Sets any other member of the JSON.
    pub fn set(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }
}

impl From<Button> for Element {
    fn from(button: Button) -> Self {
        let mut members = button.members;
        if !button.behaviors.is_empty() {
            members.insert("behaviors".to_owned(), Value::Array(button.behaviors));
        }
        Self(Value::Object(members))
    }
}
