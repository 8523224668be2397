//! The checks of a card's documented format.

use serde_json::Value;

use crate::verdict::kind;

/// The largest card the platform takes, in bytes of JSON ("delayed update of message cards").
const CARD_LIMIT: usize = 30 * 1024;

/// Checks `card` of a callback answer: `{"type":"raw"|"template","data":{…}}`.
pub(crate) fn check_reply(card: &Value) -> Result<(), String> {
    let Some(members) = card.as_object() else {
        return Err(format!("card is {}, not an object", kind(card)));
    };
    let data = match members.get("data") {
        Some(data @ Value::Object(_)) => data,
        Some(Value::String(_)) => return Err("card.data is a string; it must be the card itself".into()),
        Some(other) => return Err(format!("card.data is {}, not an object", kind(other))),
        None => return Err("card.data is missing".into()),
    };
    check_size(card)?;
    match members.get("type").and_then(Value::as_str) {
        Some("raw") => check_raw(data),
        Some("template") => check_template(data),
        Some(other) => Err(format!("card.type is \"{other}\", not raw or template")),
        None => Err("card.type is missing".into()),
    }
}

/// Checks the card of an OpenAPI call: the card itself, or `{"type":"template","data":{…}}`.
pub(crate) fn check_inline(card: &Value) -> Result<(), String> {
    let Some(members) = card.as_object() else {
        return Err(format!("card is {}, not an object", kind(card)));
    };
    check_size(card)?;
    match members.get("type").and_then(Value::as_str) {
        Some("template") => check_template(members.get("data").unwrap_or(&Value::Null)),
        Some("raw") => Err("card has the wrapper {\"type\":\"raw\"}; here it must be the card itself".into()),
        Some(other) => Err(format!("card.type is \"{other}\"; only template is known here")),
        None => check_raw(card),
    }
}

/// Whether the answered card is of JSON 2.0; `None` for a template, which does not say.
pub(crate) fn reply_is_v2(card: &Value) -> Option<bool> {
    (card.get("type")?.as_str()? == "raw").then(|| is_v2(card.get("data").unwrap_or(&Value::Null)))
}

/// Whether it is a template of the card tool, whose content only the platform knows.
pub(crate) fn is_template(card: &Value) -> bool {
    card.get("type").and_then(Value::as_str) == Some("template")
}

/// Whether the card itself is of JSON 2.0.
pub(crate) fn is_v2(card: &Value) -> bool {
    card.get("schema").and_then(Value::as_str) == Some("2.0")
}

/// Whether the card is shown to each user on its own: JSON 1.0 with `update_multi:false`.
pub(crate) fn is_exclusive(card: &Value) -> bool {
    !is_v2(card) && card.pointer("/config/update_multi") == Some(&Value::Bool(false))
}

/// Tables that a card may have, as users found; the code is reported by users too.
const TABLES_LIMIT: usize = 5;

/// Refuses a card with too many tables: components and those in markdown.
pub(crate) fn check_tables(card: &Value) -> Result<(), String> {
    let count = tables(card);
    if count > TABLES_LIMIT {
        return Err(format!("ErrCode: 11310; ErrMsg: card table number over limit; it has {count}"));
    }
    Ok(())
}

fn tables(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            let own = match members.get("tag").and_then(Value::as_str) {
                Some("table") => 1,
                Some("markdown") => {
                    members.get("content").and_then(Value::as_str).map_or(0, tables_in_markdown)
                }
                _ => 0,
            };
            own + members.values().map(tables).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(tables).sum(),
        _ => 0,
    }
}

/// Counts lines such as `|---|---|` outside of fences.
fn tables_in_markdown(text: &str) -> usize {
    let (mut count, mut is_code) = (0, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        let is_rule = line.contains("--")
            && line.contains('|')
            && line.chars().all(|letter| matches!(letter, '|' | '-' | ':' | ' '));
        count += usize::from(is_rule && !is_code);
    }
    count
}

/// A card as calls give it that do not ask for the whole: its title and a sentence.
pub(crate) fn reduced(card: &Value) -> Value {
    let title = card.pointer("/header/title/content").and_then(Value::as_str).unwrap_or_default();
    let sentence = serde_json::json!({"tag": "text", "text": "[Interactive Card]"});
    serde_json::json!({"title": title, "elements": [[sentence]]})
}

fn check_size(card: &Value) -> Result<(), String> {
    let size = card.to_string().len();
    if size > CARD_LIMIT { Err(format!("the card has {size} bytes, more than {CARD_LIMIT}")) } else { Ok(()) }
}

fn check_raw(card: &Value) -> Result<(), String> {
    if is_v2(card) {
        if card.get("elements").is_some() {
            return Err("a card of JSON 2.0 has its elements in body, not at the top".into());
        }
        if card.pointer("/config/update_multi") == Some(&Value::Bool(false)) {
            return Err("a card of JSON 2.0 cannot have update_multi false".into());
        }
        return match card.pointer("/body/elements") {
            Some(Value::Array(_)) => Ok(()),
            Some(other) => Err(format!("body.elements is {}, not an array", kind(other))),
            None => Err("a card of JSON 2.0 needs body.elements".into()),
        };
    }
    if card.get("body").is_some() {
        return Err("a card with body needs \"schema\":\"2.0\"".into());
    }
    match (card.get("elements"), card.get("i18n_elements")) {
        (Some(Value::Array(_)), _) | (None, Some(Value::Object(_))) => Ok(()),
        (Some(other), _) => Err(format!("elements is {}, not an array", kind(other))),
        (None, Some(other)) => Err(format!("i18n_elements is {}, not an object", kind(other))),
        (None, None) => Err("a card of JSON 1.0 needs elements or i18n_elements".into()),
    }
}

fn check_template(data: &Value) -> Result<(), String> {
    match data.get("template_id") {
        Some(Value::String(id)) if !id.is_empty() => {}
        _ => return Err("card.data.template_id is missing".into()),
    }
    match data.get("template_variable") {
        None | Some(Value::Null | Value::Object(_)) => Ok(()),
        Some(other) => Err(format!("card.data.template_variable is {}, not an object", kind(other))),
    }
}
