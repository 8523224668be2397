//! The files of published packages, and unused dependencies of the root manifest.

use std::fs;

use anyhow::Result;

use super::Finding;
use super::sources::{Source, text};
use crate::workspace::{Workspace, root};

/// Files that every published package has, equal to those of the root: packages do not ship what lies above them.
const LICENSES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

/// Lines that every published manifest has, besides name and description.
const METADATA: &[&str] = &[
    "readme = \"README.md\"",
    "documentation = ",
    "repository.workspace = true",
    "[package.metadata.docs.rs]",
];

/// Checks the published packages and the shared dependencies.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in workspace.published() {
        for license in LICENSES {
            let path = format!("{}/{license}", member.folder);
            if text(sources, &path).is_none() || text(sources, &path) != text(sources, license) {
                findings.push((path, format!("must be a copy of {license} in the root")));
            }
        }
        let manifest = fs::read_to_string(root().join(member.manifest_path()))?;
        for line in METADATA.iter().filter(|line| !manifest.contains(**line)) {
            findings.push((member.manifest_path(), format!("has no `{line}`")));
        }
        let library = format!("{}/src/lib.rs", member.folder);
        if !text(sources, &library).is_some_and(|text| text.contains(r#"include_str!("../README.md")"#)) {
            let advice =
                "begin with `#![doc = include_str!(\"../README.md\")]`, so that its examples are tested";
            findings.push((library, advice.to_owned()));
        }
    }
    for name in shared(&workspace.manifest) {
        let mut dependencies = workspace.members.iter().flat_map(|member| &member.dependencies);
        if !dependencies.any(|dependency| dependency.name == name) {
            findings
                .push(("Cargo.toml".to_owned(), format!("no package uses the dependency {name}; remove it")));
        }
    }
    Ok(findings)
}

/// Names in `[workspace.dependencies]`.
fn shared(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0)).filter(|name| !name.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::shared;

    #[test]
    fn shared_dependencies_are_read_from_their_table() {
        let manifest =
            "a = 1\n[workspace.dependencies]\n# b = old\nc = { version = \"1\" }\n\n[other]\nd = 1\n";
        assert_eq!(shared(manifest).collect::<Vec<_>>(), ["c"]);
    }
}
