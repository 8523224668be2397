//! What can be read: the program, what it remembers, and one delivery or message.

use std::sync::Arc;

use serde_json::{Value, json};

use super::outcome::detail;
use super::schema::{self, Wrong};
use super::{Failed, Query, faults, gallery, no_path};
use crate::envelope::merge;
use crate::event_sample;
use crate::people;
use crate::shared::{Shared, lock};

/// Answers a GET.
pub(super) fn answer(shared: &Arc<Shared>, parts: &[&str], query: &Query<'_>) -> Result<Value, Failed> {
    let record = shared.journal.record().ok_or_else(|| no_path(parts))?;
    let app = query.text("app_id");
    let limit = usize::try_from(query.number("limit")?.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    Ok(match parts {
        ["health"] => health(shared, record.started_at()),
        ["openapi.json"] => serde_json::from_str(schema::TEXT).unwrap_or_default(),
        ["snapshot"] => snapshot(shared),
        ["connections"] => record.connections_json(|row| app.is_none_or(|app| &*row.app_id == app)).into(),
        ["deliveries"] => {
            let after = query.number("after")?.unwrap_or_default();
            let of_app = |row: &str| app.is_none_or(|app| row == app);
            record.deliveries_json(limit, |it| it.row.id > after && of_app(&it.row.app_id)).into()
        }
        ["deliveries", id] => detail(shared, number(id)?)?,
        ["messages"] => messages(shared, limit, app, query.text("chat_id")).into(),
        ["messages", id] => message(shared, id)?,
        ["findings"] => record.findings_json(limit, app).into(),
        ["calls"] => record.calls_json(limit).into(),
        ["apps"] => apps(shared).into(),
        ["people"] => people(shared, app)?,
        ["chats"] => chats(shared).into(),
        ["cards"] => gallery::cards(),
        ["events"] => event_sample::all().clone().into(),
        ["faults"] => faults::active(shared),
        _ => return Err(no_path(parts)),
    })
}

pub(super) fn number(id: &str) -> Result<u64, Failed> {
    id.parse().map_err(|_| Failed::NotFound(format!("{id:?} is not the number of a delivery")))
}

fn health(shared: &Shared, started_at: f64) -> Value {
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "base_url": shared.config.base_url(),
        "started_at": started_at,
        "apps": shared.apps.all().len(),
        "connections": *shared.live.borrow(),
    })
}

/// The page begins with it and goes on with the stream behind `last_event`. That is read first: what happens meanwhile is in both,
/// and to put an object in its place twice changes nothing.
fn snapshot(shared: &Arc<Shared>) -> Value {
    let Some(record) = shared.journal.record() else { return Value::Null };
    let mut snapshot = record.snapshot();
    let (messages, kept) = {
        let mut messages = lock(&shared.messages);
        (messages.all(), messages.kept())
    };
    let rest = json!({
        "kept": {"messages": kept},
        "version": env!("CARGO_PKG_VERSION"),
        "now": record.now(),
        "clock": shared.config.clock,
        "base_url": shared.config.base_url(),
        "apps": apps(shared),
        "messages": messages.iter().map(crate::BotMessage::json).collect::<Vec<_>>(),
        "faults": faults::active(shared),
        "chats": chats(shared),
    });
    merge(&mut snapshot, rest);
    snapshot
}

pub(super) fn apps(shared: &Shared) -> Vec<Value> {
    shared.apps.all().iter().map(|app| shared.app_json(app)).collect()
}

fn people(shared: &Shared, app: Option<&str>) -> Result<Value, Failed> {
    let found = match app {
        Some(id) => shared.apps.get(id),
        None => shared.apps.first(),
    };
    let found = found.ok_or_else(|| Wrong::new("app_id", "there is no such app"))?;
    Ok(json!(found.people))
}

/// The group, and a one-to-one chat for each app and person.
fn chats(shared: &Shared) -> Vec<Value> {
    let apps = shared.apps.all();
    let everybody = apps.first().map(|app| people::group(&app.people));
    let private =
        apps.iter().flat_map(|app| app.people.iter().map(|person| people::private(&app.id, person)));
    everybody.into_iter().chain(private).collect()
}

fn messages(shared: &Shared, limit: usize, app: Option<&str>, chat: Option<&str>) -> Vec<Value> {
    let messages = lock(&shared.messages).all();
    let wanted = messages.iter().rev().filter(|message| {
        app.is_none_or(|app| &*message.app == app) && chat.is_none_or(|chat| message.about.chat_id == chat)
    });
    let mut wanted: Vec<Value> = wanted.take(limit).map(crate::BotMessage::json).collect();
    wanted.reverse();
    wanted
}

pub(super) fn message(shared: &Shared, id: &str) -> Result<Value, Failed> {
    let mut messages = lock(&shared.messages);
    let message = messages.get(id).ok_or_else(|| Failed::NotFound(format!("there is no message {id:?}")))?;
    Ok(message.json())
}
