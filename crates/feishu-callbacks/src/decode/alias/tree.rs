//! JSON whose objects are opened only where a path leads; the rest stays text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A value that can be changed along a path.
pub(super) enum Node<'a> {
    Raw(&'a RawValue),
    Object(Vec<(String, Node<'a>)>),
    List(Vec<Node<'a>>),
    Text(String),
}

impl<'a> Node<'a> {
    /// Reads JSON; `None` if it is not JSON.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().map(Self::Raw)
    }

    /// Members of an object in their order; `None` for anything else.
    pub(super) fn members(&mut self) -> Option<&mut Vec<(String, Self)>> {
        if let Self::Raw(raw) = self {
            let Members(members) = serde_json::from_str(raw.get()).ok()?;
            *self = Self::Object(members.into_iter().map(|(key, value)| (key, Self::Raw(value))).collect());
        }
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Items of a list; `None` for anything else.
    pub(super) fn items(&mut self) -> Option<&mut Vec<Self>> {
        if let Self::Raw(raw) = self {
            let Items(items) = serde_json::from_str(raw.get()).ok()?;
            *self = Self::List(items.into_iter().map(Self::Raw).collect());
        }
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value at a path; of two members of one name the first.
    pub(super) fn at(&mut self, path: &[&str]) -> Option<&mut Self> {
        let Some((name, rest)) = path.split_first() else { return Some(self) };
        self.members()?.iter_mut().find(|(key, _)| key == name)?.1.at(rest)
    }

    /// Text of a string that is not empty, or of a number.
    pub(super) fn text(&self) -> Option<String> {
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::Raw(raw) => match raw.get().as_bytes().first()? {
                b'"' => serde_json::from_str(raw.get()).ok()?,
                b'-' | b'0'..=b'9' => raw.get().to_owned(),
                _ => return None,
            },
            Self::Object(_) | Self::List(_) => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// True for `null`, an empty string, an empty list and an empty object: nothing is lost with it.
    pub(super) fn is_empty(&mut self) -> bool {
        match self {
            Self::Raw(raw) if matches!(raw.get(), "null" | "\"\"" | "{}" | "[]") => true,
            Self::Text(text) => text.is_empty(),
            Self::Object(members) => members.iter_mut().all(|(_, value)| value.is_empty()),
            _ => false,
        }
    }

    /// Kind of the value, as `serde_json` names it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Object(_) => "map",
            Self::List(_) => "sequence",
            Self::Text(_) => "string",
            Self::Raw(raw) => match raw.get().as_bytes().first() {
                Some(b'{') => "map",
                Some(b'[') => "sequence",
                Some(b'"') => "string",
                Some(b't' | b'f') => "boolean",
                Some(b'n') | None => "null",
                Some(_) => "number",
            },
        }
    }

    /// Takes every member of this name out of the object at the end of a path.
    pub(super) fn remove(&mut self, path: &[&str]) {
        if let Some((name, parent)) = path.split_last() {
            if let Some(members) = self.at(parent).and_then(Self::members) {
                members.retain(|(key, _)| key != name);
            }
        }
    }

    /// Puts text at a path; values on the path that are not objects are replaced by one.
    pub(super) fn put(&mut self, path: &[&str], text: String) {
        let Some((name, rest)) = path.split_first() else {
            *self = Self::Text(text);
            return;
        };
        if self.members().is_none() {
            *self = Self::Object(Vec::new());
        }
        let Some(members) = self.members() else { return };
        if let Some((_, value)) = members.iter_mut().find(|(key, _)| key == name) {
            value.put(rest, text);
            return;
        }
        let mut value = Self::Object(Vec::new());
        value.put(rest, text);
        members.push(((*name).to_owned(), value));
    }

    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Raw(raw) => out.push_str(raw.get()),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// Text always serialises.
fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }

        deserializer.deserialize_seq(Each)
    }
}
