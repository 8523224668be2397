//! `cargo xtask tidy`: the house rules that neither the compiler nor clippy checks.
//!
//! Each file states one kind of rule: [`layers`] which crate may depend on which, [`tree`] what a crate pulls in,
//! [`circles`] that modules do not import each other in circles, [`files`] how a source file is laid out,
//! [`packages`] what a package ships, [`docs`] that both languages say the same and links lead somewhere.

mod circles;
mod docs;
mod files;
mod layers;
mod packages;
mod sources;
mod tree;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Something against a rule: where, and what to do about it.
type Finding = (String, String);

/// Checks everything, prints every finding, and fails when there is one.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    crate::no_arguments("tidy", arguments)?;
    let workspace = Workspace::load()?;
    let sources = sources::read()?;
    let mut findings = layers::check(&workspace);
    findings.extend(tree::check(&workspace)?);
    findings.extend(circles::check(&workspace, &sources));
    findings.extend(files::check(&sources));
    findings.extend(packages::check(&workspace, &sources)?);
    findings.extend(docs::check(&workspace, &sources));
    for (place, advice) in &findings {
        eprintln!("{place}: {advice}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    println!("tidy: {} packages and {} files keep the rules", workspace.members.len(), sources.len());
    Ok(())
}
