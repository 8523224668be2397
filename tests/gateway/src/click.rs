//! A user's operation on a card.

use serde_json::{Map, Value, json};

use crate::Outgoing;
use crate::envelope::{self, Headers, Purpose, header_setters, payload};

/// A user's click, choice, input or form submission on a card, as `card.action.trigger` describes it.
///
/// ```
/// use feishu_gateway::{Click, json};
///
/// let approve = Click::button("approve").value(json!({"order": 42}));
/// let form = Click::form("submit", json!({"note": "in a hurry", "agree": true}));
/// let odd = Click::button("approve").merge(json!({"action": {"value": null}}));
/// assert!(approve.payload().contains(r#""order":42"#));
/// # let _ = (form, odd);
/// ```
#[derive(Clone, Debug)]
pub struct Click {
    action: Map<String, Value>,
    operator: Map<String, Value>,
    context: Map<String, Value>,
    event: Map<String, Value>,
    headers: Headers,
    patch: Option<Value>,
}

impl Click {
    /// A component of this tag and name, without any value.
    pub fn component(tag: &str, name: &str) -> Self {
        let mut action = Map::new();
        action.insert("tag".into(), tag.into());
        if !name.is_empty() {
            action.insert("name".into(), name.into());
        }
        let mut event = Map::new();
        event.insert("host".into(), "im_message".into());
        Self {
            action,
            operator: envelope::operator(),
            context: Map::new(),
            event,
            headers: Headers::new(),
            patch: None,
        }
    }

    /// A button.
    pub fn button(name: &str) -> Self {
        Self::component("button", name)
    }

    /// A form submitted by the button `name`; `values` is the object of the form's components.
    pub fn form(name: &str, values: Value) -> Self {
        Self::component("button", name).action("form_value", values)
    }

    /// A text input outside a form.
    pub fn input(name: &str, text: &str) -> Self {
        Self::component("input", name).action("input_value", text.into())
    }

    /// One choice in a drop-down list.
    pub fn select(name: &str, option: &str) -> Self {
        Self::component("select_static", name).action("option", option.into())
    }

    /// Several choices in a drop-down list.
    pub fn multi_select<S: Into<String>>(name: &str, options: impl IntoIterator<Item = S>) -> Self {
        let options: Vec<Value> = options.into_iter().map(|option| Value::String(option.into())).collect();
        Self::component("multi_select_static", name).action("options", options.into())
    }

    /// A chosen person, by open id.
    pub fn person(name: &str, open_id: &str) -> Self {
        Self::component("select_person", name).action("option", open_id.into())
    }

    /// An entry of an overflow menu.
    pub fn overflow(name: &str, option: &str) -> Self {
        Self::component("overflow", name).action("option", option.into())
    }

    /// A check box.
    pub fn checker(name: &str, checked: bool) -> Self {
        Self::component("checker", name).action("checked", checked.into())
    }

    /// A picked date, for example `2025-06-10 +0800`.
    pub fn date(name: &str, date: &str) -> Self {
        Self::component("date_picker", name)
            .action("option", date.into())
            .action("timezone", "Asia/Shanghai".into())
    }

    /// `action.value`: what the card's author put there, an object or a string; the gateway takes any JSON.
    pub fn value(self, value: impl Into<Value>) -> Self {
        self.action("value", value.into())
    }

    /// Any other member of `action`.
    pub fn action(mut self, name: &str, value: Value) -> Self {
        self.action.insert(name.into(), value);
        self
    }

    /// `operator.open_id`: who clicks.
    pub fn operator(mut self, open_id: &str) -> Self {
        self.operator.insert("open_id".into(), open_id.into());
        self
    }

    /// `context.open_message_id`: the message that holds the card, for example one of
    /// [`Gateway::post_card`](crate::Gateway::post_card). A new message by default.
    pub fn message(mut self, open_message_id: &str) -> Self {
        self.context.insert("open_message_id".into(), open_message_id.into());
        self
    }

    /// `context.open_chat_id`: the chat.
    pub fn chat(mut self, open_chat_id: &str) -> Self {
        self.context.insert("open_chat_id".into(), open_chat_id.into());
        self
    }

    /// The card belongs to a link preview of this URL.
    pub fn on_preview(mut self, url: &str) -> Self {
        self.event.insert("delivery_type".into(), "url_preview".into());
        self.context.insert("url".into(), url.into());
        self
    }

    /// `token`: what a delayed update of the card needs. By default a new one for each push.
    pub fn token(mut self, token: &str) -> Self {
        self.event.insert("token".into(), token.into());
        self
    }

    /// One field of the submitted form, beside those of [`form`](Self::form).
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        match self.action.get_mut("form_value").and_then(Value::as_object_mut) {
            Some(form) => {
                form.insert(name.into(), value.into());
                self
            }
            None => self.action("form_value", json!({ name: value.into() })),
        }
    }

    header_setters!();

    /// Who acts, with all ids.
    pub(crate) fn by(mut self, operator: Map<String, Value>) -> Self {
        self.operator = operator;
        self
    }

    /// Merges JSON into `event` at the very end: objects are merged, everything else replaces. For shapes that the
    /// other methods do not make.
    pub fn merge(mut self, patch: Value) -> Self {
        self.patch = Some(patch);
        self
    }

    /// The click in this many fragments.
    pub fn fragments(self, count: usize) -> Outgoing {
        Outgoing::from(self).fragments(count)
    }

    fn fixture(&self) -> String {
        self.make(Purpose::Fixture).0
    }

    /// The payload, the token for a delayed update, and the message that holds the card.
    pub(crate) fn make(&self, purpose: Purpose<'_>) -> (String, Option<String>, Option<String>) {
        let mut context = self.context.clone();
        context.entry("open_message_id").or_insert_with(|| purpose.id("om_", || envelope::id("om_")).into());
        context.entry("open_chat_id").or_insert_with(|| envelope::CHAT.into());
        if context.contains_key("url") {
            context.entry("preview_token").or_insert_with(|| purpose.id("preview-", envelope::uuid).into());
        }
        let mut event = self.event.clone();
        event.insert("operator".into(), self.operator.clone().into());
        event.entry("token").or_insert_with(|| purpose.id("c-", || envelope::id("c-")).into());
        event.insert("action".into(), self.action.clone().into());
        event.insert("context".into(), context.into());
        let mut event = Value::Object(event);
        if let Some(patch) = &self.patch {
            envelope::merge(&mut event, patch.clone());
        }
        let text = |pointer| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let (token, message) = (text("/token"), text("/context/open_message_id"));
        let header = self.headers.json("card.action.trigger", purpose);
        let payload = json!({"schema": "2.0", "header": header, "event": event});
        (payload.to_string(), token, message.filter(|id| !id.is_empty()))
    }
}

payload!(Click);
