//! `POST /local/message`, `/card` and the recall of a message.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::outcome::wait;
use super::push::{self, send_event, to};
use super::read;
use super::schema::Wrong;
use super::{Failed, typed};
use crate::apps::App;
use crate::envelope::{CHAT, TENANT, id, merge};
use crate::message::{About, Mention, Writer};
use crate::people::{Person, chat_with};
use crate::record::Asked;
use crate::shared::{Shared, lock};
use crate::{BotMessage, Event, Outgoing, card};

/// What a merged forward says. Its messages are read with the call for one message.
const FORWARD: &str = "Merged and Forwarded Message";

#[derive(Deserialize)]
struct MessageRequest {
    app_id: Option<String>,
    connection: Option<u64>,
    wait_ms: Option<u64>,
    event_id: Option<String>,
    text: Option<String>,
    msg_type: Option<String>,
    content: Option<Value>,
    chat_id: Option<String>,
    user: Option<String>,
    parent_id: Option<String>,
    thread_id: Option<String>,
    message_id: Option<String>,
    repeat: Option<bool>,
}

pub(super) async fn message(shared: &Arc<Shared>, body: Value) -> Result<Value, Failed> {
    let request: MessageRequest = typed(&body)?;
    let app = push::app(shared, request.app_id.as_deref())?;
    let operator = push::operator(&app, request.user.as_deref())?;
    let person =
        app.person(request.user.as_deref()).ok_or_else(|| Wrong::new("user", "there is no such person"))?;
    let (content, mentions) = match (&request.text, &request.content) {
        (Some(_), Some(_)) => return Err(Wrong::new("content", "text and content exclude each other").into()),
        (None, None) => return Err(Wrong::new("text", "is missing: text or content is needed").into()),
        (Some(text), None) => {
            let (text, mentions) = mentioned(&app, text);
            (json!({"text": text}), mentions)
        }
        (None, Some(content)) => (content.clone(), Vec::new()),
    };
    let default_kind = if request.text.is_some() { "text" } else { "post" };
    let kind = request.msg_type.as_deref().unwrap_or(default_kind);
    let (chat_id, is_private) = chat(&app, person, request.chat_id.as_deref());
    let message_id = request.message_id.clone().unwrap_or_else(|| id("om_"));
    if !message_id.starts_with("om_") {
        return Err(Wrong::new("message_id", "begins with om_").into());
    }
    let writer = Writer { open_id: person.open_id.clone(), name: person.name.en.clone() };
    let about = About {
        writer: Some(writer),
        mentions: mentions.clone(),
        thread_id: request.thread_id.clone(),
        ..About::now(chat_id.clone(), is_private)
    };
    let created_at = about.created_at.to_string();
    let mut message = BotMessage::new(&app.id, message_id.clone(), kind, content.clone(), about);
    message.parent_id.clone_from(&request.parent_id);
    lock(&shared.messages).add(message, None);

    let mut described = json!({
        "message_id": message_id,
        "create_time": created_at,
        "update_time": created_at,
        "chat_id": chat_id,
        "chat_type": if is_private { "p2p" } else { "group" },
        "message_type": kind,
        // Of a forward an event has these words, which are no JSON, as users saw it.
        "content": if kind == "merge_forward" { FORWARD.to_owned() } else { content.to_string() },
    });
    if let Some(parent) = &request.parent_id {
        merge(&mut described, json!({"parent_id": parent, "root_id": parent}));
    }
    if let Some(thread) = &request.thread_id {
        merge(&mut described, json!({"thread_id": thread}));
    }
    if !mentions.is_empty() {
        let mentions: Vec<Value> = mentions.iter().map(|mention| mention_json(&app, mention)).collect();
        merge(&mut described, json!({"mentions": mentions}));
    }
    let mut sender_id: Map<String, Value> = operator;
    sender_id.remove("tenant_key");
    let sender = json!({"sender_id": sender_id, "sender_type": "user", "tenant_key": TENANT});
    let mut event = Event::new("im.message.receive_v1", json!({"sender": sender, "message": described}));
    if let Some(id) = &request.event_id {
        event = event.event_id(id);
    }
    let outgoing = to(wait(Outgoing::from(event).app(&app.id), request.wait_ms), request.connection);
    let asked = Asked { path: "/local/message", body };
    send_event(shared, outgoing, asked, request.repeat.unwrap_or(true)).await
}

/// The chat of a request, and whether it is the one-to-one chat with a person.
fn chat(app: &App, person: &Person, wanted: Option<&str>) -> (String, bool) {
    let Some(wanted) = wanted else { return (chat_with(&app.id, &person.open_id), true) };
    let is_private = app.people.iter().any(|it| chat_with(&app.id, &it.open_id) == wanted);
    (wanted.into(), is_private)
}

/// Puts keys in the place of names behind an `@`; a name that is mentioned twice has one key.
fn mentioned(app: &App, text: &str) -> (String, Vec<Mention>) {
    let bot = crate::openapi::bot_open_id(&app.id);
    let mut mentions: Vec<Mention> = Vec::new();
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, behind) = rest.split_at(at);
        result.push_str(before);
        let behind = behind.trim_start_matches('@');
        let of_person =
            app.people.iter().filter_map(|it| Some((it.is_named(behind)?, &it.open_id, &it.name.en, false)));
        let of_bot = ["bot", "Bot", &app.name].into_iter().filter(|name| behind.starts_with(name));
        let of_bot = of_bot.map(|name| (name.len(), &bot, &app.name, true));
        // The longest name wins: Ana Torres before Ana.
        let Some((length, open_id, name, is_bot)) =
            of_person.chain(of_bot).max_by_key(|(length, ..)| *length)
        else {
            result.push('@');
            rest = behind;
            continue;
        };
        let known = mentions.iter().position(|mention| mention.id == *open_id);
        let index = known.unwrap_or(mentions.len());
        let key = format!("@_user_{}", index + 1);
        result.push_str(&key);
        if known.is_none() {
            mentions.push(Mention { key, id: open_id.clone(), name: name.clone(), is_bot });
        }
        rest = behind.get(length..).unwrap_or_default();
    }
    result.push_str(rest);
    (result, mentions)
}

/// A mention as the event has it.
fn mention_json(app: &App, mention: &Mention) -> Value {
    let ids = match app.with_open_id(&mention.id) {
        Some(person) => app.ids(person).into(),
        None => json!({"open_id": mention.id}),
    };
    let kind = if mention.is_bot { "bot" } else { "user" };
    json!({
        "key": mention.key,
        "id": ids,
        "mentioned_type": kind,
        "name": mention.name,
        "tenant_key": TENANT,
    })
}

#[derive(Deserialize)]
struct CardRequest {
    app_id: Option<String>,
    chat_id: Option<String>,
    user: Option<String>,
    card: Value,
    #[serde(default)]
    unchecked: bool,
}

/// The bot sends a card as if by its own call.
pub(super) fn card(shared: &Arc<Shared>, body: &Value) -> Result<Value, Failed> {
    let request: CardRequest = typed(body)?;
    let app = push::app(shared, request.app_id.as_deref())?;
    if !request.unchecked {
        card::check_inline(&request.card).map_err(|why| Wrong::new("card", why))?;
    }
    let person =
        app.person(request.user.as_deref()).ok_or_else(|| Wrong::new("user", "there is no such person"))?;
    let (chat_id, is_private) = match request.chat_id.as_deref() {
        Some(CHAT) => (CHAT.to_owned(), false),
        wanted => chat(&app, person, wanted),
    };
    let about = About::now(chat_id, is_private);
    let message = BotMessage::new(&app.id, id("om_"), "interactive", request.card, about);
    let json = message.json();
    lock(&shared.messages).add(message, None);
    Ok(json)
}

pub(super) fn recall(shared: &Shared, id: &str) -> Result<Value, Failed> {
    {
        let mut messages = lock(&shared.messages);
        if let Some(message) = messages.get(id) {
            message.recalled = true;
            messages.changed(id, "recall");
        }
    }
    read::message(shared, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_behind_an_at_become_mentions() {
        let app = App::new("cli_a", "s");
        let (text, mentions) = mentioned(&app, "@bot ask @林晓, @Chen Yu and @lin; a@b.example @@bot");
        assert_eq!(text, "@_user_1 ask @_user_2, @_user_3 and @_user_2; a@b.example @_user_1");
        let names: Vec<&str> = mentions.iter().map(|mention| &*mention.name).collect();
        assert_eq!(names, ["Local bot", "Lin Xiao", "Chen Yu"]);
        assert_eq!(mention_json(&app, &mentions[1])["key"], "@_user_2");
    }

    #[test]
    fn mention_has_the_ids_that_the_app_may_see() {
        let mut app = App::new("cli_a", "s");
        let ids = |app: &App, text: &str| {
            let (_, mentions) = mentioned(app, text);
            let ids = mention_json(app, &mentions[0])["id"].clone();
            ids.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(ids(&app, "@lin"), ["open_id", "union_id"]);
        app.without_ids = vec!["union_id".into()];
        assert_eq!(ids(&app, "@lin"), ["open_id", "user_id"]);
        assert_eq!(ids(&app, "@bot"), ["open_id"]);
    }
}
