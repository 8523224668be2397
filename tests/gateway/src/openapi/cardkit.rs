//! Card entities under `cardkit`: cards that are changed after they were sent, and streamed text.

use http::Method;
use serde_json::{Map, Value, json};

use super::{Call, Refused};
use crate::card_entity::{CardEntity, Edit, No};
use crate::shared::lock;

/// Answers everything below `cardkit/v1/cards`; `None` when there is no such call.
pub(super) fn answer(call: &Call<'_>, method: &Method, path: &[&str]) -> Option<Result<Value, Refused>> {
    Some(match (method.as_str(), path) {
        ("POST", []) => create(call),
        ("POST", ["id_convert"]) => convert(call),
        ("PUT", [id]) => change(call, id, |body| Ok(vec![Edit::Card(whole_card(body)?)])),
        ("PATCH", [id, "settings"]) => {
            change(call, id, |body| Ok(vec![Edit::Settings(parsed(body, "settings")?)]))
        }
        ("POST", [id, "batch_update"]) => change(call, id, |body| actions(parsed(body, "actions")?)),
        ("POST", [id, "elements"]) => change(call, id, |body| {
            let elements = list(parsed(body, "elements")?, "elements")?;
            Ok(vec![add(body, elements)?])
        }),
        ("PUT", [id, "elements", element]) => {
            change(call, id, |body| Ok(vec![Edit::Replace((*element).into(), parsed(body, "element")?)]))
        }
        ("PATCH", [id, "elements", element]) => change(call, id, |body| {
            Ok(vec![Edit::Patch((*element).into(), parsed(body, "partial_element")?)])
        }),
        ("DELETE", [id, "elements", element]) => {
            change(call, id, |_| Ok(vec![Edit::Remove(vec![(*element).into()])]))
        }
        ("PUT", [id, "elements", element, "content"]) => change(call, id, |body| {
            let content = text(body, "content")?;
            if content.is_empty() || content.chars().count() > 100_000 {
                return Err((10_002, "content has no or more than 100000 characters".into()));
            }
            Ok(vec![Edit::Text((*element).into(), content.into())])
        }),
        _ => return None,
    })
}

fn create(call: &Call<'_>) -> Result<Value, Refused> {
    let body = call.json(10_002)?;
    let card = match text(&body, "type") {
        Ok("card_json") => parsed(&body, "data"),
        Ok("template") => parsed(&body, "data").map(|data| json!({"type": "template", "data": data})),
        Ok(other) => Err((10_002, format!("type is {other:?}, neither card_json nor template"))),
        Err(no) => Err(no),
    };
    let entity = card.and_then(|card| CardEntity::new(&call.app, card)).map_err(refused)?;
    let card_id = format!("73{:017}", fastrand::u64(..100_000_000_000_000_000));
    lock(&call.shared.messages).add_card(card_id.clone(), entity);
    Ok(json!({"code": 0, "msg": "success", "data": {"card_id": card_id}}))
}

/// The entity of a message, by the id of the message.
fn convert(call: &Call<'_>) -> Result<Value, Refused> {
    let body = call.json(10_002)?;
    let message_id = text(&body, "message_id").map_err(refused)?;
    let card_id = lock(&call.shared.messages).card_of(message_id, &call.app);
    let card_id = card_id.ok_or_else(|| refused((10_002, format!("{message_id:?} has no card entity"))))?;
    Ok(json!({"code": 0, "msg": "success", "data": {"card_id": card_id}}))
}

fn change(
    call: &Call<'_>,
    id: &str,
    edits: impl FnOnce(&Map<String, Value>) -> Result<Vec<Edit>, No>,
) -> Result<Value, Refused> {
    let body = call.json(10_002)?;
    let edits = edits(&body).map_err(refused)?;
    let sequence = body.get("sequence").and_then(Value::as_i64);
    let uuid = body.get("uuid").and_then(Value::as_str).filter(|uuid| !uuid.is_empty());
    lock(&call.shared.messages).edit_card(id, &call.app, sequence, uuid, edits).map_err(refused)?;
    Ok(json!({"code": 0, "msg": "success", "data": {}}))
}

fn whole_card(body: &Map<String, Value>) -> Result<Value, No> {
    let Some(Value::Object(card)) = body.get("card") else {
        return Err((10_002, "card is missing or not an object".into()));
    };
    match card.get("type").and_then(Value::as_str) {
        Some("card_json") => parsed(card, "data"),
        _ => Err((10_002, "card.type is not card_json".into())),
    }
}

fn actions(actions: Value) -> Result<Vec<Edit>, No> {
    let mut edits = Vec::new();
    for action in list(actions, "actions")? {
        let params = action.get("params").and_then(Value::as_object).cloned().unwrap_or_default();
        let element_id = || text(&params, "element_id").map(str::to_owned);
        let given = |name: &str| params.get(name).cloned().unwrap_or_default();
        edits.push(match action.get("action").and_then(Value::as_str).unwrap_or_default() {
            "partial_update_setting" => Edit::Settings(given("settings")),
            "add_elements" => add(&params, list(given("elements"), "elements")?)?,
            "delete_elements" => {
                let ids = list(given("element_ids"), "element_ids")?;
                Edit::Remove(ids.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            "partial_update_element" => Edit::Patch(element_id()?, given("partial_element")),
            "update_element" => Edit::Replace(element_id()?, given("element")),
            other => return Err((10_002, format!("there is no action {other:?}"))),
        });
    }
    Ok(edits)
}

fn add(body: &Map<String, Value>, elements: Vec<Value>) -> Result<Edit, No> {
    let place = text(body, "type")?.to_owned();
    let target = body.get("target_element_id").and_then(Value::as_str).filter(|id| !id.is_empty());
    Ok(Edit::Add { place, target: target.map(str::to_owned), elements })
}

fn list(value: Value, name: &str) -> Result<Vec<Value>, No> {
    match value {
        Value::Array(items) => Ok(items),
        _ => Err((10_002, format!("{name} is not a list"))),
    }
}

/// A member that is JSON in a string.
fn parsed(body: &Map<String, Value>, name: &str) -> Result<Value, No> {
    let text = text(body, name)?;
    serde_json::from_str(text).map_err(|error| (200_220, format!("{name} is not JSON: {error}")))
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, No> {
    let text = body.get(name).and_then(Value::as_str);
    text.ok_or_else(|| (10_002, format!("{name} is missing or not a string")))
}

fn refused((code, msg): No) -> Refused {
    Refused::code(code, msg)
}
