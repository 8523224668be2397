//! An event of any type, in either envelope.

use serde_json::{Value, json};

use crate::Outgoing;
use crate::envelope::{
    CHAT, Headers, OPERATOR, Purpose, TENANT, UNION, VERIFICATION_TOKEN, header_setters, id, merge, payload,
};
use crate::event_sample;

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
        let headers = Headers { fresh_id: Some(id("")), ..Headers::new() };
        Self { kind: event_type.into(), body, headers, first_schema: false }
    }

    /// The same event in the envelope of schema 1.0: `uuid`, `ts`, and the type inside of `event`.
    pub fn first_schema(mut self) -> Self {
        self.first_schema = true;
        self
    }

    /// A sample of an event by its type, with every member that is described for it; `None` for a type that has none. The
    /// bodies are made from the description of the events and differ from a real one in their values.
    ///
    /// ```
    /// use feishu_gateway::{Event, json};
    ///
    /// let joined = Event::sample("contact.user.created_v3").map(|it| it.merge(json!({"object": {"name": "Ann"}})));
    /// assert!(joined.is_some() && Event::sample("contact.user.created_v9").is_none());
    /// ```
    pub fn sample(event_type: &str) -> Option<Self> {
        let (first_schema, body) = event_sample::of(event_type)?;
        let event = Self::new(event_type, body.clone());
        Some(if first_schema { event.first_schema() } else { event })
    }

    /// The types that [`sample`](Self::sample) knows, in alphabetical order.
    pub fn sample_types() -> impl Iterator<Item = &'static str> {
        event_sample::types()
    }

    /// A text message to the bot, `im.message.receive_v1`, in a group. Another sender, chat or message is set with
    /// [`merge`](Self::merge).
    ///
    /// ```
    /// use feishu_gateway::{Event, json};
    ///
    /// let private = Event::text_message("hello").merge(json!({"message": {"chat_type": "p2p"}}));
    /// # let _ = private;
    /// ```
    pub fn text_message(text: &str) -> Self {
        let body = json!({
            "sender": {
                "sender_id": {"open_id": OPERATOR, "union_id": UNION},
                "sender_type": "user",
                "tenant_key": TENANT,
            },
            "message": {
                "message_id": id("om_"),
                "chat_id": CHAT,
                "chat_type": "group",
                "message_type": "text",
                "content": json!({"text": text}).to_string(),
            },
        });
        Self::new("im.message.receive_v1", body)
    }

    /// The same event under a new event id, as the platform sometimes pushes a message once more, minutes or hours later.
    /// What the body holds stays, such as `message.message_id`: a bot is to recognise the message by that.
    ///
    /// ```
    /// use feishu_gateway::Event;
    ///
    /// let message = Event::text_message("hello");
    /// let replay = message.replay();
    /// assert_ne!(message.payload(), replay.payload());
    /// ```
    #[must_use]
    pub fn replay(&self) -> Self {
        let fresh = Headers { fresh_id: Some(id("")), ..Headers::new() };
        let headers = Headers {
            number: fresh.number,
            fresh_id: fresh.fresh_id,
            event_id: None,
            ..self.headers.clone()
        };
        Self { headers, ..self.clone() }
    }

    /// Merges JSON into the body: objects are merged, everything else replaces.
    pub fn merge(mut self, patch: Value) -> Self {
        merge(&mut self.body, patch);
        self
    }

    header_setters!();

    fn fixture(&self) -> String {
        self.make(Purpose::Fixture)
    }

    pub(crate) fn label(&self) -> &str {
        &self.kind
    }

    pub(crate) fn make(&self, purpose: Purpose<'_>) -> String {
        if !self.first_schema {
            let header = self.headers.json(&self.kind, purpose);
            return json!({"schema": "2.0", "header": header, "event": self.body}).to_string();
        }
        let mut event = json!({"type": self.kind, "app_id": self.headers.app(purpose), "tenant_key": TENANT});
        merge(&mut event, self.body.clone());
        let mut envelope = json!({
            "token": VERIFICATION_TOKEN,
            "type": "event_callback",
            "event": event,
        });
        if let Some(time) = self.headers.time(purpose) {
            merge(&mut envelope, json!({"ts": format!("{:.6}", time.as_secs_f64())}));
        }
        if !self.headers.without_event_id {
            let id = self.headers.id(purpose);
            merge(&mut envelope, json!({"uuid": id}));
        }
        merge(&mut envelope, self.headers.more.clone().into());
        envelope.to_string()
    }
}

payload!(Event);

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self::from_event(event)
    }
}
