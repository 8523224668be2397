//! The description as a whole: the files in `proto/events`, read and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::domain::{Domain, Event, Kind};

/// All domains, and what belongs to none.
pub(super) struct Description {
    pub(super) domains: Vec<Domain>,
    /// Types without a description.
    pub(super) others: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Others {
    known: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    members: BTreeMap<String, String>,
}

impl Description {
    /// All events with their domain.
    pub(super) fn events(&self) -> impl Iterator<Item = (&Domain, &Event)> {
        self.domains.iter().flat_map(|domain| domain.events.iter().map(move |event| (domain, event)))
    }
}

/// Reads the folder.
pub(super) fn read(folder: &Path) -> Result<Description> {
    let others: Others = file(&folder.join("others.toml"))?;
    let words: Words = file(&folder.join("words.toml"))?;
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".toml") && name != "others.toml" && name != "words.toml"
    });
    paths.sort();
    let mut domains = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let domain = Domain::read(&name, file(&path)?, &words.members);
        domains.push(domain.with_context(|| format!("in {}", path.display()))?);
    }
    let description = Description { domains, others: others.known };
    check(&description, &words.members)?;
    Ok(description)
}

fn file<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
}

fn check(description: &Description, words: &BTreeMap<String, String>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let types = description.events().map(|(_, event)| &event.kind);
    if let Some(twice) = types.chain(&description.others).find(|name| !seen.insert(name.as_str())) {
        bail!("`{twice}` is described twice");
    }
    for domain in &description.domains {
        let mut names = BTreeSet::new();
        if let Some(twice) = domain.type_names().into_iter().find(|name| !names.insert(name.clone())) {
            bail!(
                "two types of {} have the name {twice}; give an event another one with `name`",
                domain.name
            );
        }
        let used = domain.all_members().filter_map(|member| member.kind.local());
        let used: BTreeSet<&str> = used.collect();
        let own = domain.structs.iter().map(|it| &it.name).chain(domain.enums.iter().map(|it| &it.name));
        for name in own {
            if !used.contains(name.as_str()) {
                bail!("no member of {} has the type {name}", domain.name);
            }
        }
        if domain.structs.iter().any(|it| it.members.iter().any(|member| contains_itself(it, &member.kind))) {
            bail!("a struct of {} contains itself", domain.name);
        }
    }
    let used: BTreeSet<&str> =
        description.domains.iter().flat_map(Domain::all_members).map(|member| member.wire.as_str()).collect();
    if let Some(idle) = words.keys().find(|word| !used.contains(word.as_str())) {
        bail!("no member has the name `{idle}`; remove it from words.toml");
    }
    Ok(())
}

fn contains_itself(it: &super::domain::Struct, kind: &Kind) -> bool {
    kind.local() == Some(&it.name)
}
