//! `cargo xtask api`: the public API of each library as a text file, and the foreign crates that are part of it.
//!
//! Both come from rustdoc's JSON. Its format changes with the compiler; where it is another one than this program
//! reads, the check is left out with a message. The listing is compared as text, so a change of the API has to touch
//! `docs/api` on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use public_api::{Builder, PublicApi};
use serde_json::Value;

use crate::cargo::{cargo, show};
use crate::events;
use crate::workspace::{Workspace, root};

/// The format of rustdoc's JSON that the `public-api` in `Cargo.toml` reads.
const FORMAT: u64 = 57;
/// The compiler that writes this format.
const COMPILER: &str = "Rust 1.95";
/// The folder of the listings, below the root.
const FOLDER: &str = "docs/api";
/// The folder for the JSON. It is separate, because the switch for unstable options rebuilds dependencies.
const TARGET: &str = "target/api";

/// Foreign crates allowed in public signatures. A new entry couples our releases to theirs.
const FOREIGN: &[(&str, &[&str])] = &[
    // prost 0.x: only through the `Message` derive on the generated frames.
    ("feishu-proto", &["bytes", "prost"]),
    ("feishu-callbacks", &["serde_core", "serde_json"]),
    ("feishu-transport", &["bytes", "serde_json", "tokio"]),
    // futures-core 0.3: the `Stream` that every async library is written against.
    ("feishu-runtime", &["bytes", "futures_core", "serde_core", "serde_json", "tokio"]),
];

/// Writes the listings, or compares with `--check`.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let check = match arguments {
        [] => false,
        ["--check"] => true,
        _ => bail!("`cargo xtask api` takes nothing or `--check`"),
    };
    let workspace = Workspace::load()?;
    let libraries = workspace.members.iter().filter(|member| member.folder.starts_with("crates/"));
    let names: Vec<_> = libraries.map(|member| member.name.as_str()).collect();
    let packages = names.iter().flat_map(|name| ["--package", name]);
    let fixed =
        ["doc", "--no-deps", "--lib", "--all-features", "--locked", "--quiet", "--target-dir", TARGET];
    let mut doc = cargo(fixed.into_iter().chain(packages));
    doc.env("RUSTC_BOOTSTRAP", "1");
    show(doc.env("RUSTDOCFLAGS", "-Zunstable-options --output-format=json --cap-lints=allow"))?;

    let generated = events::generated_names()?;
    let mut problems = Vec::new();
    for name in names {
        let json = root().join(TARGET).join("doc").join(format!("{}.json", name.replace('-', "_")));
        let read: Value = serde_json::from_str(&fs::read_to_string(&json)?).context("rustdoc's JSON")?;
        let format = read.get("format_version").and_then(Value::as_u64);
        if format != Some(FORMAT) {
            println!("left out: this compiler's rustdoc writes another JSON format than {COMPILER} does");
            return Ok(());
        }
        problems.extend(foreign_problems(name, &foreign_crates(&read)));
        problems.extend(compare(name, &listing(&json, &generated)?, check)?);
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

/// One line per public item. Derived traits are listed by their `impl` line, without their methods. The models of events
/// are left out: `cargo xtask events --check` compares them with their description.
fn listing(json: &Path, generated: &BTreeSet<String>) -> Result<String> {
    let build = |without_derived| -> Result<PublicApi> {
        let builder = Builder::from_rustdoc_json(json).omit_blanket_impls(true).omit_auto_trait_impls(true);
        Ok(builder.omit_auto_derived_impls(without_derived).build()?)
    };
    let mut lines: Vec<String> = build(true)?.items().map(ToString::to_string).collect();
    let written: BTreeSet<String> = lines.iter().cloned().collect();
    let all = build(false)?;
    let derived = all.items().map(ToString::to_string);
    lines.extend(derived.filter(|line| line.starts_with("impl") && !written.contains(line)));
    let is_generated = |line: &String| {
        let paths = line.split(|it: char| !it.is_alphanumeric() && !matches!(it, '_' | ':'));
        let mut types = paths.flat_map(|path| [Some(path), path.rsplit_once("::").map(|(parent, _)| parent)]);
        types.any(|path| path.is_some_and(|path| generated.contains(path)))
    };
    lines.retain(|line| !is_generated(line));
    lines.sort_unstable();
    Ok(lines.join("\n") + "\n")
}

/// Writes a listing, or describes how it differs from the one that is there.
fn compare(name: &str, wanted: &str, check: bool) -> Result<Option<String>> {
    let path = format!("{FOLDER}/{name}.txt");
    let found = fs::read_to_string(root().join(&path)).unwrap_or_default();
    if !check {
        fs::create_dir_all(root().join(FOLDER))?;
        fs::write(root().join(&path), wanted).with_context(|| format!("cannot write {path}"))?;
    }
    if found == wanted || !check {
        println!("{path}: {} public items", wanted.lines().count());
        return Ok(None);
    }
    let changes = difference(&found, wanted);
    let advice = "the public API changed; if that is meant, run `cargo xtask api` and commit the result";
    Ok(Some(format!("{path}: {advice}\n{}", changes.join("\n"))))
}

/// The diff: removed lines with `-`, added lines with `+`.
fn difference(old: &str, new: &str) -> Vec<String> {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (old.lines().collect(), new.lines().collect());
    let gone = before.difference(&after).map(|line| format!("  - {line}"));
    gone.chain(after.difference(&before).map(|line| format!("  + {line}"))).collect()
}

/// The crates of the types and traits in the public items, each with one example.
fn foreign_crates(json: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let items = json.get("index").and_then(Value::as_object).into_iter().flat_map(|index| index.values());
    for item in items.filter(|item| item.get("crate_id") == Some(&Value::from(0))) {
        let implementation = item.pointer("/inner/impl");
        // Impls that the compiler adds to every type are not part of our API.
        let automatic = implementation.is_some_and(|it| {
            it.get("is_synthetic") == Some(&Value::Bool(true))
                || it.get("blanket_impl").is_some_and(|it| !it.is_null())
        });
        if let Some(inner) = item.get("inner").filter(|_| !automatic) {
            collect_paths(inner, json, &mut found);
        }
    }
    found
}

/// Adds the crate of every path anywhere in `value`.
fn collect_paths(value: &Value, json: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_paths(item, json, found)),
        Value::Object(members) => {
            if let (Some(id), true) = (members.get("id"), members.contains_key("path")) {
                let path = json.pointer(&format!("/paths/{id}"));
                let number = path.and_then(|path| path.get("crate_id"));
                let name =
                    number.and_then(|id| json.pointer(&format!("/external_crates/{id}/name"))?.as_str());
                if let Some(name) = name.filter(|name| !["alloc", "core", "std"].contains(name)) {
                    let parts = path.and_then(|path| path.get("path")?.as_array()).into_iter().flatten();
                    let parts: Vec<_> = parts.filter_map(Value::as_str).collect();
                    found.entry(name.to_owned()).or_insert_with(|| parts.join("::"));
                }
            }
            members.values().for_each(|member| collect_paths(member, json, found));
        }
        _ => {}
    }
}

/// Crates that are not in the table, and entries of the table that nothing needs.
fn foreign_problems(name: &str, found: &BTreeMap<String, String>) -> Vec<String> {
    let allowed =
        FOREIGN.iter().find(|(package, _)| *package == name).map_or(&[][..], |(_, allowed)| allowed);
    let foreign =
        found.iter().filter(|(other, _)| !other.starts_with("feishu_") && !allowed.contains(&other.as_str()));
    let new = foreign.map(|(other, example)| {
        format!("{name}: `{example}` of the crate {other} is in a public signature; use a type of our own")
    });
    let idle = allowed.iter().filter(|other| !found.contains_key(**other));
    let idle =
        idle.map(|other| format!("{name}: no signature names {other} any more; remove it from {}", file!()));
    new.chain(idle).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{difference, foreign_crates, foreign_problems};

    #[test]
    fn foreign_crates_are_found_in_signatures_but_not_in_automatic_impls() {
        let path = |id: u32| json!({ "resolved_path": { "path": "T", "id": id, "args": null } });
        let json = json!({
            "index": {
                "1": { "crate_id": 0, "inner": { "function": { "sig": { "inputs": [["a", path(7)], ["b", path(8)]] } } } },
                "2": { "crate_id": 0, "inner": { "impl": { "blanket_impl": path(7), "trait": { "path": "U", "id": 9 } } } },
            },
            "paths": {
                "7": { "crate_id": 1, "path": ["core", "T"] },
                "8": { "crate_id": 2, "path": ["odd", "T"] },
                "9": { "crate_id": 3, "path": ["other", "U"] },
            },
            "external_crates": { "1": { "name": "core" }, "2": { "name": "odd" }, "3": { "name": "other" } },
        });
        let found = foreign_crates(&json);
        assert_eq!(found.iter().collect::<Vec<_>>(), [(&"odd".to_owned(), &"odd::T".to_owned())]);
        assert_eq!(foreign_problems("example", &found).len(), 1);
    }

    #[test]
    fn difference_shows_what_went_and_what_came() {
        assert_eq!(difference("a\nb\n", "b\nc\n"), ["  - a", "  + c"]);
    }
}
