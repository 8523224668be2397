//! An event of any type, in either envelope.

use serde_json::{Value, json};

use crate::Outgoing;
use crate::envelope::{Headers, TENANT, VERIFICATION_TOKEN, id, merge, since_epoch};

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

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self::from_event(event)
    }
}
