//! The made-up people of an app, and the chats with them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::envelope::{CHAT, OPERATOR, UNION};

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Name {
    pub(crate) en: String,
    pub(crate) zh: String,
}

/// A person who can click and write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// A short name for requests.
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) open_id: String,
    #[serde(default)]
    pub(crate) union_id: String,
    #[serde(default)]
    pub(crate) user_id: String,
    pub(crate) name: Name,
    #[serde(default)]
    pub(crate) color: String,
    #[serde(default = "no_department")]
    pub(crate) department: Name,
}

fn no_department() -> Name {
    Name { en: String::new(), zh: String::new() }
}

/// Everybody in the directory of an app that names no people. The first one clicks and writes by default.
pub(crate) fn directory() -> Vec<Person> {
    const PEOPLE: [[&str; 6]; 8] = [
        ["lin", "Lin Xiao", "林晓", "#3370ff", "Sales", "销售部"],
        ["chen", "Chen Yu", "陈宇", "#00b96b", "Engineering", "研发部"],
        ["zhao", "Zhao Min", "赵敏", "#d46b08", "Finance", "财务部"],
        ["sun", "Sun Lei", "孙磊", "#722ed1", "Engineering", "研发部"],
        ["ana", "Ana Torres", "安娜", "#c41d7f", "Design", "设计部"],
        ["ben", "Ben Okafor", "本", "#08979c", "Support", "客服部"],
        ["mia", "Mia Rossi", "米娅", "#cf1322", "Sales", "销售部"],
        ["ken", "Ken Sato", "健", "#5b8c00", "Finance", "财务部"],
    ];
    let person = |[key, en, zh, color, department_en, department_zh]: [&str; 6]| Person {
        key: key.into(),
        open_id: String::new(),
        union_id: String::new(),
        user_id: String::new(),
        name: Name { en: en.into(), zh: zh.into() },
        color: color.into(),
        department: Name { en: department_en.into(), zh: department_zh.into() },
    };
    let mut people: Vec<Person> = PEOPLE.into_iter().map(person).collect();
    if let Some(first) = people.first_mut() {
        (first.open_id, first.union_id) = (OPERATOR.into(), UNION.into());
    }
    people.into_iter().map(Person::whole).collect()
}

impl Person {
    /// Fills in the ids that were not given: always the same for one key.
    pub(crate) fn whole(mut self) -> Self {
        for (id, prefix) in [(&mut self.open_id, "ou_"), (&mut self.union_id, "on_")] {
            if id.is_empty() {
                *id = made_id(prefix, &self.key);
            }
        }
        if self.user_id.is_empty() {
            self.user_id = made_id("", &self.key).chars().take(8).collect();
        }
        if self.color.is_empty() {
            self.color = "#646a73".into();
        }
        self
    }

    /// Whether a request means this person.
    pub(crate) fn is(&self, name: &str) -> bool {
        [&self.key, &self.open_id, &self.union_id, &self.user_id].into_iter().any(|own| own == name)
    }

    /// Whether a text names this person behind an `@`.
    pub(crate) fn is_named(&self, text: &str) -> Option<usize> {
        let names = [&self.name.en, &self.name.zh, &self.key];
        names.into_iter().filter(|name| !name.is_empty() && text.starts_with(&***name)).map(String::len).max()
    }
}

/// The one-to-one chat of an app's bot with a person.
pub(crate) fn chat_with(app: &str, open_id: &str) -> String {
    made_id("oc_", &(app, open_id))
}

/// An id that is always the same for the same thing.
pub(crate) fn made_id(prefix: &str, of: &(impl std::hash::Hash + ?Sized)) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (of, salt).hash(&mut hasher);
        hasher.finish()
    };
    format!("{prefix}{:016x}{:016x}", half(0), half(1))
}

/// The group that everybody is in, with all bots.
pub(crate) fn group(people: &[Person]) -> Value {
    json!({
        "chat_id": CHAT,
        "chat_type": "group",
        "name": {"en": "Everybody", "zh": "全员群"},
        "members": people.iter().map(|person| &person.open_id).collect::<Vec<_>>(),
        "app_id": null,
    })
}

/// The one-to-one chat of a bot with a person, as the interface shows it.
pub(crate) fn private(app: &str, person: &Person) -> Value {
    json!({
        "chat_id": chat_with(app, &person.open_id),
        "chat_type": "p2p",
        "name": person.name,
        "members": [person.open_id],
        "app_id": app,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_has_whole_and_different_people() {
        let people = directory();
        assert_eq!(people[0].open_id, OPERATOR);
        for person in &people {
            assert!(person.open_id.starts_with("ou_") && person.union_id.starts_with("on_"), "{person:?}");
            assert_eq!(people.iter().filter(|other| other.is(&person.user_id)).count(), 1);
        }
        assert_eq!(people[0].is_named("Lin Xiao, hello"), Some(8));
        assert_eq!(people[0].is_named("Chen"), None);
        assert_ne!(chat_with("cli_a", OPERATOR), chat_with("cli_b", OPERATOR));
    }
}
