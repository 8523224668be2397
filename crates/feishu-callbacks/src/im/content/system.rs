//! System messages: a sentence with gaps and what stands in them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::value::text_of;

/// A line that the platform wrote, such as "Ann invited Ben to this chat."
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct System {
    /// The sentence with gaps: `{from_user} invited {to_chatters} to this chat.`
    pub template: String,
    /// What stands in the gaps, by name: a list of names, or an object with `text` and `i18n_text`. Not every member is in
    /// the template.
    pub members: Map<String, Value>,
}

impl System {
    pub(super) fn read(content: &Value) -> Option<Self> {
        let mut members = content.as_object()?.clone();
        let template = text_of(&members.remove("template")?)?.into_owned();
        Some(Self { template, members })
    }

    /// The sentence with its gaps filled in. A gap that no member is for stays as it is.
    pub fn text(&self) -> String {
        let mut filled = String::with_capacity(self.template.len());
        let mut rest = self.template.as_str();
        while let Some((before, from_brace)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, after)) = from_brace.split_once('}') else {
                rest = from_brace;
                filled.push('{');
                continue;
            };
            if let Some(value) = self.members.get(name) {
                filled.push_str(&said(value));
            } else {
                for part in ["{", name, "}"] {
                    filled.push_str(part);
                }
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }
}

/// A list of names, or text, or an object with text in one or more languages.
fn said(value: &Value) -> Cow<'_, str> {
    if let Value::Array(names) = value {
        let names: Vec<_> = names.iter().filter_map(text_of).collect();
        return names.join(", ").into();
    }
    let translated = || value.get("i18n_text")?.as_object()?.values().find_map(text_of);
    text_of(value).or_else(|| text_of(value.get("text")?)).or_else(translated).unwrap_or_default()
}
