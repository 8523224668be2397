//! Redaction of recordings.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

/// Members with a secret value.
const SECRETS: &[&str] = &["token", "preview_token", "encrypt", "ticket", "app_secret", "challenge"];
/// Members that identify a person, a tenant or a chat.
const PERSONAL: &[&str] = &[
    "open_id",
    "union_id",
    "user_id",
    "tenant_key",
    "open_chat_id",
    "chat_id",
    "email",
    "mobile",
    "employee_id",
    "operator_id",
];
/// Minimum length of an id that is replaced in texts; a shorter one may occur by chance.
const MIN_QUOTE: usize = 6;
/// The text that replaces a secret.
const REDACTED: &str = "[redacted]";

/// The redaction rules of a recording.
///
/// By default tokens are removed, and ids of people, tenants and chats are replaced by pseudonyms, the same one for the
/// same id within a recording, so that a replay can distinguish them. What people wrote is kept, because handlers need it;
/// see [`texts`](Self::texts).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Redaction {
    more: BTreeSet<String>,
    texts: bool,
    key: RandomState,
}

impl Redaction {
    /// Hides the values of another member, at any depth.
    pub fn hide(mut self, member: impl Into<String>) -> Self {
        self.more.insert(member.into());
        self
    }

    /// Also hides what people wrote and chose: form fields, inputs, message contents.
    pub fn texts(mut self) -> Self {
        self.texts = true;
        for member in ["form_value", "input_value", "content", "text"] {
            self.more.insert(member.to_owned());
        }
        self
    }

    /// Redacts one line: the payload, and the answer to it.
    pub(crate) fn line(&self) -> LineRedaction<'_> {
        LineRedaction { rules: self, known: BTreeMap::new() }
    }
}

/// The redaction of one line. An id found in a member is also replaced in texts that quote it.
pub(crate) struct LineRedaction<'a> {
    rules: &'a Redaction,
    /// The ids found, with their pseudonyms.
    known: BTreeMap<String, String>,
}

impl LineRedaction<'_> {
    /// Redacts in place.
    pub(crate) fn apply(&mut self, value: &mut Value) {
        self.members(value);
        self.quotes(value);
    }

    fn members(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if SECRETS.contains(&name.as_str()) || self.rules.more.contains(name) {
                        blank(value);
                    } else if PERSONAL.contains(&name.as_str()) {
                        self.rename(value);
                    } else {
                        self.members(value);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.members(item)),
            Value::String(text) => self.inside(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Redacts JSON in a string, such as the content of a message.
    fn inside(&mut self, text: &mut String) {
        if text.starts_with(['{', '[']) {
            if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                self.members(&mut inner);
                *text = inner.to_string();
            }
        }
    }

    fn rename(&mut self, value: &mut Value) {
        match value {
            Value::String(id) if !id.is_empty() => {
                let prefix = id.split_once('_').map_or("id", |(prefix, _)| prefix);
                let prefix = if prefix.len() <= 4 { prefix } else { "id" };
                let pseudonym = format!("{prefix}_{:012x}", self.rules.key.hash_one(&*id) >> 16);
                let id = std::mem::replace(id, pseudonym.clone());
                if id.len() >= MIN_QUOTE {
                    self.known.insert(id, pseudonym);
                }
            }
            other => self.members(other),
        }
    }

    fn quotes(&self, value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|value| self.quotes(value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.quotes(item)),
            Value::String(text) => {
                for (id, pseudonym) in &self.known {
                    if text.contains(id) {
                        *text = text.replace(id, pseudonym);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Empties a value but keeps its structure.
fn blank(value: &mut Value) {
    match value {
        Value::String(text) if !text.is_empty() => REDACTED.clone_into(text),
        Value::Object(members) => members.values_mut().for_each(blank),
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Number(number) => *number = 0.into(),
        Value::String(_) | Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn redaction_removes_tokens_and_gives_each_id_its_own_pseudonym() {
        let redaction = Redaction::default();
        let mut value = json!({
            "header": { "token": "v-secret", "event_id": "e1", "tenant_key": "t1" },
            "event": {
                "token": "c-secret",
                "operator": { "open_id": "ou_alice", "user_id": "" },
                "others": [{ "open_id": "ou_b" }, { "open_id": "ou_alice" }],
                "card": "<at id=ou_alice></at>",
                "message": { "content": "{\"text\":\"hi\",\"mentions\":[{\"open_id\":\"ou_alice\"}]}" },
                "action": { "form_value": { "note": "milk" } },
            },
        });
        redaction.line().apply(&mut value);
        let text = value.to_string();
        assert!(!text.contains("secret") && !text.contains("alice") && !text.contains("\"t1\""), "{text}");
        let of = |pointer: &str| value.pointer(pointer).unwrap().clone();
        assert_eq!(of("/event/operator/open_id"), of("/event/others/1/open_id"));
        assert_ne!(of("/event/operator/open_id"), of("/event/others/0/open_id"));
        assert!(of("/event/operator/open_id").as_str().unwrap().starts_with("ou_"));
        assert_eq!(of("/event/action/form_value/note"), "milk");
        assert_eq!(of("/header/event_id"), "e1");
    }

    #[test]
    fn redaction_hides_texts_and_further_members_on_request() {
        let redaction = Redaction::default().texts().hide("order");
        let mut value = json!({ "form_value": { "note": "milk", "n": 7 }, "order": ["a"], "kept": "b" });
        redaction.line().apply(&mut value);
        assert_eq!(
            value,
            json!({ "form_value": { "note": REDACTED, "n": 0 }, "order": [REDACTED], "kept": "b" })
        );
    }
}
