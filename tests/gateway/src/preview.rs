//! A client's wish for the preview of a link.

use serde_json::{Map, Value, json};

use crate::Outgoing;
use crate::envelope::{CHAT, Headers, id, merge, operator, uuid};

/// A request for the preview of a link, as `url.preview.get` describes it. Made from a URL.
#[derive(Clone, Debug)]
pub struct Preview {
    context: Map<String, Value>,
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
        context.insert("preview_token".into(), uuid().into());
        context.insert("open_message_id".into(), id("om_").into());
        context.insert("open_chat_id".into(), CHAT.into());
        Self {
            context,
            operator: operator(),
            host: "im_message".into(),
            headers: Headers::default(),
            patch: None,
        }
    }

    /// A link in the input box, before sending: without token, and with empty ids of message and chat.
    pub fn before_sending(mut self) -> Self {
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

    /// Merges JSON into `event` at the very end.
    pub fn merge(mut self, patch: Value) -> Self {
        self.patch = Some(patch);
        self
    }

    pub(crate) fn payload(&self, app_id: &str) -> (Vec<u8>, Option<String>) {
        let mut event = json!({"operator": self.operator, "host": self.host, "context": self.context});
        if let Some(patch) = &self.patch {
            merge(&mut event, patch);
        }
        let token = event.pointer("/context/preview_token").and_then(Value::as_str).map(str::to_owned);
        let header = self.headers.json("url.preview.get", app_id);
        (json!({"schema": "2.0", "header": header, "event": event}).to_string().into_bytes(), token)
    }
}

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
