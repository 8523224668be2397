//! Interactive components of a card.

use serde_json::{Map, Value};

/// Tags of components that a user can operate.
const TAGS: [&str; 13] = [
    "button",
    "input",
    "select_static",
    "multi_select_static",
    "select_person",
    "multi_select_person",
    "overflow",
    "checker",
    "date_picker",
    "picker_time",
    "picker_datetime",
    "select_img",
    "interactive_container",
];

/// A component in its card.
#[derive(Clone, Debug)]
pub(super) struct Component<'a> {
    /// Where it is: a JSON pointer into the card.
    pub(super) path: String,
    pub(super) tag: &'a str,
    pub(super) json: &'a Map<String, Value>,
    /// The form that it is in.
    pub(super) form: Option<String>,
    is_v2: bool,
}

/// All components of a card, in their order.
pub(super) fn components(card: &Value) -> Vec<Component<'_>> {
    let mut found = Vec::new();
    let is_v2 = crate::card::is_v2(card);
    walk(card, "", None, is_v2, &mut found);
    found
}

fn walk<'a>(value: &'a Value, path: &str, form: Option<&str>, is_v2: bool, found: &mut Vec<Component<'a>>) {
    match value {
        Value::Object(members) => {
            let tag = members.get("tag").and_then(Value::as_str);
            if let Some(tag) = tag.filter(|tag| TAGS.contains(tag)) {
                let form = form.map(str::to_owned);
                found.push(Component { path: path.to_owned(), tag, json: members, form, is_v2 });
            }
            let form = if tag == Some("form") { Some(path) } else { form };
            for (name, member) in members {
                // What an author gave for the callback is no part of the card.
                if !matches!(&**name, "value" | "behaviors") {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    walk(member, &format!("{path}/{name}"), form, is_v2, found);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}/{index}"), form, is_v2, found);
            }
        }
        _ => {}
    }
}

impl<'a> Component<'a> {
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.json.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Whether the bot could not tell them apart.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let name = |it: &Self| it.text("name").map(str::to_owned);
        self.tag == other.tag && name(self) == name(other) && self.value() == other.value()
    }

    /// The words on it, in every language.
    pub(super) fn is_labelled(&self, wanted: &str) -> bool {
        let Some(text) = self.json.get("text") else { return false };
        let i18n = ["i18n", "i18n_content"].into_iter().filter_map(|name| text.get(name)?.as_object());
        let mut words = text.get("content").into_iter().chain(i18n.flat_map(Map::values));
        words.any(|word| word.as_str() == Some(wanted))
    }

    /// Whether it submits its form.
    pub(super) fn submits(&self) -> bool {
        self.form.is_some()
            && (self.text("form_action_type") == Some("submit")
                || self.text("action_type") == Some("form_submit")
                || self.behavior("form_action").and_then(|it| it.get("behavior")?.as_str()) == Some("submit"))
    }

    fn callback(&self) -> Option<&'a Value> {
        self.behavior("callback")
    }

    fn behavior(&self, wanted: &str) -> Option<&'a Value> {
        let behaviors = self.json.get("behaviors")?.as_array()?;
        behaviors.iter().find(|behavior| behavior.get("type").and_then(Value::as_str) == Some(wanted))
    }

    /// What its author gave for the callback.
    pub(super) fn value(&self) -> Option<&'a Value> {
        let own = || self.json.get("value").filter(|_| !self.is_v2 || self.submits());
        self.callback().and_then(|behavior| behavior.get("value")).or_else(own)
    }

    /// Why operating it would not reach the bot.
    pub(super) fn is_silent(&self) -> Option<&'static str> {
        if self.json.get("disabled") == Some(&Value::Bool(true)) {
            return Some("it is disabled");
        }
        if self.submits() {
            return None;
        }
        if self.form.is_some() && self.tag != "button" {
            return Some(
                "it is in a form: give its value in form_value, with the button that submits the form",
            );
        }
        // The documentation gives an overflow menu no behaviors: each option has a value or leads to a page.
        if self.is_v2 && self.tag != "overflow" && self.callback().is_none() {
            return Some("it has no behavior of type callback, so the platform does not call the bot");
        }
        None
    }

    /// The values of its options; `None` when it has no list of its own.
    pub(super) fn options(&self) -> Option<Vec<&'a str>> {
        let options = self.json.get("options")?.as_array()?;
        let value = |option: &'a Value| option.get("value").and_then(Value::as_str);
        Some(options.iter().filter_map(value).collect())
    }

    /// What a form has for it when the user does not touch it.
    pub(super) fn initial(&self) -> Option<Value> {
        let given = |names: &[&str]| {
            let found = names.iter().find_map(|name| self.json.get(*name));
            found.filter(|value| !value.is_null() && value.as_str() != Some("")).cloned()
        };
        match self.tag {
            "input" => given(&["default_value"]),
            "checker" => Some(Value::Bool(self.json.get("checked") == Some(&Value::Bool(true)))),
            "date_picker" => given(&["initial_date"]).map(|date| dated(&date)),
            "picker_time" => given(&["initial_time"]).map(|time| dated(&time)),
            "picker_datetime" => given(&["initial_datetime"]).map(|time| dated(&time)),
            "multi_select_static" | "multi_select_person" => given(&["selected_values"]),
            "button" | "interactive_container" | "overflow" => None,
            _ => given(&["initial_option", "selected_values"]),
        }
    }

    pub(super) fn is_date(&self) -> bool {
        matches!(self.tag, "date_picker" | "picker_time" | "picker_datetime")
    }

    /// How it is called in an error.
    pub(super) fn label(&self) -> String {
        match self.text("name").or_else(|| self.text("element_id")) {
            Some(name) => format!("{} {name:?} at {}", self.tag, self.path),
            None => format!("{} at {}", self.tag, self.path),
        }
    }
}

/// A picked time as the platform sends it: with the offset of its time zone.
pub(super) fn dated(value: &Value) -> Value {
    match value.as_str() {
        Some(text)
            if !text.contains('+') && !text.rsplit(' ').next().is_some_and(|it| it.starts_with('-')) =>
        {
            format!("{text} +0800").into()
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn components_are_found_at_any_depth_with_their_form() {
        let card = json!({"schema": "2.0", "body": {"elements": [
            {"tag": "column_set", "columns": [{"tag": "column", "elements": [
                {"tag": "button", "name": "a", "behaviors": [{"type": "callback", "value": {"tag": "button"}}]},
            ]}]},
            {"tag": "form", "name": "f", "elements": [
                {"tag": "input", "name": "note", "default_value": "x"},
                {"tag": "date_picker", "name": "day", "initial_date": "2026-01-02"},
                {"tag": "button", "name": "go", "form_action_type": "submit", "value": "old"},
            ]},
            {"tag": "button", "name": "dead", "value": {"a": 1}},
        ]}});
        let found = components(&card);
        let names: Vec<_> = found.iter().filter_map(|it| it.text("name")).collect();
        assert_eq!(names, ["a", "note", "day", "go", "dead"]);
        assert_eq!(found[0].path, "/body/elements/0/columns/0/elements/0");
        assert_eq!(found[0].value(), Some(&json!({"tag": "button"})));
        assert_eq!(found[2].initial(), Some(json!("2026-01-02 +0800")));
        assert!(
            found[3].submits() && found[3].value() == Some(&json!("old")) && found[3].is_silent().is_none()
        );
        assert!(found[1].is_silent().unwrap().contains("form_value"));
        assert!(
            found[4].is_silent().is_some() && found[4].value().is_none(),
            "an old value has no effect in 2.0"
        );
        for component in &found {
            assert_eq!(card.pointer(&component.path).unwrap()["tag"], component.tag);
        }
    }
}
