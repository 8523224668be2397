//! A card entity of the platform: a card of JSON 2.0 that is changed element by element, and whose text is streamed; or a
//! template, of which only the settings can be changed here.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};

use crate::card;

/// How long an entity can be changed.
const LIFE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How long text can be streamed after the mode was switched on.
const STREAMING: Duration = Duration::from_secs(600);
/// Components and elements of one card.
const ELEMENTS_LIMIT: usize = 200;
/// Bytes of one card.
const CARD_LIMIT: usize = 30 * 1024;
/// `uuid`s of one card that are remembered.
const UUIDS_LIMIT: usize = 1000;

/// A refusal: code and reason.
pub(crate) type No = (i64, String);

#[derive(Debug)]
pub(crate) struct CardEntity {
    pub(crate) app: Arc<str>,
    pub(crate) card: Value,
    /// The message that it was sent with.
    pub(crate) message_id: Option<String>,
    created: Instant,
    sequence: i64,
    uuids: HashSet<String>,
    /// When the streaming mode was switched on last.
    streaming: Option<Instant>,
}

/// One change of a card.
pub(crate) enum Edit {
    Card(Value),
    Settings(Value),
    Add { place: String, target: Option<String>, elements: Vec<Value> },
    Replace(String, Value),
    Patch(String, Value),
    Remove(Vec<String>),
    Text(String, String),
}

impl CardEntity {
    pub(crate) fn new(app: &Arc<str>, card: Value) -> Result<Self, No> {
        check(&card)?;
        let mut entity = Self {
            app: Arc::clone(app),
            card,
            message_id: None,
            created: Instant::now(),
            sequence: 0,
            uuids: HashSet::new(),
            streaming: None,
        };
        entity.follow_mode();
        Ok(entity)
    }

    pub(crate) fn is_streaming(&self) -> bool {
        self.streaming.is_some()
    }

    /// Takes the number of a call, which must be greater than those before, and its `uuid`, which must be new.
    pub(crate) fn admit(&mut self, app: &str, sequence: Option<i64>, uuid: Option<&str>) -> Result<(), No> {
        if &*self.app != app {
            return Err((300_311, "the card belongs to another app".into()));
        }
        if self.created.elapsed() > LIFE {
            return Err((200_750, "the card is older than 14 days".into()));
        }
        let sequence = sequence.filter(|number| (1..=i64::from(i32::MAX)).contains(number));
        let sequence =
            sequence.ok_or_else(|| (10_002, "sequence is missing or not 1 to 2147483647".to_owned()))?;
        if uuid.is_some_and(|uuid| self.uuids.contains(uuid)) {
            return Err((200_770, "the uuid was used before".into()));
        }
        if sequence <= self.sequence {
            return Err((
                300_317,
                format!("sequence {sequence} is not greater than {}, the last one", self.sequence),
            ));
        }
        self.sequence = sequence;
        if let Some(uuid) = uuid.filter(|_| self.uuids.len() < UUIDS_LIMIT) {
            self.uuids.insert(uuid.to_owned());
        }
        Ok(())
    }

    /// Applies all changes or none.
    pub(crate) fn edit(&mut self, edits: Vec<Edit>) -> Result<(), No> {
        let mut card = self.card.clone();
        let mut restarts = false;
        for edit in edits {
            restarts |= matches!(&edit, Edit::Settings(it) if it.pointer("/config/streaming_mode") == Some(&Value::Bool(true)));
            if matches!(edit, Edit::Text(..)) {
                self.check_streaming()?;
            }
            if card::is_template(&card) && !matches!(edit, Edit::Card(_) | Edit::Settings(_)) {
                let why = "the elements of a template are not known here: test with a card of your own";
                return Err((300_313, why.into()));
            }
            edit.apply(&mut card)?;
        }
        check(&card)?;
        self.card = card;
        if restarts {
            self.streaming = None;
        }
        self.follow_mode();
        Ok(())
    }

    fn check_streaming(&mut self) -> Result<(), No> {
        match self.streaming {
            None => Err((300_309, "streaming mode is off: switch streaming_mode on first".into())),
            Some(since) if since.elapsed() >= STREAMING => {
                if let Some(config) = self.card.get_mut("config").and_then(Value::as_object_mut) {
                    config.insert("streaming_mode".into(), false.into());
                }
                self.streaming = None;
                Err((200_850, "streaming timed out: it lasts 10 minutes".into()))
            }
            Some(_) => Ok(()),
        }
    }

    fn follow_mode(&mut self) {
        let is_on = self.card.pointer("/config/streaming_mode") == Some(&Value::Bool(true));
        self.streaming = if is_on { self.streaming.or_else(|| Some(Instant::now())) } else { None };
    }
}

impl Edit {
    fn apply(self, card: &mut Value) -> Result<(), No> {
        match self {
            Self::Card(new) => *card = new,
            Self::Settings(settings) => {
                for name in ["config", "card_link"] {
                    let Some(Value::Object(new)) = settings.get(name) else { continue };
                    object(member(card, name)).extend(new.clone());
                }
            }
            Self::Add { place, target, elements } => add(card, &place, target.as_deref(), elements)?,
            Self::Replace(id, element) => *element_mut(card, &id)? = element,
            Self::Patch(id, patch) => {
                let element = element_mut(card, &id)?;
                if patch.get("tag").is_some_and(|tag| element.get("tag") != Some(tag)) {
                    return Err((300_312, "the tag of a component cannot change".into()));
                }
                let Value::Object(patch) = patch else {
                    return Err((10_002, "partial_element is not an object".into()));
                };
                object(element).extend(patch);
            }
            Self::Remove(ids) => {
                for id in ids {
                    let (list, index) = place_of(card, &id).ok_or_else(|| (300_314, unknown(&id)))?;
                    list.remove(index);
                }
            }
            Self::Text(id, text) => {
                let element = element_mut(card, &id)?;
                if !matches!(element.get("tag").and_then(Value::as_str), Some("markdown" | "plain_text")) {
                    return Err((300_310, "only markdown and plain_text can be streamed".into()));
                }
                object(element).insert("content".into(), text.into());
            }
        }
        Ok(())
    }
}

fn add(card: &mut Value, place: &str, target: Option<&str>, elements: Vec<Value>) -> Result<(), No> {
    let at = match (place, target) {
        ("append", None) => {
            let body = member(member(card, "body"), "elements");
            list(body).extend(elements);
            return Ok(());
        }
        ("append", Some(target)) => {
            let container = element_mut(card, target)?;
            if container.get("elements").is_none() {
                return Err((300_315, format!("{target:?} is no container")));
            }
            list(member(container, "elements")).extend(elements);
            return Ok(());
        }
        ("insert_before", Some(_)) => 0,
        ("insert_after", Some(_)) => 1,
        _ => {
            return Err((
                10_002,
                "type is insert_before, insert_after or append; inserting needs target_element_id".into(),
            ));
        }
    };
    let target = target.unwrap_or_default();
    let (siblings, index) = place_of(card, target).ok_or_else(|| (300_315, unknown(target)))?;
    siblings.splice(index + at..index + at, elements);
    Ok(())
}

/// What every card entity must be.
fn check(card: &Value) -> Result<(), No> {
    if card::is_template(card) {
        return card::check_inline(card).map_err(|why| (10_002, why));
    }
    if !card::is_v2(card) {
        return Err((300_303, "a card entity is of JSON 2.0".into()));
    }
    if card.pointer("/config/update_multi") == Some(&Value::Bool(false)) {
        return Err((300_302, "update_multi is false".into()));
    }
    if card.to_string().len() > CARD_LIMIT {
        return Err((200_860, "the card is larger than 30 KB".into()));
    }
    card::check_inline(card).map_err(|why| (200_220, why))?;
    let (mut ids, mut count) = (HashSet::new(), 0);
    count_elements(card, &mut ids, &mut count)?;
    if count > ELEMENTS_LIMIT {
        return Err((300_305, format!("the card has {count} elements, more than {ELEMENTS_LIMIT}")));
    }
    Ok(())
}

fn count_elements<'a>(value: &'a Value, ids: &mut HashSet<&'a str>, count: &mut usize) -> Result<(), No> {
    match value {
        Value::Object(members) => {
            *count += usize::from(members.contains_key("tag"));
            if let Some(id) = members.get("element_id").and_then(Value::as_str) {
                if !ids.insert(id) {
                    return Err((300_301, format!("element_id {id:?} is there twice")));
                }
            }
            members.values().try_for_each(|member| count_elements(member, ids, count))
        }
        Value::Array(items) => items.iter().try_for_each(|item| count_elements(item, ids, count)),
        _ => Ok(()),
    }
}

fn unknown(id: &str) -> String {
    format!("not find elementID {id:?}")
}

fn element_mut<'a>(card: &'a mut Value, id: &str) -> Result<&'a mut Value, No> {
    find(card, id, "").and_then(|path| card.pointer_mut(&path)).ok_or_else(|| (300_313, unknown(id)))
}

/// The list that an element is in, and its place there.
fn place_of<'a>(card: &'a mut Value, id: &str) -> Option<(&'a mut Vec<Value>, usize)> {
    let path = find(card, id, "")?;
    let (list, index) = path.rsplit_once('/')?;
    let index = index.parse().ok()?;
    Some((card.pointer_mut(list)?.as_array_mut()?, index))
}

/// JSON pointer to the element of an id.
fn find(value: &Value, id: &str, path: &str) -> Option<String> {
    match value {
        Value::Object(members) => {
            if members.get("element_id").and_then(Value::as_str) == Some(id) {
                return Some(path.to_owned());
            }
            members.iter().find_map(|(name, member)| find(member, id, &format!("{path}/{name}")))
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| find(item, id, &format!("{path}/{index}")))
        }
        _ => None,
    }
}

fn member<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    object(value).entry(name).or_insert(Value::Null)
}

/// The object in a value; anything else becomes an empty one.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(members) => members,
        _ => unreachable!("made an object just now"),
    }
}

/// The list in a value; anything else becomes an empty one.
fn list(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(items) => items,
        _ => unreachable!("made a list just now"),
    }
}
