//! A walk over the tree of a card that collects what the client would refuse.
//!
//! A card has at most 30 KB, so its tree is built for this and dropped.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::MAX_CARD_ELEMENTS;
use crate::card::raw::{Dialect, RawCard};
use crate::finding::{Finding, Rule};

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

/// Members that are not part of the card's structure: what an author attaches, and the data of a chart.
const OPAQUE: [&str; 3] = ["value", "behaviors", "chart_spec"];

/// Adds what is wrong with a card; `place` is where the card is in the reply.
pub(super) fn walk(card: &RawCard, place: &str, findings: &mut Vec<Finding>) {
    match serde_json::from_str(card.as_json()) {
        Ok(members) => Walk::new(card.dialect(), place, findings).card(&members),
        Err(error) => findings.push(Finding::new(Rule::Unreadable, place, error.to_string())),
    }
}

struct Walk<'f> {
    dialect: Dialect,
    /// JSON pointer to the value that is being looked at.
    place: String,
    /// Length of `place` at the card itself.
    root: usize,
    elements: usize,
    submits: usize,
    names: HashSet<String>,
    /// Places of components without a name; a finding only if they turn out to be in a form.
    nameless: Vec<String>,
    findings: &'f mut Vec<Finding>,
}

impl<'f> Walk<'f> {
    fn new(dialect: Dialect, place: &str, findings: &'f mut Vec<Finding>) -> Self {
        Self {
            dialect,
            place: place.to_owned(),
            root: place.len(),
            elements: 0,
            submits: 0,
            names: HashSet::new(),
            nameless: Vec::new(),
            findings,
        }
    }

    /// The card itself: its dialect, its list of elements, and everything below.
    fn card(&mut self, card: &Map<String, Value>) {
        for (key, value) in card {
            match (key.as_str(), self.dialect) {
                ("elements" | "i18n_elements" | "fallback", Dialect::V2) => {
                    self.find_at(key, Rule::DialectMix, "a member of 1.0 in a card of 2.0");
                }
                ("body", Dialect::V1) => {
                    let words = "a member of 2.0 in a card without `schema: \"2.0\"`";
                    self.find_at(key, Rule::DialectMix, words);
                }
                _ => {}
            }
            if !matches!(key.as_str(), "schema" | "config") {
                self.below(key, value);
            }
        }
        self.judge_head(card);
        if self.dialect == Dialect::V2 && self.elements > MAX_CARD_ELEMENTS {
            let words = format!("{} elements, {MAX_CARD_ELEMENTS} are allowed", self.elements);
            self.find_at("body/elements", Rule::TooManyElements, words);
        }
    }

    fn judge_head(&mut self, card: &Map<String, Value>) {
        let shared = card.get("config").and_then(|config| config.get("update_multi"));
        if self.dialect == Dialect::V2 && shared.is_some_and(|shared| *shared != true) {
            self.find_at("config/update_multi", Rule::NotShared, "it is not true");
        }
        if card.get("schema").is_some_and(|schema| *schema != "1.0" && *schema != "2.0") {
            self.find_at("schema", Rule::DialectMix, "neither \"2.0\" nor \"1.0\"");
        }
        let (list, has_list) = match self.dialect {
            Dialect::V2 => (
                "body/elements",
                card.get("body").and_then(|body| body.get("elements")).is_some_and(Value::is_array),
            ),
            Dialect::V1 => (
                "elements",
                card.contains_key("i18n_elements") || card.get("elements").is_some_and(Value::is_array),
            ),
        };
        if !has_list {
            self.find_at(list, Rule::NoElements, "it is absent or not a list");
        }
    }

    /// A value one step further in.
    fn below(&mut self, step: impl std::fmt::Display, value: &Value) {
        let length = self.place.len();
        // Writing to a String cannot fail.
        let _ = write!(self.place, "/{step}");
        match value {
            Value::Object(members) => self.object(members),
            Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| self.below(index, item)),
            _ => {}
        }
        self.place.truncate(length);
    }

    /// An object; a component if it has a tag.
    fn object(&mut self, members: &Map<String, Value>) {
        let (submits, nameless) = (self.submits, self.nameless.len());
        for (key, value) in members.iter().filter(|(key, _)| !OPAQUE.contains(&key.as_str())) {
            self.below(key, value);
        }
        let Some(tag) = text(members, "tag") else { return };
        // Texts count as well, by the words of "Card JSON 2.0 structure".
        self.elements += 1;
        if tag == "form" {
            self.form(submits, nameless);
        }
        let action = text(members, "form_action_type").or_else(|| text(members, "action_type"));
        if matches!(action, Some("submit" | "form_submit")) {
            self.submits += 1;
        }
        self.judge_name(tag, text(members, "name").unwrap_or_default());
        if self.dialect == Dialect::V2 {
            if ONLY_IN_V1.contains(&tag) {
                self.find(Rule::DialectMix, format!("2.0 has no component `{tag}`"));
            }
            let sends = members.contains_key("behaviors") || action.is_some();
            if tag == "button" && members.contains_key("value") && !sends {
                self.find_at("value", Rule::ValueWithoutCallback, "clicking sends nothing");
            }
        }
    }

    /// A form, after its members; `submits` and `nameless` were counted before them.
    fn form(&mut self, submits: usize, nameless: usize) {
        for place in self.nameless.split_off(nameless) {
            self.findings.push(Finding::new(Rule::NamelessComponent, place, "the name is absent or empty"));
        }
        if self.submits == submits {
            self.find(Rule::FormWithoutSubmit, "no button has `\"form_action_type\": \"submit\"`");
        }
        let index = self.here().strip_prefix("/body/elements/").unwrap_or_default();
        if self.dialect == Dialect::V2 && (index.is_empty() || index.contains('/')) {
            self.find(Rule::MisplacedForm, "it is inside another element");
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

    /// The place, from the card on.
    fn here(&self) -> &str {
        self.place.get(self.root..).unwrap_or_default()
    }

    fn find(&mut self, rule: Rule, message: impl Into<String>) {
        self.findings.push(Finding::new(rule, self.place.clone(), message));
    }

    fn find_at(&mut self, member: &str, rule: Rule, message: impl Into<String>) {
        self.findings.push(Finding::new(rule, format!("{}/{member}", self.place), message));
    }
}

fn text<'m>(members: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    members.get(key)?.as_str()
}
