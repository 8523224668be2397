//! The Rust code of the models.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::MARK;
use super::description::Description;
use super::domain::{Body, Domain, Enum, Event, Kind, Member, camel_case};

/// Width of a line of code or documentation.
const WIDTH: usize = 110;

/// The module that names the others.
pub(super) fn modules(description: &Description) -> String {
    let mut code = format!("{MARK}\n//! Models of events, one module for each domain of the platform.\n\n");
    for Domain { name, .. } in &description.domains {
        // The events of `im` appear beside those that are always there.
        let public = if name == "im" { "pub(crate)" } else { "pub" };
        let _ = write!(code, "#[cfg(feature = \"{name}\")]\n{public} mod {name};\n");
    }
    code
}

/// The module of one domain.
pub(super) fn module(_: &Description, domain: &Domain) -> String {
    let name = &domain.name;
    let mut code = MARK.to_owned();
    code.push('\n');
    doc(&mut code, "//!", 0, &format!("{} Feature `{name}`.", domain.doc));
    code.push('\n');
    imports(&mut code, domain);
    let generated = domain.events.iter().filter_map(|event| match &event.body {
        Body::Generated(name, members) => Some((event, name, members)),
        Body::ByHand(..) => None,
    });
    let generated: Vec<_> = generated.collect();
    if !generated.is_empty() {
        code.push_str("events! {\n");
        for (event, name, _) in &generated {
            doc(&mut code, "///", 4, &about(event));
            let _ = writeln!(code, "    {name} = {name}Event: \"{}\";", event.kind);
        }
        code.push_str("}\n\n");
        code.push_str("models! {\n");
        for (event, name, members) in &generated {
            doc(&mut code, "///", 4, &format!("Body of [`{name}`], `{}`.", event.kind));
            members_of(&mut code, &format!("{name}Event"), members);
        }
        for it in &domain.structs {
            doc(&mut code, "///", 4, &it.doc);
            members_of(&mut code, &it.name, &it.members);
        }
        code.push_str("}\n");
    }
    for it in &domain.enums {
        enumeration(&mut code, it);
    }
    names(&mut code, "texts", domain.enums.iter().map(|it| it.name.as_str()));
    if !domain.secrets.is_empty() {
        code.push_str("\ncrate::secret::secrets! {\n");
        for it in &domain.secrets {
            doc(&mut code, "///", 4, &it.doc);
            let _ = writeln!(code, "    {};", it.name);
        }
        code.push_str("}\n");
        names(&mut code, "hidden", domain.secrets.iter().map(|it| it.name.as_str()));
    }
    code
}

/// What an event is, its names, its page and its scopes.
fn about(event: &Event) -> String {
    let mut about = format!("{} `{}`", event.doc, event.kind);
    if event.first_schema {
        about.push_str(", schema 1.0");
    }
    match (&event.title, &event.page) {
        (Some(title), Some(page)) => drop(write!(about, ", [{title}]({page})")),
        (Some(title), None) => drop(write!(about, ", {title}")),
        (None, Some(page)) => drop(write!(about, ", [documentation]({page})")),
        (None, None) => {}
    }
    about.push('.');
    let scopes: Vec<String> = event.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    match scopes.as_slice() {
        [] => {}
        [one] => drop(write!(about, " Scope: {one}.")),
        _ => drop(write!(about, " One of the scopes {}.", scopes.join(", "))),
    }
    about
}

fn imports(code: &mut String, domain: &Domain) {
    let mut ids = BTreeSet::new();
    let mut shared = BTreeSet::new();
    let (mut map, mut json, mut time) = (false, false, false);
    for member in domain.all_members() {
        let kind = if let Kind::List(item) = &member.kind { item } else { &member.kind };
        match kind {
            Kind::Id(name) => drop(ids.insert(name.as_str())),
            Kind::Shared(name) => drop(shared.insert(name.as_str())),
            Kind::Map => map = true,
            Kind::Json => json = true,
            Kind::Time => time = true,
            _ => {}
        }
    }
    if map {
        code.push_str("use std::collections::BTreeMap;\n\n");
    }
    if json {
        code.push_str("use serde_json::Value;\n\n");
    }
    for (path, names) in [("ids", ids), ("im", shared)] {
        if !names.is_empty() {
            let names: Vec<_> = names.into_iter().collect();
            let _ = writeln!(code, "use crate::{path}::{{{}}};", names.join(", "));
        }
    }
    code.push_str("use crate::model::{events, models};\n");
    if time {
        code.push_str("use crate::time::Timestamp;\n");
    }
    code.push('\n');
}

fn members_of(code: &mut String, name: &str, members: &[Member]) {
    let _ = writeln!(code, "    {name} {{");
    for Member { wire, field, doc: words, kind } in members {
        doc(code, "///", 8, words);
        let wire = if wire == field { String::new() } else { format!(" = \"{wire}\"") };
        let _ = writeln!(code, "        {field}{wire}: {},", field_type(kind));
    }
    code.push_str("    }\n");
}

fn field_type(kind: &Kind) -> String {
    match kind {
        Kind::List(item) => format!("Vec<{}>", item_type(item)),
        Kind::Json | Kind::Map | Kind::Shared(_) | Kind::Struct(_) => item_type(kind),
        _ => format!("Option<{}>", item_type(kind)),
    }
}

fn item_type(kind: &Kind) -> String {
    match kind {
        Kind::Text => "String".to_owned(),
        Kind::Int => "i64".to_owned(),
        Kind::Float => "f64".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Time => "Timestamp".to_owned(),
        Kind::Json => "Value".to_owned(),
        Kind::Map => "BTreeMap<String, String>".to_owned(),
        Kind::Id(name) | Kind::Shared(name) | Kind::Struct(name) | Kind::Enum(name) | Kind::Secret(name) => {
            name.clone()
        }
        Kind::List(item) => format!("Vec<{}>", item_type(item)),
    }
}

fn enumeration(code: &mut String, it: &Enum) {
    code.push_str("\ncrate::open_enum::open_enum! {\n");
    doc(code, "///", 4, &it.doc);
    let _ = writeln!(code, "    {} {{", it.name);
    for (value, words) in &it.values {
        doc(code, "///", 8, words.as_str().unwrap_or_default());
        let _ = writeln!(code, "        {} = \"{value}\",", camel_case(value));
    }
    code.push_str("    }\n}\n");
}

/// Gives types what members need, by a macro of `model`.
fn names<'a>(code: &mut String, by: &str, names: impl Iterator<Item = &'a str>) {
    let names: Vec<_> = names.collect();
    if !names.is_empty() {
        let _ = write!(code, "\ncrate::model::{by}! {{\n    {},\n}}\n", names.join(",\n    "));
    }
}

/// A comment of documentation, in lines that are not too long.
fn doc(code: &mut String, mark: &str, indent: usize, words: &str) {
    let indent = " ".repeat(indent);
    let mut line = String::new();
    for word in words.split(' ') {
        let long = indent.len() + mark.len() + line.chars().count() + word.chars().count() + 2 > WIDTH;
        if long && !line.is_empty() {
            let _ = writeln!(code, "{indent}{mark}{line}");
            line.clear();
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(code, "{indent}{mark}{line}");
}
