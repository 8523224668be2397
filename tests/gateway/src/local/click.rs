//! `POST /local/click`: a user operates a component of a card.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::component::{Component, components, dated};
use super::outcome::{outcome, send, wait};
use super::schema::Wrong;
use super::{Failed, push, typed};
use crate::apps::App;
use crate::record::Asked;
use crate::shared::{Shared, lock};
use crate::{BotMessage, Click, Outgoing};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    app_id: Option<String>,
    connection: Option<u64>,
    wait_ms: Option<u64>,
    event_id: Option<String>,
    message_id: Option<String>,
    chat_id: Option<String>,
    user: Option<String>,
    path: Option<String>,
    name: Option<String>,
    element_id: Option<String>,
    text: Option<String>,
    tag: Option<String>,
    value: Option<Value>,
    option: Option<String>,
    options: Option<Vec<String>>,
    checked: Option<bool>,
    input_value: Option<String>,
    form_value: Option<Map<String, Value>>,
    timezone: Option<String>,
    host: Option<String>,
    free: bool,
    merge: Option<Value>,
    fragments: Option<usize>,
}

pub(super) async fn click(shared: &Arc<Shared>, body: Value) -> Result<Value, Failed> {
    let request: Request = typed(&body)?;
    let app = push::app(shared, request.app_id.as_deref())?;
    let (action, message) = match target(shared, &app, &request)? {
        Some(Target { message, action }) => (action, Some(message)),
        None => (request.free_action(), None),
    };
    let mut click = Click::component("button", "");
    for (name, value) in action {
        click = click.action(&name, value);
    }
    let chat = request.chat_id.clone().or_else(|| message.as_ref().map(|it| it.about.chat_id.clone()));
    if let Some(chat) = chat {
        click = click.chat(&chat);
    }
    if let Some(id) = message.map(|it| it.message_id).or_else(|| request.message_id.clone()) {
        click = click.message(&id);
    }
    if let Some(id) = &request.event_id {
        click = click.event_id(id);
    }
    let mut patch = json!({});
    if let Some(host) = &request.host {
        crate::envelope::merge(&mut patch, json!({"host": host}));
    }
    if let Some(more) = &request.merge {
        crate::envelope::merge(&mut patch, more.clone());
    }
    let click = click.by(push::operator(&app, request.user.as_deref())?).merge(patch);
    let outgoing = Outgoing::from(click).app(&app.id).fragments(push::count("fragments", request.fragments)?);
    let mut outgoing = push::to(wait(outgoing, request.wait_ms), request.connection);
    outgoing.asked = Some(Box::new(Asked { path: "/local/click", body }));
    outcome(shared, send(shared, outgoing).await?)
}

/// What is clicked.
struct Target {
    message: BotMessage,
    action: Map<String, Value>,
}

/// The message and the action by the card that was sent; `None` for a click that is made from the request alone.
fn target(shared: &Shared, app: &App, request: &Request) -> Result<Option<Target>, Failed> {
    if request.free {
        return Ok(None);
    }
    let messages = lock(&shared.messages);
    let cards = messages.cards_of(&app.id);
    let cards: Vec<&BotMessage> = match &request.message_id {
        Some(id) => {
            let found = cards.filter(|it| it.message_id == *id).collect::<Vec<_>>();
            if found.is_empty() {
                let text =
                    format!("the bot sent no card in a message {id:?}; free makes a click all the same");
                return Err(Wrong::new("message_id", text).into());
            }
            found
        }
        None => cards
            .filter(|it| !it.recalled)
            .filter(|it| request.chat_id.as_ref().is_none_or(|chat| it.about.chat_id == *chat))
            .collect(),
    };
    // What a template holds is known to the platform's card tool only.
    let is_known = |it: &&&BotMessage| it.content.is_object() && it.content.get("type").is_none();
    let cards: Vec<&BotMessage> = cards.iter().filter(is_known).copied().collect();
    if cards.is_empty() {
        return Ok(None);
    }
    for message in &cards {
        if message.recalled {
            return Err(
                Wrong::new("message_id", "the message was recalled: its card cannot be clicked").into()
            );
        }
        let all = components(&message.content);
        let found: Vec<&Component<'_>> = all.iter().filter(|it| request.means(it)).collect();
        match found.as_slice() {
            [] => {}
            // A card can have the same component once for each language.
            [component, others @ ..] if others.iter().all(|it| it.is_same(component)) => {
                if let Some(why) = component.is_silent() {
                    return Err(Wrong::new(request.by(), format!("{}: {why}", component.label())).into());
                }
                let action = request.action(app, component, &all)?;
                return Ok(Some(Target { message: BotMessage::clone(message), action }));
            }
            several => {
                let names: Vec<String> = several.iter().map(|it| it.label()).collect();
                let text = format!("several components are meant: {}; choose one by path", names.join(", "));
                return Err(Wrong::new(request.by(), text).into());
            }
        }
    }
    let newest =
        cards.first().map(|it| components(&it.content).iter().map(Component::label).collect::<Vec<_>>());
    let text = format!(
        "no card has such a component; the newest card has {}. free makes a click all the same",
        newest.filter(|names| !names.is_empty()).map_or_else(|| "none".into(), |names| names.join(", "))
    );
    Err(Wrong::new(request.by(), text).into())
}

impl Request {
    /// The member that chooses the component, for an error.
    fn by(&self) -> &'static str {
        let given = [
            (&self.path, "path"),
            (&self.name, "name"),
            (&self.element_id, "element_id"),
            (&self.text, "text"),
        ];
        given.into_iter().find(|(text, _)| text.is_some()).map_or("name", |(_, name)| name)
    }

    fn means(&self, component: &Component<'_>) -> bool {
        if let Some(path) = &self.path {
            return component.path == *path;
        }
        let is = |wanted: &Option<String>, own: Option<&str>| wanted.is_none() || wanted.as_deref() == own;
        let is_tag = is(&self.tag, Some(component.tag));
        let by_name = self.name.is_some() || self.element_id.is_some() || self.text.is_some();
        // Without a name a value or a tag must choose.
        (by_name || self.value.is_some() || self.tag.is_some())
            && is_tag
            && is(&self.name, component.text("name"))
            && is(&self.element_id, component.text("element_id"))
            && self.text.as_ref().is_none_or(|text| component.is_labelled(text))
            && self.value.as_ref().is_none_or(|value| component.value() == Some(value))
    }

    /// `action` of a click on a component.
    fn action(
        &self,
        app: &App,
        component: &Component<'_>,
        all: &[Component<'_>],
    ) -> Result<Map<String, Value>, Wrong> {
        let mut action = Map::new();
        if let Some(value) = component.value() {
            action.insert("value".into(), value.clone());
        }
        action.insert("tag".into(), component.tag.into());
        if let Some(name) = component.text("name") {
            action.insert("name".into(), name.into());
        }
        if component.submits() {
            let form = self.form(app, component, all)?;
            action.insert("form_value".into(), form.into());
        } else if let Some((name, value)) = self.input(app, component)? {
            action.insert(name.into(), value);
        }
        let timed = component.is_date() || self.timezone.is_some();
        if timed || component.submits() {
            let timezone = self.timezone.as_deref().unwrap_or("Asia/Shanghai");
            action.insert("timezone".into(), timezone.into());
        }
        Ok(action)
    }

    /// What the user gave to a component outside of a form.
    fn input(&self, app: &App, component: &Component<'_>) -> Result<Option<(&'static str, Value)>, Wrong> {
        let missing = |name: &str| Wrong::new(name, format!("is missing: {} needs it", component.label()));
        Ok(Some(match component.tag {
            "button" | "interactive_container" => return Ok(None),
            "input" => {
                ("input_value", self.input_value.clone().ok_or_else(|| missing("input_value"))?.into())
            }
            "checker" => ("checked", self.checked.ok_or_else(|| missing("checked"))?.into()),
            "multi_select_static" | "multi_select_person" => {
                let options = self.options.clone().ok_or_else(|| missing("options"))?;
                for option in &options {
                    is_option(app, component, option, "options")?;
                }
                ("options", options.into())
            }
            _ => {
                let option = self.option.clone().ok_or_else(|| missing("option"))?;
                is_option(app, component, &option, "option")?;
                ("option", if component.is_date() { dated(&option.into()) } else { option.into() })
            }
        }))
    }

    /// `form_value` of a button that submits.
    fn form(
        &self,
        app: &App,
        button: &Component<'_>,
        all: &[Component<'_>],
    ) -> Result<Map<String, Value>, Wrong> {
        let fields =
            || all.iter().filter(|it| it.form == button.form && it.path != button.path && it.tag != "button");
        let given = self.form_value.clone().unwrap_or_default();
        if let Some(name) = given.keys().find(|name| !fields().any(|it| it.text("name") == Some(name))) {
            let names: Vec<&str> = fields().filter_map(|it| it.text("name")).collect();
            let text = format!("the form has no component of this name; it has {}", names.join(", "));
            return Err(Wrong::new(&format!("form_value.{name}"), text));
        }
        let mut form = Map::new();
        for field in fields() {
            let Some(name) = field.text("name") else { continue };
            let place = format!("form_value.{name}");
            let value = given.get(name).cloned().or_else(|| field.initial());
            let is_empty =
                value.as_ref().is_none_or(|it| it == "" || it.as_array().is_some_and(Vec::is_empty));
            if is_empty && field.json.get("required") == Some(&Value::Bool(true)) {
                return Err(Wrong::new(&place, "is missing: the card requires it"));
            }
            let Some(value) = value else { continue };
            for option in value
                .as_str()
                .into_iter()
                .chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
            {
                is_option(app, field, option, &place)?;
            }
            form.insert(name.into(), if field.is_date() { dated(&value) } else { value });
        }
        Ok(form)
    }

    /// `action` of a click that is made from the request alone.
    fn free_action(&self) -> Map<String, Value> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let members = [
            ("tag", Some(self.tag.as_deref().unwrap_or("button").into())),
            ("name", text(&self.name)),
            ("value", self.value.clone()),
            ("option", text(&self.option)),
            ("options", self.options.clone().map(Value::from)),
            ("checked", self.checked.map(Value::from)),
            ("input_value", text(&self.input_value)),
            ("form_value", self.form_value.clone().map(Value::from)),
            ("timezone", text(&self.timezone)),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// Whether a component offers what was chosen.
fn is_option(app: &App, component: &Component<'_>, option: &str, place: &str) -> Result<(), Wrong> {
    match component.tag {
        "select_person" | "multi_select_person" => {
            let offered = component.options().filter(|offered| !offered.is_empty());
            let is_known = match &offered {
                Some(offered) => offered.contains(&option),
                None => app.with_open_id(option).is_some(),
            };
            if is_known {
                return Ok(());
            }
            Err(Wrong::new(
                place,
                format!("{option:?} is no person of the directory: see /local/people for open ids"),
            ))
        }
        "input" | "date_picker" | "picker_time" | "picker_datetime" | "checker" => Ok(()),
        _ => match component.options() {
            Some(offered) if !offered.contains(&option) => {
                Err(Wrong::new(place, format!("{option:?} is not one of {}", offered.join(", "))))
            }
            _ => Ok(()),
        },
    }
}
