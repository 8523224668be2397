//! Sending messages, and updating cards by the id of their message.

use serde_json::{Map, Value, json};
use tokio::time::Duration;

use super::{Call, Refused};
use crate::envelope::{CHAT, id};
use crate::journal::Seen;
use crate::message::{About, Mention};
use crate::messages::Request;
use crate::people::chat_with;
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
    messages.changed(message_id, "message_update");
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
    let (chat_id, is_private) = match parent_id.as_deref().and_then(|parent| messages.get(parent)) {
        Some(parent) => (parent.about.chat_id.clone(), parent.about.is_private),
        None => chat_of(call, &receive_id),
    };
    let mut about = About::now(chat_id, is_private);
    let message_id = id("om_");
    let content = match entity_of(&content) {
        Some(card_id) => {
            let card = messages.send_card(card_id, &call.app, &message_id);
            about.streaming = messages.is_streaming(&message_id);
            card.map_err(|(code, why)| broken_card(format!("ErrCode: {code}; ErrMsg: {why}")))?
        }
        None => content,
    };
    let message = BotMessage::new(&call.app, message_id, &msg_type, content, about);
    let message = BotMessage { receive_id, parent_id, ..message };
    let data = described(&message);
    call.shared.journal.add(
        None,
        Seen::Sent {
            message_id: message.message_id.clone(),
            receive_id: message.receive_id.clone(),
            msg_type: message.msg_type.clone(),
        },
    );
    messages.add(message, request);
    Ok(json!({"code": 0, "msg": "success", "data": data}))
}

/// The chat that a message goes to, and whether it is a one-to-one chat.
fn chat_of(call: &Call<'_>, receive_id: &str) -> (String, bool) {
    if receive_id.starts_with("oc_") {
        let app = call.shared.apps.get(&call.app);
        let is_private = app.is_some_and(|app| {
            app.people.iter().any(|person| chat_with(&call.app, &person.open_id) == receive_id)
        });
        return (receive_id.into(), is_private);
    }
    let app = call.shared.apps.get(&call.app);
    let open_id = app.as_ref().and_then(|app| app.person(Some(receive_id))).map(|person| &*person.open_id);
    (chat_with(&call.app, open_id.unwrap_or(receive_id)), true)
}

fn described(message: &BotMessage) -> Value {
    let about = &message.about;
    let sender = match &about.writer {
        Some(writer) => json!({"id": writer.open_id, "id_type": "open_id", "sender_type": "user"}),
        None => json!({"id": &*message.app, "id_type": "app_id", "sender_type": "app"}),
    };
    let mut described = json!({
        "message_id": message.message_id,
        "msg_type": message.msg_type,
        "create_time": about.created_at.to_string(),
        "update_time": about.updated_at.to_string(),
        "deleted": message.recalled,
        "updated": about.version > 1,
        "chat_id": about.chat_id,
        "sender": sender,
    });
    let Some(members) = described.as_object_mut() else { return described };
    // A recalled message has no content any more.
    if !message.recalled {
        members.insert("body".into(), json!({"content": message.content.to_string()}));
    }
    if !about.mentions.is_empty() {
        let mention = |mention: &Mention| json!({"key": mention.key, "id": mention.id, "id_type": "open_id", "name": mention.name});
        let mentions: Vec<Value> = about.mentions.iter().map(mention).collect();
        members.insert("mentions".into(), mentions.into());
    }
    if let Some(parent) = &message.parent_id {
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
    if msg_type == "interactive" && entity_of(&value).is_none() {
        card::check_inline(&value).map_err(broken_card)?;
    }
    Ok(value)
}

/// The id of the card entity that a content sends: `{"type":"card","data":{"card_id":…}}`.
fn entity_of(content: &Value) -> Option<&str> {
    let is_entity = content.get("type").and_then(Value::as_str) == Some("card");
    content.pointer("/data/card_id").and_then(Value::as_str).filter(|_| is_entity)
}

/// The path takes `om_…` only; a thread's id, or the token of a callback, is refused as users reported it.
pub(super) fn is_message_id(id: &str) -> Result<(), Refused> {
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
