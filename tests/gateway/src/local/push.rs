//! `POST /local/preview`, `/event`, `/raw`, and the replay of a delivery.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::outcome::{outcome, send, wait};
use super::read::number;
use super::schema::Wrong;
use super::{Failed, typed};
use crate::apps::App;
use crate::outgoing::Content;
use crate::peer::ConnectionId;
use crate::record::Asked;
use crate::shared::Shared;
use crate::{Event, Outgoing, Preview, ladder};

/// The app that a request names, or the first one.
pub(super) fn app(shared: &Shared, id: Option<&str>) -> Result<Arc<App>, Wrong> {
    match id {
        None => shared.apps.first().ok_or_else(|| Wrong::new("app_id", "there is no app")),
        Some(id) => shared.apps.get(id).ok_or_else(|| {
            let apps: Vec<String> = shared.apps.all().iter().map(|app| app.id.to_string()).collect();
            Wrong::new("app_id", format!("there is no app {id:?}; there are {}", apps.join(", ")))
        }),
    }
}

/// `operator` of a callback: who acts, with the ids that the app may see.
pub(super) fn operator(app: &App, user: Option<&str>) -> Result<Map<String, Value>, Wrong> {
    let person = app.person(user).ok_or_else(|| {
        let keys: Vec<&str> = app.people.iter().map(|person| &*person.key).collect();
        Wrong::new("user", format!("there is no such person; there are {}", keys.join(", ")))
    })?;
    let mut operator = app.ids(person);
    operator.insert("tenant_key".into(), crate::envelope::TENANT.into());
    Ok(operator)
}

pub(super) fn to(outgoing: Outgoing, connection: Option<u64>) -> Outgoing {
    match connection {
        Some(id) => outgoing.to(ConnectionId(id)),
        None => outgoing,
    }
}

#[derive(Deserialize)]
struct PreviewRequest {
    app_id: Option<String>,
    connection: Option<u64>,
    wait_ms: Option<u64>,
    event_id: Option<String>,
    url: String,
    #[serde(default)]
    before_sending: bool,
    message_id: Option<String>,
    chat_id: Option<String>,
    user: Option<String>,
    host: Option<String>,
}

pub(super) async fn preview(shared: &Arc<Shared>, body: Value) -> Result<Value, Failed> {
    let request: PreviewRequest = typed(&body)?;
    let app = app(shared, request.app_id.as_deref())?;
    let mut preview = Preview::new(&request.url);
    for (value, set) in [
        (&request.message_id, Preview::message as fn(Preview, &str) -> Preview),
        (&request.chat_id, Preview::chat),
        (&request.host, Preview::host),
        (&request.event_id, Preview::event_id),
    ] {
        if let Some(value) = value {
            preview = set(preview, value);
        }
    }
    if request.before_sending {
        preview = preview.before_sending();
    }
    let operator = operator(&app, request.user.as_deref())?;
    let preview = preview.by(operator);
    let outgoing = wait(Outgoing::from(preview).app(&app.id), request.wait_ms);
    let mut outgoing = to(outgoing, request.connection);
    outgoing.asked = Some(Box::new(Asked { path: "/local/preview", body }));
    outcome(shared, send(shared, outgoing).await?)
}

#[derive(Deserialize)]
struct EventRequest {
    app_id: Option<String>,
    connection: Option<u64>,
    wait_ms: Option<u64>,
    event_id: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    event: Option<Value>,
    schema: Option<String>,
    #[serde(default)]
    sample: bool,
    repeat: Option<bool>,
}

pub(super) async fn event(shared: &Arc<Shared>, body: Value) -> Result<Value, Failed> {
    let request: EventRequest = typed(&body)?;
    let app = app(shared, request.app_id.as_deref())?;
    let given = request.event.unwrap_or_else(|| json!({}));
    let mut event = if request.sample {
        let kind = &request.kind;
        let why =
            || Wrong::new("type", format!("{kind:?} has no sample; GET /local/events lists those that have"));
        Event::sample(kind).ok_or_else(why)?.merge(given)
    } else {
        Event::new(&request.kind, given)
    };
    if request.schema.as_deref() == Some("1.0") {
        event = event.first_schema();
    }
    if let Some(id) = &request.event_id {
        event = event.event_id(id);
    }
    let outgoing = to(wait(Outgoing::from(event).app(&app.id), request.wait_ms), request.connection);
    let asked = Asked { path: "/local/event", body };
    send_event(shared, outgoing, asked, request.repeat.unwrap_or(true)).await
}

/// Pushes an event; while it fails it is pushed again on the ladder.
pub(super) async fn send_event(
    shared: &Arc<Shared>,
    mut outgoing: Outgoing,
    asked: Asked,
    repeat: bool,
) -> Result<Value, Failed> {
    outgoing.asked = Some(Box::new(asked));
    let again = repeat.then(|| outgoing.clone());
    let id = send(shared, outgoing).await?;
    if let Some(again) = again {
        ladder::climb(shared, id, again);
    }
    outcome(shared, id)
}

#[derive(Deserialize)]
struct RawRequest {
    app_id: Option<String>,
    connection: Option<u64>,
    wait_ms: Option<u64>,
    payload: Value,
    kind: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    message_id: Option<String>,
    fragments: Option<usize>,
    order: Option<Vec<usize>>,
    copies: Option<usize>,
    seq_id: Option<String>,
    log_id: Option<String>,
}

/// The most fragments, and the most copies, that a request may ask for.
const FRAMES_LIMIT: usize = 100;

/// A number of fragments or copies, 1 by default.
pub(super) fn count(name: &str, count: Option<usize>) -> Result<usize, Wrong> {
    match count.unwrap_or(1) {
        count @ 1..=FRAMES_LIMIT => Ok(count),
        count => Err(Wrong::new(name, format!("is {count}, not 1 to {FRAMES_LIMIT}"))),
    }
}

pub(super) async fn raw(shared: &Arc<Shared>, body: Value) -> Result<Value, Failed> {
    let request: RawRequest = typed(&body)?;
    let app = app(shared, request.app_id.as_deref())?;
    let payload = match &request.payload {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let mut outgoing = Outgoing::event(payload).app(&app.id);
    if let Some(kind) = &request.kind {
        outgoing = outgoing.kind(kind);
    }
    if let Some(id) = &request.message_id {
        outgoing = outgoing.message_id(id);
    }
    for (name, value) in &request.headers {
        outgoing = match value {
            Value::Null => outgoing.without_header(name),
            Value::String(text) => outgoing.set_header(name, text),
            other => outgoing.set_header(name, &other.to_string()),
        };
    }
    for (name, text) in [("seq_id", &request.seq_id), ("log_id", &request.log_id)] {
        let Some(text) = text else { continue };
        let wrong = || Wrong::new(name, format!("{text:?} is not a number of 64 bits without sign"));
        let number = text.parse().map_err(|_| wrong())?;
        outgoing = if name == "seq_id" { outgoing.seq_id(number) } else { outgoing.log_id(number) };
    }
    outgoing = outgoing.fragments(count("fragments", request.fragments)?);
    let copies = count("copies", request.copies)?;
    if let Some(order) = request.order {
        outgoing = outgoing.order(order.into_iter().take(FRAMES_LIMIT * 10));
    }
    if copies > 1 {
        outgoing = outgoing.copies(copies);
    }
    let mut outgoing = to(wait(outgoing, request.wait_ms), request.connection);
    outgoing.asked = Some(Box::new(Asked { path: "/local/raw", body }));
    outcome(shared, send(shared, outgoing).await?)
}

#[derive(Deserialize)]
struct ReplayRequest {
    #[serde(default)]
    same_event_id: bool,
    wait_ms: Option<u64>,
}

pub(super) async fn replay(shared: &Arc<Shared>, id: &str, body: Value) -> Result<Value, Failed> {
    let request: ReplayRequest = typed(&body)?;
    let id = number(id)?;
    let read = shared.journal.record().and_then(|record| {
        record.delivery(id, |it| (it.outgoing.clone(), it.payload.clone(), Arc::clone(&it.row.app_id)))
    });
    let (mut outgoing, payload, app_id) =
        read.ok_or_else(|| Failed::NotFound(format!("there is no delivery {id}, or it was forgotten")))?;
    if request.same_event_id {
        outgoing.content = Content::Payload(payload);
    } else if let Content::Event(event) = &mut outgoing.content {
        **event = event.replay();
    }
    // A new frame, on any connection.
    (outgoing.message_id, outgoing.connection, outgoing.attempt) = (None, None, None);
    outgoing.app.get_or_insert_with(|| app_id.as_ref().into());
    outcome(shared, send(shared, wait(outgoing, request.wait_ms)).await?)
}
