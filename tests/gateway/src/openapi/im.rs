//! Sending, editing and recalling messages, and updating cards by the id of their message.

use serde_json::{Map, Value, json};
use tokio::time::Duration;

use super::im_read::described;
use super::{Call, Refused, invalid, is_message_id};
use crate::envelope::{CHAT, id};
use crate::journal::Seen;
use crate::message::About;
use crate::messages::Request;
use crate::people::chat_with;
use crate::shared::lock;
use crate::{BotMessage, card};

/// How long a card can be updated ("update message card").
const UPDATE_LIMIT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How often a message can be edited ("edit message").
const EDITS_LIMIT: u32 = 20;
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

/// `PUT /open-apis/im/v1/messages/:message_id`.
pub(super) fn edit(call: &Call<'_>, message_id: &str) -> Result<Value, Refused> {
    is_message_id(message_id)?;
    let body = call.json(230_001)?;
    let msg_type = text(&body, "msg_type")?.to_owned();
    if !matches!(&*msg_type, "text" | "post") {
        return Err(invalid("msg_type is text or post"));
    }
    let content = content(&body, &msg_type)?;
    let mut messages = lock(&call.shared.messages);
    let message = own(call, messages.get(message_id), 230_071)?;
    if !matches!(&*message.msg_type, "text" | "post") {
        return Err(Refused::code(230_054, "this kind of message cannot be edited"));
    }
    if message.about.edits >= EDITS_LIMIT {
        return Err(Refused::code(230_072, "The message has reached the number of times it can be edited."));
    }
    message.about.edits += 1;
    (message.msg_type, message.content) = (msg_type, content);
    let data = described(message, true);
    messages.changed(message_id, "message_update");
    Ok(json!({"code": 0, "msg": "success", "data": data}))
}

/// `DELETE /open-apis/im/v1/messages/:message_id`.
pub(super) fn recall(call: &Call<'_>, message_id: &str) -> Result<Value, Refused> {
    is_message_id(message_id)?;
    let mut messages = lock(&call.shared.messages);
    own(call, messages.get(message_id), 230_026)?.recalled = true;
    messages.changed(message_id, "recall");
    Ok(json!({"code": 0, "msg": "success", "data": {}}))
}

/// A message that the app's bot wrote; `code` is for that of another.
fn own<'a>(
    call: &Call<'_>,
    message: Option<&'a mut BotMessage>,
    code: i64,
) -> Result<&'a mut BotMessage, Refused> {
    let message = message.ok_or_else(|| invalid("there is no such message"))?;
    if message.recalled {
        return Err(Refused::code(230_011, "The message is recalled."));
    }
    if message.app != call.app || message.about.writer.is_some() {
        return Err(Refused::code(code, "The operator is not the sender of the message."));
    }
    Ok(message)
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
    let upload = content.get("file_key").and_then(Value::as_str).and_then(|key| messages.upload(key));
    if msg_type != "media" && upload.is_some_and(|upload| upload.file_type == "mp4") {
        return Err(Refused::code(230_055, "an uploaded mp4 is sent as media"));
    }
    let request = uuid.map(|uuid| Request::new(&call.app, parent_id.is_some(), uuid));
    let before = request.as_ref().and_then(|request| messages.sent_before(request));
    let before = before.map(|message| described(message, true));
    if let Some(data) = before {
        return Ok(json!({"code": 0, "msg": "success", "data": data}));
    }
    let in_topic = body.get("reply_in_thread").and_then(Value::as_bool).unwrap_or_default();
    let mut thread_id = None;
    let (chat_id, is_private) = match parent_id.as_deref().and_then(|parent| messages.get(parent)) {
        Some(parent) => {
            if in_topic && parent.about.thread_id.is_none() {
                parent.about.thread_id = Some(id("omt_"));
            }
            thread_id.clone_from(&parent.about.thread_id);
            (parent.about.chat_id.clone(), parent.about.is_private)
        }
        None => chat_of(call, &receive_id),
    };
    let mut about = About { thread_id, ..About::now(chat_id, is_private) };
    let message_id = id("om_");
    let content = match entity_of(&content) {
        Some(card_id) => {
            let card = messages.send_card(card_id, &call.app, &message_id);
            about.streaming = messages.is_streaming(&message_id);
            let card = card.map_err(|(code, why)| broken_card(format!("ErrCode: {code}; ErrMsg: {why}")))?;
            card::check_tables(&card).map_err(broken_card)?;
            card
        }
        None => content,
    };
    let message = BotMessage::new(&call.app, message_id, &msg_type, content, about);
    let message = BotMessage { receive_id, parent_id, ..message };
    let data = described(&message, true);
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
        card::check_tables(&value).map_err(broken_card)?;
    }
    Ok(value)
}

/// The id of the card entity that a content sends: `{"type":"card","data":{"card_id":…}}`.
fn entity_of(content: &Value) -> Option<&str> {
    let is_entity = content.get("type").and_then(Value::as_str) == Some("card");
    content.pointer("/data/card_id").and_then(Value::as_str).filter(|_| is_entity)
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refused> {
    match body.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(invalid(format!("{name} is missing"))),
    }
}

fn broken_card(msg: impl Into<String>) -> Refused {
    Refused::code(230_099, format!("Failed to create card content: {}", msg.into()))
}
