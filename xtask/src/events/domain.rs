//! One domain of the description: its events, structs and enums.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Types of members that the library has, beside the simple ones.
const IDS: &[&str] = &["AppId", "ChatId", "EventId", "MessageId", "OpenId", "TenantKey", "UnionId", "UserId"];
/// Structs written by hand that members may have.
const SHARED: &[&str] = &["ChatMember", "ChatNames", "ChatUser", "UserIds"];

/// A file of the description.
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) events: Vec<Event>,
    pub(super) structs: Vec<Struct>,
    pub(super) enums: Vec<Enum>,
    pub(super) secrets: Vec<Secret>,
}

/// One type of event.
pub(super) struct Event {
    /// The platform's name.
    pub(super) kind: String,
    pub(super) first_schema: bool,
    pub(super) doc: String,
    /// Title of the page in the documentation.
    pub(super) title: Option<String>,
    pub(super) page: Option<String>,
    /// Scopes of which the app needs one.
    pub(super) scopes: Vec<String>,
    pub(super) body: Body,
}

/// Where the model of an event comes from.
pub(super) enum Body {
    /// Generated, with this name and these members.
    Generated(String, Vec<Member>),
    /// Written by hand: its path, and a sample.
    ByHand(String, String),
}

impl Event {
    /// Name in Rust, with its module.
    pub(super) fn path(&self, domain: &Domain) -> String {
        match &self.body {
            Body::Generated(name, _) => format!("{}::{name}", domain.name),
            Body::ByHand(path, _) => path.clone(),
        }
    }
}

pub(super) struct Struct {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) members: Vec<Member>,
}

pub(super) struct Member {
    /// Name in the JSON.
    pub(super) wire: String,
    /// Name in Rust.
    pub(super) field: String,
    pub(super) doc: String,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Text,
    Int,
    Float,
    Bool,
    Time,
    Json,
    Map,
    Id(String),
    Shared(String),
    Struct(String),
    Enum(String),
    Secret(String),
    List(Box<Kind>),
}

impl Kind {
    /// Name of a type of the domain that this is, or is a list of.
    pub(super) fn local(&self) -> Option<&str> {
        match self {
            Self::Struct(name) | Self::Enum(name) | Self::Secret(name) => Some(name),
            Self::List(item) => item.local(),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enum {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) values: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    domain: About,
    #[serde(default)]
    event: Vec<WrittenEvent>,
    #[serde(default, rename = "struct")]
    structs: Vec<WrittenStruct>,
    #[serde(default, rename = "enum")]
    enums: Vec<Enum>,
    #[serde(default, rename = "secret")]
    secrets: Vec<Secret>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEvent {
    #[serde(rename = "type")]
    kind: String,
    schema: Option<String>,
    doc: String,
    title: Option<String>,
    page: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    name: Option<String>,
    written_by_hand: Option<String>,
    sample: Option<String>,
    #[serde(default)]
    members: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStruct {
    name: String,
    doc: String,
    members: toml::Table,
}

impl Domain {
    pub(super) fn read(name: &str, written: Written, words: &BTreeMap<String, String>) -> Result<Self> {
        let structs: Vec<&str> = written.structs.iter().map(|it| it.name.as_str()).collect();
        let enums: Vec<&str> = written.enums.iter().map(|it| it.name.as_str()).collect();
        let secrets: Vec<&str> = written.secrets.iter().map(|it| it.name.as_str()).collect();
        let reader = Reader { structs, enums, secrets, words };
        let types: Vec<&str> = written.event.iter().map(|it| it.kind.as_str()).collect();
        let mut events = Vec::new();
        for event in &written.event {
            events.push(reader.event(event, &types).with_context(|| format!("event {}", event.kind))?);
        }
        let mut read = Vec::new();
        for it in &written.structs {
            let members = reader.members(&it.members).with_context(|| format!("struct {}", it.name))?;
            read.push(Struct { name: it.name.clone(), doc: it.doc.clone(), members });
        }
        let Written { enums, secrets, domain: About { doc }, .. } = written;
        Ok(Self { name: name.to_owned(), doc, events, structs: read, enums, secrets })
    }

    /// Every member of a generated type.
    pub(super) fn all_members(&self) -> impl Iterator<Item = &Member> {
        let bodies = self.events.iter().filter_map(|event| match &event.body {
            Body::Generated(_, members) => Some(members),
            Body::ByHand(..) => None,
        });
        bodies.chain(self.structs.iter().map(|it| &it.members)).flatten()
    }

    /// Names of all generated types.
    pub(super) fn type_names(&self) -> Vec<String> {
        let events = self.events.iter().filter_map(|event| match &event.body {
            Body::Generated(name, _) => Some([name.clone(), format!("{name}Event")]),
            Body::ByHand(..) => None,
        });
        let structs = self.structs.iter().map(|it| &it.name);
        let others = self.enums.iter().map(|it| &it.name).chain(self.secrets.iter().map(|it| &it.name));
        events.flatten().chain(structs.chain(others).cloned()).collect()
    }
}

struct Reader<'a> {
    structs: Vec<&'a str>,
    enums: Vec<&'a str>,
    secrets: Vec<&'a str>,
    words: &'a BTreeMap<String, String>,
}

impl Reader<'_> {
    fn event(&self, event: &WrittenEvent, types: &[&str]) -> Result<Event> {
        let first_schema = match event.schema.as_deref() {
            None => false,
            Some("1.0") => true,
            Some(other) => bail!("schema is `1.0` or left out, not `{other}`"),
        };
        let body = match (&event.written_by_hand, &event.sample) {
            (None, None) => {
                let name = event.name.clone().unwrap_or_else(|| name_of(&event.kind, types));
                Body::Generated(name, self.members(&event.members)?)
            }
            (Some(path), Some(sample)) if event.members.is_empty() => {
                Body::ByHand(path.clone(), sample.clone())
            }
            _ => bail!("a model written by hand has `written_by_hand`, `sample` and no members"),
        };
        Ok(Event {
            kind: event.kind.clone(),
            first_schema,
            doc: event.doc.clone(),
            title: event.title.clone(),
            page: event.page.clone(),
            scopes: event.scopes.clone(),
            body,
        })
    }

    fn members(&self, members: &toml::Table) -> Result<Vec<Member>> {
        members.iter().map(|(wire, value)| self.member(wire, value)).collect()
    }

    fn member(&self, wire: &str, value: &toml::Value) -> Result<Member> {
        let own = |key: &str| value.get(key).and_then(toml::Value::as_str);
        let kind = value.as_str().or_else(|| own("is")).with_context(|| format!("`{wire}` has no type"))?;
        let doc = own("doc").or_else(|| self.words.get(wire).map(String::as_str));
        let doc = doc.with_context(|| format!("`{wire}` has no words: add it to words.toml"))?;
        let field = own("name").map_or_else(|| field_of(wire), str::to_owned);
        let kind = self.kind(kind).with_context(|| format!("`{wire}` has the unknown type `{kind}`"))?;
        Ok(Member { wire: wire.to_owned(), field, doc: doc.to_owned(), kind })
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        if let Some(item) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return Some(Kind::List(Box::new(self.kind(item)?)));
        }
        let owned = name.to_owned();
        Some(match name {
            "text" => Kind::Text,
            "int" => Kind::Int,
            "float" => Kind::Float,
            "bool" => Kind::Bool,
            "time" => Kind::Time,
            "json" => Kind::Json,
            "map" => Kind::Map,
            _ if IDS.contains(&name) => Kind::Id(owned),
            _ if SHARED.contains(&name) => Kind::Shared(owned),
            _ if self.structs.contains(&name) => Kind::Struct(owned),
            _ if self.enums.contains(&name) => Kind::Enum(owned),
            _ if self.secrets.contains(&name) => Kind::Secret(owned),
            _ => return None,
        })
    }
}

/// The field for a member: in snake case, and no keyword.
fn field_of(wire: &str) -> String {
    if wire == "type" {
        return "kind".to_owned();
    }
    let mut field = String::new();
    let mut before = '_';
    for letter in wire.chars() {
        if letter.is_uppercase() && !before.is_uppercase() && before != '_' {
            field.push('_');
        }
        field.extend(letter.to_lowercase());
        before = letter;
    }
    field
}

/// `UserCreated` of `contact.user.created_v3`. Where the same event has an older version, with the version.
fn name_of(kind: &str, types: &[&str]) -> String {
    let (stem, version) = without_version(kind);
    let older =
        types.iter().map(|other| without_version(other)).any(|(other, it)| other == stem && it < version);
    let mut words = Vec::new();
    for word in stem.split('.').skip(usize::from(stem.contains('.'))) {
        // `meeting.meeting_started` says it twice.
        if words.last().is_some_and(|last| word.strip_prefix(*last).is_some_and(|rest| rest.starts_with('_')))
        {
            words.pop();
        }
        words.push(word);
    }
    let name: String = words.iter().map(|word| camel_case(word)).collect();
    if older { format!("{name}V{version}") } else { name }
}

fn without_version(kind: &str) -> (&str, u32) {
    let split = kind.rsplit_once("_v").and_then(|(stem, version)| Some((stem, version.parse().ok()?)));
    split.unwrap_or((kind, 0))
}

pub(super) fn camel_case(words: &str) -> String {
    let parts = words.split(|it: char| !it.is_alphanumeric());
    let parts =
        parts.map(|part| part.chars().take(1).flat_map(char::to_uppercase).chain(part.chars().skip(1)));
    parts.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::{field_of, name_of};

    #[test]
    fn names_follow_the_platform() {
        let types = ["corehr.department.created_v1", "corehr.department.created_v2"];
        for (kind, name) in [
            ("contact.user.created_v3", "UserCreated"),
            ("im.chat.updated_v1", "ChatUpdated"),
            ("vc.meeting.meeting_started_v1", "MeetingStarted"),
            ("corehr.department.created_v1", "DepartmentCreated"),
            ("corehr.department.created_v2", "DepartmentCreatedV2"),
            ("leave_approvalV2", "LeaveApprovalV2"),
            ("add_bot", "AddBot"),
        ] {
            assert_eq!(name_of(kind, &types), name, "{kind}");
        }
    }

    #[test]
    fn fields_are_in_snake_case() {
        for (wire, field) in [("leaderID", "leader_id"), ("type", "kind"), ("avatar_72", "avatar_72")] {
            assert_eq!(field_of(wire), field);
        }
    }
}
