//! Reading messages: one with what it forwards, and those of a chat or topic.

use serde_json::{Value, json};

use super::{Call, Refused, invalid, is_message_id};
use crate::message::Mention;
use crate::shared::lock;
use crate::{BotMessage, card};

/// Most messages of a page ("get chat history").
const PAGE_LIMIT: usize = 50;

/// `GET /open-apis/im/v1/messages/:message_id`. Of a merged forward also the messages in it.
pub(super) fn get(call: &Call<'_>, message_id: &str) -> Result<Value, Refused> {
    is_message_id(message_id)?;
    let whole = is_whole(call);
    let mut messages = lock(&call.shared.messages);
    let message = messages
        .get(message_id)
        .ok_or_else(|| invalid(format!("there is no message {message_id:?}")))?
        .clone();
    let mut items = vec![described(&message, whole)];
    for id in message.forwarded() {
        let Some(inside) = messages.get(&id) else { continue };
        let mut inside = described(inside, whole);
        if let Some(members) = inside.as_object_mut() {
            members.insert("upper_message_id".into(), message_id.into());
        }
        items.push(inside);
    }
    Ok(json!({"code": 0, "msg": "success", "data": {"items": items}}))
}

/// `GET /open-apis/im/v1/messages`.
pub(super) fn list(call: &Call<'_>) -> Result<Value, Refused> {
    let id = call.query("container_id").unwrap_or_default();
    let is_topic = match (call.query("container_id_type"), id.is_empty()) {
        (Some("chat"), false) => false,
        (Some("thread"), false) => true,
        _ => return Err(invalid("container_id_type is chat or thread, with a container_id")),
    };
    let number = |name: &str| -> Result<Option<usize>, Refused> {
        let Some(text) = call.query(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| invalid(format!("{name} is not a number")))
    };
    let size = number("page_size")?.unwrap_or(20);
    if !(1..=PAGE_LIMIT).contains(&size) {
        return Err(invalid(format!("page_size is {size}, not 1 to {PAGE_LIMIT}")));
    }
    let (start, end) = (number("start_time")?, number("end_time")?);
    if is_topic && (start.is_some() || end.is_some()) {
        return Err(invalid("a topic has no start_time and end_time"));
    }
    let begin = call.query("page_token").map_or(Some(0), |token| token.strip_prefix("page-")?.parse().ok());
    let begin: usize = begin.ok_or_else(|| invalid("page_token is not one of the platform's"))?;
    let is_in = |message: &BotMessage| {
        let seconds = usize::try_from(message.about.created_at / 1000).unwrap_or(usize::MAX);
        let is_there = match (is_topic, &message.about.thread_id) {
            (true, thread) => thread.as_deref() == Some(id),
            // Of a topic the chat has the first message only.
            (false, thread) => {
                message.about.chat_id == id && (thread.is_none() || message.parent_id.is_none())
            }
        };
        is_there && start.is_none_or(|start| seconds >= start) && end.is_none_or(|end| seconds <= end)
    };
    let mut found: Vec<BotMessage> = lock(&call.shared.messages).all();
    found.retain(is_in);
    if call.query("sort_type") == Some("ByCreateTimeDesc") {
        found.reverse();
    }
    let whole = is_whole(call);
    let items: Vec<Value> =
        found.iter().skip(begin).take(size).map(|message| described(message, whole)).collect();
    let next = begin + items.len();
    let has_more = next < found.len();
    let mut data = json!({"has_more": has_more, "items": items});
    if let Some(members) = data.as_object_mut().filter(|_| has_more) {
        members.insert("page_token".into(), format!("page-{next}").into());
    }
    Ok(json!({"code": 0, "msg": "success", "data": data}))
}

fn is_whole(call: &Call<'_>) -> bool {
    call.query("card_msg_content_type") == Some("user_card_content")
}

/// A message as calls answer it. A card is reduced unless it is asked for as a whole.
pub(super) fn described(message: &BotMessage, whole: bool) -> Value {
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
        members.insert("body".into(), json!({"content": content(message, whole)}));
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
    if let Some(thread) = &about.thread_id {
        members.insert("thread_id".into(), thread.as_str().into());
    }
    described
}

fn content(message: &BotMessage, whole: bool) -> String {
    match &*message.msg_type {
        "merge_forward" => "Merged and Forwarded Message".into(),
        "interactive" if !whole => card::reduced(&message.content).to_string(),
        _ => message.content.to_string(),
    }
}
