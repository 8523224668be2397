//! One pass over a card's text, without building its tree.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Write as _};

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::MAX_CARD_ELEMENTS;
use super::finding::{Finding, Rule};
use crate::card::{Dialect, RawCard};

/// Components that a form sends under their name.
const NAMED: [&str; 11] = [
    "button",
    "input",
    "select_static",
    "multi_select_static",
    "select_person",
    "multi_select_person",
    "checker",
    "date_picker",
    "picker_time",
    "picker_datetime",
    "select_img",
];

/// Components of 1.0 that 2.0 does not know. Source: "Card JSON 2.0 breaking changes" of the Feishu documentation.
const ONLY_IN_V1: [&str; 2] = ["action", "note"];

/// Adds what is wrong with a card.
pub(super) fn scan(card: &RawCard, place: &str, findings: &mut Vec<Finding>) {
    let mut state = State {
        dialect: card.dialect(),
        root: place.len(),
        place: place.to_owned(),
        elements: 0,
        submits: 0,
        shows: false,
        names: HashSet::new(),
        nameless: Vec::new(),
        findings,
    };
    let mut json = serde_json::Deserializer::from_str(card.as_json());
    if let Err(error) = json.deserialize_map(Top { state: &mut state }) {
        findings.push(Finding::new(Rule::Unreadable, place, error.to_string()));
    }
}

struct State<'f> {
    dialect: Dialect,
    /// Length of `place` at the card itself.
    root: usize,
    place: String,
    elements: usize,
    /// Submit buttons so far.
    submits: usize,
    /// Whether the list of elements was met.
    shows: bool,
    names: HashSet<String>,
    /// Components without a name that may turn out to stand in a form.
    nameless: Vec<String>,
    findings: &'f mut Vec<Finding>,
}

impl State<'_> {
    fn find(&mut self, rule: Rule, message: impl Into<String>) {
        self.findings.push(Finding::new(rule, self.place.clone(), message));
    }

    fn find_at(&mut self, member: &str, rule: Rule, message: impl Into<String>) {
        self.findings.push(Finding::new(rule, format!("{}/{member}", self.place), message));
    }

    /// Where the reader stands, from the card on.
    fn here(&self) -> &str {
        self.place.get(self.root..).unwrap_or_default()
    }

    /// Judges an object once all of its members are known; `before` is what was known before it.
    fn close(&mut self, node: &Node<'_>, before: Before) {
        let Some(tag) = node.tag.as_deref() else { return };
        // Texts count as well, by the words of "Card JSON 2.0 structure".
        self.elements += 1;
        if tag == "form" {
            self.close_form(before);
        }
        if matches!(node.form_action.as_deref(), Some("submit" | "form_submit")) {
            self.submits += 1;
        }
        self.judge_name(tag, node.name.as_deref().unwrap_or_default());
        if self.dialect == Dialect::V2 {
            if ONLY_IN_V1.contains(&tag) {
                self.find(Rule::DialectMix, format!("2.0 has no component `{tag}`"));
            }
            if tag == "button" && node.has_value && !node.has_behaviors && node.form_action.is_none() {
                self.find_at("value", Rule::ValueWithoutCallback, "clicking sends nothing");
            }
        }
    }

    fn close_form(&mut self, before: Before) {
        for place in self.nameless.split_off(before.nameless.min(self.nameless.len())) {
            self.findings.push(Finding::new(Rule::NamelessComponent, place, "the name is absent or empty"));
        }
        if self.submits == before.submits {
            self.find(Rule::FormWithoutSubmit, "no button has `\"form_action_type\": \"submit\"`");
        }
        let index = self.here().strip_prefix("/body/elements/").unwrap_or_default();
        if self.dialect == Dialect::V2 && (index.is_empty() || index.contains('/')) {
            self.find(Rule::MisplacedForm, "it stands inside another element");
        }
    }

    fn judge_name(&mut self, tag: &str, name: &str) {
        if name.is_empty() {
            if NAMED.contains(&tag) {
                self.nameless.push(self.place.clone());
            }
            return;
        }
        // Each language of `i18n_elements` has the same components again.
        if !self.here().starts_with("/i18n_elements/") && !self.names.insert(name.to_owned()) {
            self.find_at("name", Rule::DoubledName, "another component has it as well");
        }
    }
}

/// What was known before an object was entered.
#[derive(Clone, Copy)]
struct Before {
    nameless: usize,
    submits: usize,
}

/// What is known of one object.
#[derive(Default)]
struct Node<'de> {
    tag: Option<Cow<'de, str>>,
    name: Option<Cow<'de, str>>,
    has_value: bool,
    has_behaviors: bool,
    form_action: Option<Cow<'de, str>>,
}

/// The card itself.
struct Top<'s, 'f> {
    state: &'s mut State<'f>,
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a card")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let state = self.state;
        let mut schema_known = true;
        while let Some(Str(key)) = members.next_key()? {
            let foreign = match (&*key, state.dialect) {
                ("elements" | "i18n_elements" | "fallback", Dialect::V2) => {
                    Some("a member of 1.0 in a card of 2.0")
                }
                ("body", Dialect::V1) => Some("a member of 2.0 in a card without `schema: \"2.0\"`"),
                _ => None,
            };
            if let Some(words) = foreign {
                state.find_at(&key, Rule::DialectMix, words);
            }
            state.shows |= key == "i18n_elements" && state.dialect == Dialect::V1;
            if key == "schema" {
                let Leaf(schema) = members.next_value()?;
                schema_known = matches!(schema.as_deref(), Some("1.0" | "2.0"));
            } else if key == "config" {
                let Config { update_multi } = members.next_value()?;
                if state.dialect == Dialect::V2 && update_multi == Some(false) {
                    state.find_at("config/update_multi", Rule::NotShared, "it is not true");
                }
            } else {
                descend(state, &key, &mut members)?;
            }
        }
        if !schema_known {
            state.find_at("schema", Rule::DialectMix, "neither \"2.0\" nor \"1.0\"");
        }
        if !state.shows {
            let list = if state.dialect == Dialect::V2 { "body/elements" } else { "elements" };
            state.find_at(list, Rule::NoElements, "it is absent or no list");
        }
        if state.dialect == Dialect::V2 && state.elements > MAX_CARD_ELEMENTS {
            let words = format!("{} elements, {MAX_CARD_ELEMENTS} are allowed", state.elements);
            state.find_at("body/elements", Rule::TooManyElements, words);
        }
        Ok(())
    }
}

/// Any value below the card.
struct Below<'s, 'f> {
    state: &'s mut State<'f>,
}

impl<'de> DeserializeSeed<'de> for Below<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let before = Before { nameless: self.state.nameless.len(), submits: self.state.submits };
        let mut node = Node::default();
        while let Some(Str(key)) = members.next_key()? {
            match &*key {
                "tag" => node.tag = members.next_value::<Leaf<'_>>()?.0,
                "name" => node.name = members.next_value::<Leaf<'_>>()?.0,
                "form_action_type" | "action_type" => node.form_action = members.next_value::<Leaf<'_>>()?.0,
                // What an author attaches, and a chart's data, is no part of the card's structure.
                "value" => {
                    members.next_value::<IgnoredAny>()?;
                    node.has_value = true;
                }
                "behaviors" => {
                    members.next_value::<IgnoredAny>()?;
                    node.has_behaviors = true;
                }
                "chart_spec" => {
                    members.next_value::<IgnoredAny>()?;
                }
                _ => descend(self.state, &key, &mut members)?,
            }
        }
        self.state.close(&node, before);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let list = if self.state.dialect == Dialect::V2 { "/body/elements" } else { "/elements" };
        self.state.shows |= self.state.here() == list;
        let length = self.state.place.len();
        for index in 0_usize.. {
            // Writing to a String cannot fail.
            let _ = write!(self.state.place, "/{index}");
            let item = items.next_element_seed(Below { state: &mut *self.state })?;
            self.state.place.truncate(length);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a member's value with its key on the place.
fn descend<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    key: &str,
    members: &mut A,
) -> Result<(), A::Error> {
    let length = state.place.len();
    state.place.push('/');
    state.place.push_str(key);
    members.next_value_seed(Below { state: &mut *state })?;
    state.place.truncate(length);
    Ok(())
}

/// A key, borrowed where the text has no escapes.
struct Str<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Str<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Leaf(text) = Leaf::deserialize(deserializer)?;
        Ok(Self(text.unwrap_or_default()))
    }
}

/// A string; anything else is none.
struct Leaf<'de>(Option<Cow<'de, str>>);

impl<'de> Deserialize<'de> for Leaf<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LeafVisitor)
    }
}

struct LeafVisitor;

impl<'de> Visitor<'de> for LeafVisitor {
    type Value = Leaf<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Leaf<'de>, E> {
        Ok(Leaf(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Leaf<'de>, E> {
        Ok(Leaf(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Leaf<'de>, E> {
        Ok(Leaf(None))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Leaf<'de>, E> {
        Ok(Leaf(None))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Leaf<'de>, E> {
        Ok(Leaf(None))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Leaf<'de>, E> {
        Ok(Leaf(None))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Leaf<'de>, E> {
        Ok(Leaf(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Leaf<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Leaf(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Leaf<'de>, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Leaf(None))
    }
}

/// `config` of a card. `update_multi` that is no bool counts as not true.
struct Config {
    update_multi: Option<bool>,
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let config = serde_json::Value::deserialize(deserializer)?;
        let update_multi = config.get("update_multi").map(|shared| *shared == true);
        Ok(Self { update_multi })
    }
}
