//! A request for the preview of a link.

use serde_json::{Map, Value, json};

use crate::Outgoing;
use crate::envelope::{CHAT, Headers, Purpose, header_setters, id, merge, operator, payload, uuid};

/// A request for the preview of a link, as `url.preview.get` describes it. Made from a URL.
#[derive(Clone, Debug)]
pub struct Preview {
    context: Map<String, Value>,
    /// The preview token and the message of a push that was given none.
    fresh: (String, String),
    sent: bool,
    operator: Map<String, Value>,
    host: String,
    headers: Headers,
    patch: Option<Value>,
}

impl Preview {
    /// A link in a message that was sent.
    pub fn new(url: &str) -> Self {
        let mut context = Map::new();
        context.insert("url".into(), url.into());
        context.insert("open_chat_id".into(), CHAT.into());
        Self {
            context,
            fresh: (uuid(), id("om_")),
            sent: true,
            operator: operator(),
            host: "im_message".into(),
            headers: Headers::new(),
            patch: None,
        }
    }

    /// A link in the input box, before sending: without token, and with empty ids of message and chat.
    pub fn before_sending(mut self) -> Self {
        self.sent = false;
        self.context.remove("preview_token");
        self.context.insert("open_message_id".into(), "".into());
        self.context.insert("open_chat_id".into(), "".into());
        self
    }

    /// `operator.open_id`: who looks.
    pub fn operator(mut self, open_id: &str) -> Self {
        self.operator.insert("open_id".into(), open_id.into());
        self
    }

    /// `context.open_message_id`: the message with the link.
    pub fn message(mut self, open_message_id: &str) -> Self {
        self.context.insert("open_message_id".into(), open_message_id.into());
        self
    }

    /// `context.open_chat_id`: the chat.
    pub fn chat(mut self, open_chat_id: &str) -> Self {
        self.context.insert("open_chat_id".into(), open_chat_id.into());
        self
    }

    /// `host`: `im_message` by default, or `im_top_notice`.
    pub fn host(mut self, host: &str) -> Self {
        self.host = host.into();
        self
    }

    /// `context.preview_token`, for a link that is asked for again.
    pub fn token(mut self, token: &str) -> Self {
        self.context.insert("preview_token".into(), token.into());
        self
    }

    /// Who acts, with all ids.
    pub(crate) fn by(mut self, operator: Map<String, Value>) -> Self {
        self.operator = operator;
        self
    }

    /// Merges JSON into `event` at the very end.
    pub fn merge(mut self, patch: Value) -> Self {
        self.patch = Some(patch);
        self
    }

    header_setters!();

    fn fixture(&self) -> String {
        self.make(Purpose::Fixture).0
    }

    /// The payload, and the preview token in it.
    pub(crate) fn make(&self, purpose: Purpose<'_>) -> (String, Option<String>) {
        let mut context = self.context.clone();
        if self.sent {
            let (token, message) = &self.fresh;
            context.entry("preview_token").or_insert_with(|| purpose.id("preview-", || token.clone()).into());
            context.entry("open_message_id").or_insert_with(|| purpose.id("om_", || message.clone()).into());
        }
        let mut event = json!({"operator": self.operator, "host": self.host, "context": context});
        if let Some(patch) = &self.patch {
            merge(&mut event, patch.clone());
        }
        let token = event.pointer("/context/preview_token").and_then(Value::as_str).map(str::to_owned);
        let header = self.headers.json("url.preview.get", purpose);
        (json!({"schema": "2.0", "header": header, "event": event}).to_string(), token)
    }
}

payload!(Preview);

impl From<&str> for Preview {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<Preview> for Outgoing {
    fn from(preview: Preview) -> Self {
        Self::preview(preview)
    }
}
