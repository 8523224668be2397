//! Callbacks and events to call a handler with.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use feishu_transport::{Received, header_name};
use serde_json::{Map, Value, json};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Any event or callback of schema 2.0. The other fixtures end in one.
#[derive(Clone, Debug)]
#[must_use]
pub struct Event {
    header: Map<String, Value>,
    body: Value,
    message_id: String,
}

impl Event {
    /// An event of a type, with the content of `event`. It has an id of its own, and does not say when it was made; see
    /// [`created_at`](Self::created_at).
    pub fn new(event_type: impl Into<String>, body: Value) -> Self {
        let number = NEXT.fetch_add(1, Relaxed);
        let mut header = Map::new();
        header.insert("event_id".to_owned(), json!(format!("test-event-{number}")));
        header.insert("event_type".to_owned(), json!(event_type.into()));
        header.insert("app_id".to_owned(), json!("cli_test"));
        header.insert("tenant_key".to_owned(), json!("test-tenant"));
        Self { header, body, message_id: format!("test-message-{number}") }
    }

    /// The event's id. Two with the same id are a repeat.
    pub fn event_id(self, id: impl Into<String>) -> Self {
        self.header("event_id", id.into())
    }

    /// Takes the event's id away, as some callbacks come.
    pub fn without_event_id(mut self) -> Self {
        self.header.remove("event_id");
        self
    }

    /// The id of the message that carries it.
    pub fn carried_by(mut self, message_id: impl Into<String>) -> Self {
        self.message_id = message_id.into();
        self
    }

    /// When the platform made it.
    pub fn created_at(self, time: SystemTime) -> Self {
        let micros = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        self.header("create_time", micros.to_string())
    }

    /// Any member of the header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.header.insert(name.to_owned(), Value::String(value.into()));
        self
    }

    /// The payload as the platform would send it.
    pub fn to_json(&self) -> Value {
        json!({ "schema": "2.0", "header": self.header, "event": self.body })
    }

    fn set(&mut self, pointer: &[&str], value: Value) {
        let mut place = &mut self.body;
        for name in pointer {
            if !place.is_object() {
                *place = json!({});
            }
            let Value::Object(members) = place else { return };
            place = members.entry(*name).or_insert(Value::Null);
        }
        *place = value;
    }
}

impl From<Event> for Received {
    fn from(event: Event) -> Self {
        let trace_id = format!("trace-of-{}", event.message_id);
        let headers = [
            (header_name::MESSAGE_ID.to_owned(), event.message_id.clone()),
            (header_name::TRACE_ID.to_owned(), trace_id),
        ];
        Received::new(event.to_json().to_string(), headers)
    }
}

macro_rules! fixtures {
    ($($name:ident),+) => {$(
        impl $name {
            /// Its id. Two with the same id are a repeat.
            pub fn event_id(self, id: impl Into<String>) -> Self {
                Self(self.0.event_id(id))
            }

            /// When the platform made it.
            pub fn created_at(self, time: SystemTime) -> Self {
                Self(self.0.created_at(time))
            }

            fn with(mut self, pointer: &[&str], value: impl Into<Value>) -> Self {
                self.0.set(pointer, value.into());
                self
            }
        }

        impl From<$name> for Event {
            fn from(fixture: $name) -> Self {
                fixture.0
            }
        }

        impl From<$name> for Received {
            fn from(fixture: $name) -> Self {
                fixture.0.into()
            }
        }
    )+};
}

fixtures!(CardClick, LinkPreview, Message);

/// `card.action.trigger`: a user clicked, chose or submitted something on a card. A button without a value unless more
/// is said.
#[derive(Clone, Debug)]
#[must_use]
pub struct CardClick(Event);

impl CardClick {
    /// A click of a button.
    pub fn new() -> Self {
        let body = json!({
            "operator": { "tenant_key": "test-tenant", "open_id": "ou_test", "union_id": "on_test" },
            "token": "c-test",
            "action": { "tag": "button", "value": {} },
            "host": "im_message",
            "context": { "open_message_id": "om_test", "open_chat_id": "oc_test" },
        });
        Self(Event::new("card.action.trigger", body))
    }

    /// What the card's author gave the element: an object, or a text.
    pub fn value(self, value: impl Into<Value>) -> Self {
        self.with(&["action", "value"], value)
    }

    /// The kind of element, such as `button`, `select_static`, `checker`.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.with(&["action", "tag"], tag.into())
    }

    /// The name of the element.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(&["action", "name"], name.into())
    }

    /// A field of the submitted form.
    pub fn form(self, field: &str, value: impl Into<Value>) -> Self {
        self.with(&["action", "form_value", field], value)
    }

    /// A text field of the submitted form.
    pub fn form_text(self, field: &str, text: impl Into<String>) -> Self {
        self.form(field, text.into())
    }

    /// What was typed into an input outside of a form.
    pub fn input(self, text: impl Into<String>) -> Self {
        self.with(&["action", "input_value"], text.into())
    }

    /// The option that was chosen.
    pub fn option(self, option: impl Into<String>) -> Self {
        self.with(&["action", "option"], option.into())
    }

    /// The state of a checker.
    pub fn checked(self, checked: bool) -> Self {
        self.with(&["action", "checked"], checked)
    }

    /// Who clicked.
    pub fn by(self, open_id: impl Into<String>) -> Self {
        self.with(&["operator", "open_id"], open_id.into())
    }

    /// The chat with the card.
    pub fn in_chat(self, chat_id: impl Into<String>) -> Self {
        self.with(&["context", "open_chat_id"], chat_id.into())
    }

    /// The message with the card.
    pub fn on_message(self, message_id: impl Into<String>) -> Self {
        self.with(&["context", "open_message_id"], message_id.into())
    }

    /// The token of the delayed update.
    pub fn token(self, token: impl Into<String>) -> Self {
        self.with(&["token"], token.into())
    }
}

impl Default for CardClick {
    fn default() -> Self {
        Self::new()
    }
}

/// `url.preview.get`: a link of the app is about to be shown.
#[derive(Clone, Debug)]
#[must_use]
pub struct LinkPreview(Event);

impl LinkPreview {
    /// A preview of a link.
    pub fn of(url: impl Into<String>) -> Self {
        let body = json!({
            "operator": { "tenant_key": "test-tenant", "open_id": "ou_test" },
            "host": "im_message",
            "context": {
                "url": url.into(),
                "preview_token": "preview-test",
                "open_message_id": "om_test",
                "open_chat_id": "oc_test",
            },
        });
        Self(Event::new("url.preview.get", body))
    }

    /// Who sees it.
    pub fn by(self, open_id: impl Into<String>) -> Self {
        self.with(&["operator", "open_id"], open_id.into())
    }

    /// The chat with the link.
    pub fn in_chat(self, chat_id: impl Into<String>) -> Self {
        self.with(&["context", "open_chat_id"], chat_id.into())
    }
}

/// `im.message.receive_v1`: a user wrote to the bot.
#[derive(Clone, Debug)]
#[must_use]
pub struct Message(Event);

impl Message {
    /// A text message in a group.
    pub fn text(text: impl Into<String>) -> Self {
        let body = json!({
            "sender": { "sender_id": { "open_id": "ou_test" }, "sender_type": "user", "tenant_key": "test-tenant" },
            "message": {
                "message_id": "om_test",
                "chat_id": "oc_test",
                "chat_type": "group",
                "message_type": "text",
                "content": json!({ "text": text.into() }).to_string(),
            },
        });
        Self(Event::new("im.message.receive_v1", body))
    }

    /// Who wrote.
    pub fn by(self, open_id: impl Into<String>) -> Self {
        self.with(&["sender", "sender_id", "open_id"], open_id.into())
    }

    /// The chat it was written in.
    pub fn in_chat(self, chat_id: impl Into<String>) -> Self {
        self.with(&["message", "chat_id"], chat_id.into())
    }

    /// Makes it a message to the bot alone.
    pub fn in_private(self) -> Self {
        self.with(&["message", "chat_type"], "p2p")
    }
}
