//! Sending messages, and updating cards by the id of their message.

use serde_json::{Map, Value, json};
use tokio::time::{Duration, Instant};

use super::{Call, Refused};
use crate::envelope::{CHAT, id, since_epoch};
use crate::messages::Request;
use crate::shared::lock;
use crate::{BotMessage, card};

/// How long a card can be updated ("update message card").
const UPDATE_LIMIT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Largest content of a message that is not a card, in bytes ("send message").
const TEXT_LIMIT: usize = 150 * 1024;

/// `POST /open-apis/im/v1/messages`.
pub(super) fn send(call: &Call<'_>) -> Result<Value, Refused> {
    match call.query("receive_id_type") {
        Some("open_id" | "user_id" | "union_id" | "email" | "chat_id") => {}
        other => return Err(invalid(format!("receive_id_type is {}", other.unwrap_or("missing")))),
    }
    let body = call.json(230_001)?;
    let receive_id = text(&body, "receive_id")?.to_owned();
    post(call, &body, receive_id, None)
}

/// `POST /open-apis/im/v1/messages/:message_id/reply`.
pub(super) fn reply(call: &Call<'_>, parent: &str) -> Result<Value, Refused> {
    is_message_id(parent)?;
    let body = call.json(230_001)?;
    {
        let mut messages = lock(&call.shared.messages);
        if messages.get(parent).is_some_and(|message| message.recalled) {
            return Err(Refused::code(230_011, "the message was recalled"));
        }
    }
    // It may go to a message that a user wrote, of which the gateway knows nothing.
    post(call, &body, CHAT.into(), Some(parent.into()))
}

/// `PATCH /open-apis/im/v1/messages/:message_id`.
pub(super) fn patch(call: &Call<'_>, message_id: &str) -> Result<Value, Refused> {
    is_message_id(message_id)?;
    let body = call.json(230_001)?;
    let card = content(&body, "interactive")?;
    let mut messages = lock(&call.shared.messages);
    let message =
        messages.get(message_id).ok_or_else(|| invalid(format!("there is no message {message_id:?}")))?;
    if message.recalled {
        return Err(Refused::code(230_011, "the message was recalled"));
    }
    if message.app != call.app || message.msg_type != "interactive" {
        return Err(Refused::code(230_027, "the message is not a card of this app"));
    }
    if message.sent_at.elapsed() > UPDATE_LIMIT {
        return Err(Refused::code(230_031, "the card was sent more than 14 days ago"));
    }
    if card::is_exclusive(&card) || card::is_exclusive(&message.content) {
        return Err(broken_card("update_multi must be true before and after"));
    }
    if card::is_v2(&message.content) && !card::is_v2(&card) && card.get("type").is_none() {
        return Err(broken_card("a card of JSON 2.0 cannot become one of JSON 1.0"));
    }
    message.content = card;
    Ok(json!({"code": 0, "msg": "success", "data": {}}))
}

/// `GET /open-apis/im/v1/messages/:message_id`.
pub(super) fn get(call: &Call<'_>, message_id: &str) -> Result<Value, Refused> {
    is_message_id(message_id)?;
    let mut messages = lock(&call.shared.messages);
    let message =
        messages.get(message_id).ok_or_else(|| invalid(format!("there is no message {message_id:?}")))?;
    Ok(json!({"code": 0, "msg": "success", "data": {"items": [described(message)]}}))
}

fn post(
    call: &Call<'_>,
    body: &Map<String, Value>,
    receive_id: String,
    parent_id: Option<String>,
) -> Result<Value, Refused> {
    let msg_type = text(body, "msg_type")?.to_owned();
    let content = content(body, &msg_type)?;
    let uuid = body.get("uuid").and_then(Value::as_str).filter(|uuid| !uuid.is_empty());
    if uuid.is_some_and(|uuid| uuid.len() > 50) {
        return Err(invalid("uuid has more than 50 characters"));
    }
    let mut messages = lock(&call.shared.messages);
    let request = uuid.map(|uuid| Request::new(&call.app, parent_id.is_some(), uuid));
    let before = request.as_ref().and_then(|request| messages.sent_before(request));
    let before = before.map(|message| described(message));
    if let Some(data) = before {
        return Ok(json!({"code": 0, "msg": "success", "data": data}));
    }
    let message = BotMessage {
        message_id: id("om_"),
        receive_id,
        msg_type,
        content,
        parent_id,
        recalled: false,
        app: call.app.clone(),
        sent_at: Instant::now(),
    };
    let data = described(&message);
    messages.add(message, request);
    Ok(json!({"code": 0, "msg": "success", "data": data}))
}

fn described(message: &BotMessage) -> Value {
    let now = since_epoch().as_millis().to_string();
    let mut described = json!({
        "message_id": message.message_id,
        "msg_type": message.msg_type,
        "create_time": now,
        "update_time": now,
        "deleted": message.recalled,
        "updated": false,
        "chat_id": CHAT,
        "sender": {"id": &*message.app, "id_type": "app_id", "sender_type": "app"},
        "body": {"content": message.content.to_string()},
    });
    if let (Some(parent), Some(members)) = (&message.parent_id, described.as_object_mut()) {
        members.insert("parent_id".into(), parent.as_str().into());
        members.insert("root_id".into(), parent.as_str().into());
    }
    described
}

/// `content`, which is JSON in a string, checked for its message type.
fn content(body: &Map<String, Value>, msg_type: &str) -> Result<Value, Refused> {
    let content = match body.get("content") {
        Some(Value::String(content)) => content,
        Some(_) => return Err(invalid("content is not a string; it must be JSON in a string")),
        None => return Err(invalid("content is missing")),
    };
    if content.len() > TEXT_LIMIT {
        return Err(Refused::code(230_025, "the content is longer than 150 KB"));
    }
    let value: Value =
        serde_json::from_str(content).map_err(|error| invalid(format!("content is not JSON: {error}")))?;
    if msg_type == "interactive" {
        card::check_inline(&value).map_err(broken_card)?;
    }
    Ok(value)
}

/// The path takes `om_…` only; a thread's id, or the token of a callback, is refused as users reported it.
fn is_message_id(id: &str) -> Result<(), Refused> {
    if id.starts_with("om_") {
        return Ok(());
    }
    Err(Refused::code(99_992_354, format!("{id:?} is not a valid message_id: the path takes om_…")))
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refused> {
    match body.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(invalid(format!("{name} is missing"))),
    }
}

fn invalid(msg: impl Into<String>) -> Refused {
    Refused::code(230_001, msg)
}

fn broken_card(msg: impl Into<String>) -> Refused {
    Refused::code(230_099, format!("Failed to create card content: {}", msg.into()))
}
