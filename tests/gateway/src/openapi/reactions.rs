//! Reactions to messages.

use serde_json::{Value, json};

use super::{Call, Refused, is_message_id};
use crate::envelope::{id, since_epoch};
use crate::message::Reaction;
use crate::shared::lock;

/// Some names of the platform's list. Its names have mixed case; one of another case is refused, as on the platform.
const KNOWN: &[&str] = &[
    "Typing",
    "OK",
    "THUMBSUP",
    "THANKS",
    "MUSCLE",
    "APPLAUSE",
    "DONE",
    "SMILE",
    "LAUGH",
    "LOVE",
    "THINKING",
    "HEART",
    "ROSE",
    "PARTY",
    "EatingFood",
    "OnIt",
    "Get",
    "JIAYI",
    "CheckMark",
    "CrossMark",
    "Fire",
    "OneSecond",
    "SKULL",
];

/// `POST /open-apis/im/v1/messages/:message_id/reactions`.
pub(super) fn add(call: &Call<'_>, message_id: &str) -> Result<Value, Refused> {
    is_message_id(message_id)?;
    let body = call.json(231_001)?;
    let emoji = body.get("reaction_type").and_then(|it| it.get("emoji_type")).and_then(Value::as_str);
    let emoji = emoji.filter(|emoji| KNOWN.contains(emoji));
    let emoji = emoji.ok_or_else(|| Refused::code(231_001, "reaction type is invalid."))?.to_owned();
    let mut messages = lock(&call.shared.messages);
    let message = messages.get(message_id).filter(|message| !message.recalled);
    let message = message.ok_or_else(|| Refused::code(231_003, "The message is not found"))?;
    let reaction = Reaction { id: id("r"), emoji: emoji.clone(), app: call.app.clone() };
    let data = json!({
        "reaction_id": reaction.id,
        "operator": {"operator_id": &*call.app, "operator_type": "app"},
        "action_time": since_epoch().as_millis().to_string(),
        "reaction_type": {"emoji_type": emoji},
    });
    message.about.reactions.push(reaction);
    messages.marked(message_id);
    Ok(json!({"code": 0, "msg": "success", "data": data}))
}

/// `DELETE /open-apis/im/v1/messages/:message_id/reactions/:reaction_id`.
pub(super) fn delete(call: &Call<'_>, message_id: &str, reaction_id: &str) -> Result<Value, Refused> {
    is_message_id(message_id)?;
    let mut messages = lock(&call.shared.messages);
    let message = messages.get(message_id).filter(|message| !message.recalled);
    let message = message.ok_or_else(|| Refused::code(231_003, "The message is not found"))?;
    let reactions = &mut message.about.reactions;
    let at = reactions.iter().position(|it| it.id == reaction_id);
    let at = at.ok_or_else(|| Refused::code(231_010, "The reaction is not found"))?;
    if reactions.get(at).is_some_and(|it| it.app != call.app) {
        return Err(Refused::code(231_007, "The operator is not the one who added the reaction"));
    }
    let removed = reactions.remove(at);
    messages.marked(message_id);
    let data = json!({"reaction_id": removed.id, "reaction_type": {"emoji_type": removed.emoji}});
    Ok(json!({"code": 0, "msg": "success", "data": data}))
}
