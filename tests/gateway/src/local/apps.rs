//! `POST /local/apps` and `/reset`.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::schema::Wrong;
use super::{Failed, typed};
use crate::Connection;
use crate::apps::App;
use crate::people::{self, Person};
use crate::shared::{Shared, lock};
use crate::webhook::Webhook;

#[derive(Deserialize)]
struct AppRequest {
    app_id: String,
    app_secret: Option<String>,
    name: Option<String>,
    settings: Option<Map<String, Value>>,
    max_connections: Option<usize>,
    without_ids: Option<Vec<String>>,
    people: Option<Vec<Person>>,
    #[serde(default, deserialize_with = "given")]
    webhook: Given<WebhookRequest>,
}

#[derive(Deserialize)]
struct WebhookRequest {
    url: String,
    encrypt_key: Option<String>,
    verification_token: Option<String>,
}

/// A member that can be absent, null or there.
#[derive(Default)]
enum Given<T> {
    #[default]
    Absent,
    Null,
    There(T),
}

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Given<T>, D::Error> {
    let value = Option::deserialize(deserializer)?;
    Ok(value.map_or(Given::Null, Given::There))
}

/// Adds an app, or changes one.
pub(super) async fn set(shared: &Arc<Shared>, body: &Value) -> Result<Value, Failed> {
    let request: AppRequest = typed(body)?;
    if request.app_id.is_empty() {
        return Err(Wrong::new("app_id", "is empty").into());
    }
    let mut app = match (shared.apps.get(&request.app_id), &request.app_secret) {
        (Some(known), _) => App::clone(&known),
        (None, Some(secret)) => App { added: true, ..App::new(&request.app_id, secret) },
        (None, None) => return Err(Wrong::new("app_secret", "is missing: a new app needs it").into()),
    };
    if let Some(secret) = request.app_secret {
        app.secret = secret;
    }
    if let Some(name) = request.name {
        app.name = name;
    }
    if let Some(members) = request.settings {
        let own = app.settings.take().unwrap_or_else(|| lock(&shared.state).settings.clone());
        app.settings = Some(members.into_iter().fold(own, |own, (name, value)| own.with(&name, value)));
    }
    if let Some(limit) = request.max_connections {
        app.max_connections = Some(limit);
    }
    if let Some(without) = request.without_ids {
        app.without_ids = without;
    }
    if let Some(people) = request.people {
        if people.is_empty() {
            return Err(Wrong::new("people", "is empty: a user is needed to click").into());
        }
        app.people = people.into_iter().map(Person::whole).collect();
    }
    match request.webhook {
        Given::Absent => {}
        Given::Null => app.webhook = None,
        Given::There(WebhookRequest { url, encrypt_key, verification_token }) => {
            let wrong = |why: String| Wrong::new("webhook.url", why);
            let webhook = Webhook::new(&url, encrypt_key, verification_token).map_err(wrong)?;
            webhook.challenge().await.map_err(wrong)?;
            app.webhook = Some(webhook);
        }
    }
    let json = shared.app_json(&app);
    if let Some(record) = shared.journal.record() {
        record.publish("app", &json);
        for person in &app.people {
            record.publish("chat", &people::private(&app.id, person));
        }
    }
    shared.apps.set(app);
    Ok(json)
}

#[derive(Deserialize)]
struct ResetRequest {
    #[serde(default)]
    connections: bool,
    #[serde(default)]
    apps: bool,
}

/// Forgets everything; the connections stay unless they are to go.
pub(super) fn reset(shared: &Arc<Shared>, body: &Value) -> Result<Value, Failed> {
    let request: ResetRequest = typed(body)?;
    shared.ladders.send_modify(|turn| *turn += 1);
    let live: Vec<Connection> = {
        let mut state = lock(&shared.state);
        state.faults.clear();
        state.live.iter().cloned().map(Connection).collect()
    };
    lock(&shared.messages).clear();
    shared.journal.clear();
    for connection in live {
        connection.resume();
        if request.connections {
            shared.leave(&connection.0);
            connection.cut();
        }
    }
    if request.apps {
        shared.apps.remove_added();
    }
    if let Some(record) = shared.journal.record() {
        record.reset();
    }
    Ok(json!({"ok": true}))
}
