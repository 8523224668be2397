//! How a manifest is written: one version and one set of features per library, nothing taken by accident.

use toml::{Table, Value};

use super::Finding;
use crate::workspace::{Member, Workspace, at};

const RULE: &str = "manifest";

/// What every package takes from the root.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

/// Checks the root manifest and those of all members.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let root = check_root(&workspace.manifest);
    root.into_iter().chain(workspace.members.iter().flat_map(check_member)).collect()
}

fn check_root(manifest: &Table) -> Vec<Finding> {
    let version = at(manifest, &["workspace", "package", "version"]).and_then(Value::as_str);
    let shared = at(manifest, &["workspace", "dependencies"]).and_then(Value::as_table);
    let mut findings = Vec::new();
    for (name, value) in shared.into_iter().flatten() {
        if value.get("default-features").and_then(Value::as_bool) != Some(false) {
            let advice =
                format!("{name} lacks `default-features = false`; name the features that are needed");
            findings.push(Finding::new("Cargo.toml", RULE, advice));
        }
        let own = value.get("path").is_some();
        let states = value.get("version").and_then(Value::as_str);
        if own && states.is_some() && states != version {
            let advice = format!("{name} is asked for in another version than [workspace.package] has");
            findings.push(Finding::new("Cargo.toml", RULE, advice));
        }
    }
    findings
}

fn check_member(member: &Member) -> Vec<Finding> {
    let mut advice = Vec::new();
    for dependency in member.dependencies() {
        if !dependency.inherited {
            advice.push(format!(
                "{} states a version here; write `{0}.workspace = true`, and the version in the root manifest",
                dependency.name
            ));
        }
        if dependency.inherited && dependency.default_features {
            advice.push(format!(
                "{} turns default features on; name the features that are needed",
                dependency.name
            ));
        }
    }
    for key in INHERITED {
        if at(&member.manifest, &["package", key, "workspace"]).and_then(Value::as_bool) != Some(true) {
            advice.push(format!("[package] lacks `{key}.workspace = true`"));
        }
    }
    if at(&member.manifest, &["lints", "workspace"]).and_then(Value::as_bool) != Some(true) {
        advice.push("lacks `[lints]` with `workspace = true`".to_owned());
    }
    if at(&member.manifest, &["package", "description"]).is_none() {
        advice
            .push("[package] lacks a `description`: one line that says what this package is for".to_owned());
    }
    let published = member.folder.starts_with("crates/");
    let kept_home = at(&member.manifest, &["package", "publish"]).and_then(Value::as_bool) == Some(false);
    if !published && !kept_home {
        advice.push("[package] lacks `publish = false`; only what is under crates/ is published".to_owned());
    }
    if published && at(&member.manifest, &["package", "readme"]).and_then(Value::as_str) != Some("README.md")
    {
        advice.push("[package] lacks `readme = \"README.md\"`".to_owned());
    }
    advice.into_iter().map(|advice| Finding::new(member.manifest_path(), RULE, advice)).collect()
}

#[cfg(test)]
mod tests {
    use super::{check_member, check_root};
    use crate::workspace::Member;

    const PACKAGE: &str = r#"
        lints.workspace = true
        [package]
        name = "example"
        description = "Shows"
        readme = "README.md"
        version.workspace = true
        edition.workspace = true
        rust-version.workspace = true
        license.workspace = true
    "#;

    fn said(folder: &str, manifest: &str) -> Vec<String> {
        let member = Member::new(folder, manifest.parse().unwrap()).unwrap();
        check_member(&member).into_iter().map(|finding| finding.advice).collect()
    }

    #[test]
    fn a_complete_manifest_is_clean() {
        let manifest = format!("{PACKAGE}\n[dependencies]\nbytes.workspace = true\n");
        assert_eq!(said("crates/example", &manifest), [""; 0]);
    }

    #[test]
    fn versions_and_default_features_belong_to_the_root() {
        let manifest = format!(
            "{PACKAGE}\n[dependencies]\nbytes = \"1\"\nhttp = {{ workspace = true, default-features = true }}\n"
        );
        let said = said("crates/example", &manifest);
        assert_eq!(said.len(), 2);
        assert!(
            said[0].starts_with("bytes states a version")
                && said[1].starts_with("http turns default features")
        );
    }

    #[test]
    fn a_package_inherits_and_says_what_it_is_for() {
        let said = said("tests/example", "package.name = \"example\"");
        for wanted in ["rust-version", "edition", "license", "[lints]", "description", "publish = false"] {
            assert!(said.iter().any(|advice| advice.contains(wanted)), "{wanted}");
        }
    }

    #[test]
    fn shared_dependencies_come_bare_and_ours_in_our_version() {
        let manifest = r#"
            [workspace.package]
            version = "0.2.0"
            [workspace.dependencies]
            bytes = "1"
            http = { version = "1", default-features = false }
            ours = { path = "crates/ours", version = "0.1.0", default-features = false }
        "#;
        let found = check_root(&manifest.parse().unwrap());
        assert_eq!(found.len(), 2);
        assert!(
            found[0].advice.starts_with("bytes lacks") && found[1].advice.starts_with("ours is asked for")
        );
    }
}
