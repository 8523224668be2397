//! `cargo xtask tidy`: the house rules that neither the compiler nor clippy checks.
//!
//! Each file states one kind of rule: [`layers`] who may depend on whom, [`manifests`] how a manifest is written,
//! [`tree`] what a crate pulls in, [`code`] what shipped code never calls, [`files`] how long a file may be and how it
//! begins, [`readmes`] what the words for users promise.

mod code;
mod exceptions;
mod files;
mod layers;
mod manifests;
mod readmes;
mod shipped;
mod sources;
mod tree;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Something that is against a rule: where, which rule, what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    place: String,
    rule: &'static str,
    advice: String,
}

impl Finding {
    fn new(place: impl Into<String>, rule: &'static str, advice: impl Into<String>) -> Self {
        Self { place: place.into(), rule, advice: advice.into() }
    }
}

/// Checks everything, prints every finding, and fails when there is one.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    crate::no_arguments("tidy", arguments)?;
    let workspace = Workspace::load()?;
    let sources = sources::read()?;
    let mut findings = Vec::new();
    findings.extend(layers::check(&workspace));
    findings.extend(manifests::check(&workspace));
    findings.extend(tree::check(&workspace)?);
    findings.extend(code::check(&sources));
    findings.extend(files::check(&sources));
    findings.extend(readmes::check(&workspace, &sources)?);
    let findings = exceptions::apply(findings);
    for Finding { place, rule, advice } in &findings {
        eprintln!("{place}: {rule}: {advice}");
    }
    if !findings.is_empty() {
        bail!("{} found against the house rules", count(findings.len(), "thing"));
    }
    println!(
        "tidy: {} and {} keep the rules",
        count(workspace.members.len(), "package"),
        count(sources.len(), "file")
    );
    Ok(())
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
