//! Delayed update of a card by the token of its callback.

use serde_json::{Value, json};

use super::{Call, Refused};
use crate::card;
use crate::messages::TokenError;
use crate::shared::lock;

/// `POST /open-apis/interactive/v1/card/update`.
pub(super) fn update(call: &Call<'_>) -> Result<Value, Refused> {
    let mut body = call.json(100_030)?;
    let token = match body.get("token") {
        Some(Value::String(token)) if token.starts_with("c-") => token.clone(),
        _ => return Err(Refused::code(300_020, "token is not one of a callback (c-…)")),
    };
    let mut card = body.remove("card").ok_or_else(|| Refused::code(10_002, "card is missing"))?;
    let open_ids = card.as_object_mut().and_then(|card| card.remove("open_ids"));
    card::check_inline(&card).map_err(|why| Refused::code(11_311, why))?;
    check_open_ids(&card, open_ids.as_ref())?;

    let mut messages = lock(&call.shared.messages);
    let message_id = messages.callback(&token, &call.app).map_err(|error| match error {
        TokenError::Expired => Refused::code(300_030, "token expired: it lives 30 minutes"),
        TokenError::UsedUp => Refused::code(300_040, "token used up: it works twice"),
        TokenError::OtherApp => Refused::code(200_310, "the card belongs to another app"),
        TokenError::NotAnswered => {
            Refused::code(10_002, "the callback was not answered yet: answer it first, then update the card")
        }
    })?;
    if let Some(message) = message_id.as_deref().and_then(|id| messages.get(id)) {
        if message.recalled {
            return Err(Refused::code(200_000, "the message was recalled"));
        }
        let template = card.get("type").is_some();
        if card::is_v2(&message.content) && !card::is_v2(&card) && !template {
            return Err(Refused::code(11_311, "a card of JSON 2.0 cannot become one of JSON 1.0"));
        }
        message.content = card;
        if let Some(open_ids) = open_ids {
            message.about.visible_to = serde_json::from_value(open_ids).unwrap_or_default();
        }
    }
    messages.used(&token);
    if let Some(id) = message_id {
        messages.changed(&id, "card_update");
    }
    Ok(json!({"code": 0, "msg": "ok"}))
}

/// `open_ids` belongs to exclusive cards, and only to them.
fn check_open_ids(card: &Value, open_ids: Option<&Value>) -> Result<(), Refused> {
    let given = match open_ids {
        None | Some(Value::Null) => false,
        Some(Value::Array(ids)) if ids.iter().all(Value::is_string) => !ids.is_empty(),
        Some(_) => return Err(Refused::code(200_320, "open_ids is not a list of strings")),
    };
    match (card::is_exclusive(card), given) {
        (true, false) => Err(Refused::code(300_090, "a card with update_multi false needs open_ids")),
        (false, true) if card.get("type").is_none() => {
            Err(Refused::code(200_320, "open_ids is only for cards with update_multi false"))
        }
        _ => Ok(()),
    }
}
