//! Link previews and events, and what all pushes share.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::inflight::InFlight;
use crate::outgoing::Outgoing;
use crate::{Answered, ConnectionId, Error, ErrorKind};

pub(crate) const CHAT: &str = "oc_1dc6a8a4f19be37fb0c6e92b5a7d40a1";
const OPERATOR: &str = "ou_5f0c1e8b9a7d46c3b2e1f0a9d8c7b6a5";
const UNION: &str = "on_8d1a5c7e3b9f42608f6e2d4c1b0a9988";
const TENANT: &str = "1a2b3c4d5e6f7081";
const VERIFICATION_TOKEN: &str = "local-verification-token";

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

/// An event of any type.
#[derive(Clone, Debug)]
pub struct Event {
    kind: String,
    body: Value,
    headers: Headers,
    first_schema: bool,
}

impl Event {
    /// An event of schema 2.0: `header.event_type` and the body under `event`.
    pub fn new(event_type: &str, body: Value) -> Self {
        let headers = Headers { event_id: Some(id("")) };
        Self { kind: event_type.into(), body, headers, first_schema: false }
    }

    /// The same event in the envelope of schema 1.0: `uuid`, `ts`, and the type inside of `event`.
    pub fn first_schema(mut self) -> Self {
        self.first_schema = true;
        self
    }

    /// `header.event_id` or `uuid`; the same over all deliveries of one event. A new one by default.
    pub fn event_id(mut self, id: &str) -> Self {
        self.headers.event_id = Some(id.into());
        self
    }

    pub(crate) fn label(&self) -> &str {
        &self.kind
    }

    pub(crate) fn payload(&self, app_id: &str) -> Vec<u8> {
        if !self.first_schema {
            let header = self.headers.json(&self.kind, app_id);
            return json!({"schema": "2.0", "header": header, "event": self.body}).to_string().into_bytes();
        }
        let mut event = json!({"type": self.kind, "app_id": app_id, "tenant_key": TENANT});
        merge(&mut event, &self.body);
        json!({
            "ts": format!("{:.6}", since_epoch().as_secs_f64()),
            "uuid": self.headers.event_id,
            "token": VERIFICATION_TOKEN,
            "type": "event_callback",
            "event": event,
        })
        .to_string()
        .into_bytes()
    }
}

/// A push that went out. Its answer can be waited for, or left to the log.
#[derive(Debug)]
pub struct Sent {
    pub(crate) push: Arc<InFlight>,
    pub(crate) answer: oneshot::Receiver<Answered>,
    pub(crate) deadline: Instant,
}

impl Sent {
    /// Header `message_id` of the push.
    pub fn message_id(&self) -> &str {
        &self.push.message_id
    }

    /// The connection that it went to.
    pub fn connection(&self) -> ConnectionId {
        self.push.connection
    }

    /// The token for a delayed card update, if this is a click.
    pub fn card_token(&self) -> Option<&str> {
        self.push.card_token.as_deref()
    }

    /// The message that holds the card, if this is a click.
    pub fn card_message(&self) -> Option<&str> {
        self.push.card_message.as_deref()
    }

    /// Waits for the first answer, for 3 s from the push unless another limit was set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoAnswer`] when none came.
    pub async fn answer(self) -> Result<Answered, Error> {
        let Self { push, answer, deadline } = self;
        // The inner error: the gateway forgot the push, and no answer can follow.
        if let Ok(Ok(answer)) = tokio::time::timeout_at(deadline, answer).await {
            return Ok(answer);
        }
        let text = format!("no answer to {} (message {}) in time", push.label, push.message_id);
        Err(Error::new(ErrorKind::NoAnswer, text))
    }
}

/// What varies in `header` of the envelope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    pub(crate) event_id: Option<String>,
}

impl Headers {
    pub(crate) fn json(&self, event_type: &str, app_id: &str) -> Value {
        json!({
            "event_id": self.event_id.clone().unwrap_or_else(|| id("")),
            "event_type": event_type,
            "create_time": since_epoch().as_micros().to_string(),
            "token": VERIFICATION_TOKEN,
            "app_id": app_id,
            "tenant_key": TENANT,
        })
    }
}

impl From<Preview> for Outgoing {
    fn from(preview: Preview) -> Self {
        Self::preview(preview)
    }
}

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self::from_event(event)
    }
}

pub(crate) fn operator() -> Map<String, Value> {
    let mut operator = Map::new();
    for (name, value) in [("tenant_key", TENANT), ("open_id", OPERATOR), ("union_id", UNION)] {
        operator.insert(name.into(), value.into());
    }
    operator
}

/// Merges as RFC 7396 does, but a null in the patch stays a null: callbacks with nulls are what one wants to make.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// A random id of 32 hex digits after a prefix.
pub(crate) fn id(prefix: &str) -> String {
    format!("{prefix}{:032x}", fastrand::u128(..))
}

pub(crate) fn uuid() -> String {
    let bits = fastrand::u128(..);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xfff,
        (bits >> 48) & 0xfff,
        bits & 0xffff_ffff_ffff
    )
}

pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
