//! The apps that may connect.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use crate::Settings;
use crate::openapi::bot_open_id;
use crate::people::{Person, directory};
use crate::shared::lock;
use crate::webhook::Webhook;

/// One app, as it is now.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) id: Arc<str>,
    pub(crate) secret: String,
    pub(crate) name: String,
    /// `None`: those of the gateway.
    pub(crate) settings: Option<Settings>,
    /// `None`: that of the gateway.
    pub(crate) max_connections: Option<usize>,
    /// Ids that payloads of the interface lack, as without the scope.
    pub(crate) without_ids: Vec<String>,
    pub(crate) people: Vec<Person>,
    /// Where its deliveries go instead of a connection.
    pub(crate) webhook: Option<Webhook>,
    /// Whether it was added while the gateway ran.
    pub(crate) added: bool,
}

impl App {
    pub(crate) fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            name: "Local bot".into(),
            settings: None,
            max_connections: None,
            without_ids: vec!["user_id".into()],
            people: directory(),
            webhook: None,
            added: false,
        }
    }

    /// The person that a request means; the first one when it names none.
    pub(crate) fn person(&self, name: Option<&str>) -> Option<&Person> {
        match name {
            None => self.people.first(),
            Some(name) => self.people.iter().find(|person| person.is(name)),
        }
    }

    /// The ids of a person that the app may see.
    pub(crate) fn ids(&self, person: &Person) -> Map<String, Value> {
        let ids =
            [("user_id", &person.user_id), ("open_id", &person.open_id), ("union_id", &person.union_id)];
        ids.into_iter()
            .filter(|(name, _)| !self.without_ids.iter().any(|without| without == name))
            .map(|(name, id)| (name.into(), id.as_str().into()))
            .collect()
    }

    /// The person with this open id.
    pub(crate) fn with_open_id(&self, open_id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.open_id == open_id)
    }
}

/// All apps.
#[derive(Debug)]
pub(crate) struct Apps(Mutex<Vec<Arc<App>>>);

impl Apps {
    pub(crate) fn new(apps: &[App]) -> Self {
        Self(Mutex::new(apps.iter().cloned().map(Arc::new).collect()))
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<App>> {
        lock(&self.0).iter().find(|app| &*app.id == id).cloned()
    }

    pub(crate) fn first(&self) -> Option<Arc<App>> {
        lock(&self.0).first().cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<App>> {
        lock(&self.0).clone()
    }

    /// Adds an app, or puts it in the place of the one with its id.
    pub(crate) fn set(&self, app: App) {
        let mut apps = lock(&self.0);
        match apps.iter_mut().find(|known| known.id == app.id) {
            Some(known) => *known = Arc::new(app),
            None => apps.push(Arc::new(app)),
        }
    }

    /// Removes the apps that were added while the gateway ran.
    pub(crate) fn remove_added(&self) {
        lock(&self.0).retain(|app| !app.added);
    }
}

impl App {
    /// What the interface shows of it.
    pub(crate) fn json(&self, settings: &Settings, max_connections: usize, connections: usize) -> Value {
        let webhook = self.webhook.as_ref().map(
            |webhook| json!({"url": webhook.url.to_string(), "encrypted": webhook.encrypt_key.is_some()}),
        );
        json!({
            "app_id": &*self.id,
            "app_secret": self.secret,
            "name": self.name,
            "bot_open_id": bot_open_id(&self.id),
            "settings": self.settings.as_ref().unwrap_or(settings).value(),
            "max_connections": self.max_connections.unwrap_or(max_connections),
            "connections": connections,
            "without_ids": self.without_ids,
            "webhook": webhook,
            "people": self.people,
        })
    }
}
