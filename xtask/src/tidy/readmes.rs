//! What the words for users promise: that they are there, in step with the manifests, and lead somewhere.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Finding;
use super::sources::Source;
use crate::ci;
use crate::workspace::{Member, Workspace};

const RULE: &str = "readme";

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh-CN.md";

/// Checks the README files, and versions and links in all Markdown.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Result<Vec<Finding>> {
    let promises =
        Promises { version: workspace.package("version")?, rust: workspace.package("rust-version")? };
    let paths: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let mut findings = Vec::new();
    findings.extend(workspace.published().flat_map(|member| crate_readme(member, sources)));
    findings.extend(both_languages(sources));
    for source in sources.iter().filter(|source| source.is_markdown()) {
        // A changelog speaks of versions that were.
        if source.name() != "CHANGELOG.md" {
            findings.extend(versions(source, &promises));
        }
        findings.extend(links(source, &paths));
    }
    Ok(findings)
}

/// What the manifests say and the words repeat.
struct Promises<'a> {
    version: &'a str,
    rust: &'a str,
}

fn text_of<'a>(sources: &'a [Source], path: &str) -> Option<&'a str> {
    sources.iter().find(|source| source.path == path).map(|source| source.text.as_str())
}

/// A crate's README is its documentation, so that its examples are compiled.
fn crate_readme(member: &Member, sources: &[Source]) -> Vec<Finding> {
    let readme = format!("{}/README.md", member.folder);
    let library = format!("{}/src/lib.rs", member.folder);
    let mut findings = Vec::new();
    if text_of(sources, &readme).is_none() {
        findings.push(Finding::new(
            readme,
            RULE,
            "missing; say what the crate is for, with an example that runs",
        ));
    }
    let included =
        text_of(sources, &library).is_some_and(|text| text.contains(r#"include_str!("../README.md")"#));
    if !included {
        let advice =
            "begin with `#![doc = include_str!(\"../README.md\")]`, the README is the crate's documentation";
        findings.push(Finding::new(library, RULE, advice));
    }
    findings
}

/// The two README files of the top level have the same parts and name the same commands.
fn both_languages(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut outlines = Vec::new();
    for path in [ENGLISH, CHINESE] {
        let Some(text) = text_of(sources, path) else {
            findings.push(Finding::new(path, RULE, "missing; users read it first"));
            continue;
        };
        for command in [ci::TEST_COMMAND, ci::RUN_COMMAND] {
            if !text.contains(command) {
                findings.push(Finding::new(
                    path,
                    RULE,
                    format!("does not name `{command}`, which the gates run"),
                ));
            }
        }
        outlines.push(outline(text));
    }
    if let [english, chinese] = outlines.as_slice() {
        if english != chinese {
            let advice = format!("has other headings or code blocks than {ENGLISH}; the two say the same");
            findings.push(Finding::new(CHINESE, RULE, advice));
        }
    }
    findings
}

/// Levels of the headings and languages of the code blocks, in order: what two translations share.
fn outline(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut parts = Vec::new();
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fenced = !fenced;
            if fenced {
                parts.push(language.trim());
            }
        } else if !fenced && line.starts_with('#') {
            parts.push(line.split_whitespace().next().unwrap_or_default());
        }
    }
    parts
}

/// Versions of our crates and of Rust, wherever they are written out.
fn versions(source: &Source, promises: &Promises<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let place = format!("{}:{}", source.path, index + 1);
        if let Some(written) = dependency_version(line).filter(|written| !agrees(written, promises.version)) {
            let advice = format!("asks for version {written}, Cargo.toml has {}", promises.version);
            findings.push(Finding::new(&place, RULE, advice));
        }
        for written in numbers_after(line, "Rust ") {
            if !agrees(promises.rust, written) {
                let advice = format!("speaks of Rust {written}, Cargo.toml asks for {}", promises.rust);
                findings.push(Finding::new(&place, RULE, advice));
            }
        }
    }
    findings
}

/// The version in a line like `feishu-proto = "0.1"` or `feishu-proto = { version = "0.1", … }`.
fn dependency_version(line: &str) -> Option<&str> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let ours = name.starts_with("feishu-") && !name.contains(char::is_whitespace);
    let value = if ours { value.trim_start() } else { return None };
    let value = value.strip_prefix('{').map_or(Some(value), |table| {
        table.split_once("version").and_then(|(_, rest)| rest.trim_start().strip_prefix('='))
    })?;
    value.trim_start().strip_prefix('"')?.split('"').next()
}

/// Numbers such as `1.85` that stand right after a word.
fn numbers_after<'a>(line: &'a str, word: &str) -> Vec<&'a str> {
    let number = |rest: &'a str| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        rest.get(..end).map(|number| number.trim_end_matches('.')).filter(|number| number.contains('.'))
    };
    line.match_indices(word).filter_map(|(at, _)| line.get(at + word.len()..).and_then(number)).collect()
}

/// `0.1` is in step with `0.1.3`, `0.2` and `0.1.30` are not.
fn agrees(short: &str, long: &str) -> bool {
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Links to files of the repository lead to a file that is there.
fn links(source: &Source, paths: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter_map(|target| target.split('#').next()) {
            // What has no slash and no ending is an item that rustdoc looks up, and checks.
            let file = !target.contains(':') && (target.contains('/') || target.contains('.'));
            if file && !leads_to_a_file(source.folder(), target, paths) {
                let place = format!("{}:{}", source.path, index + 1);
                findings.push(Finding::new(place, "links", format!("`{target}` is not there")));
            }
        }
    }
    findings
}

fn leads_to_a_file(folder: &str, target: &str, paths: &BTreeSet<&str>) -> bool {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            name => parts.push(name),
        }
    }
    let path = parts.join("/");
    let inside = format!("{path}/");
    paths.contains(path.as_str()) || paths.iter().any(|known| known.starts_with(&inside))
}

#[cfg(test)]
mod tests {
    use super::{CHINESE, ENGLISH, Promises, Source, both_languages, links, outline, versions};
    use crate::ci::{RUN_COMMAND, TEST_COMMAND};

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    fn wrong_versions(line: &str) -> usize {
        versions(&source("docs/a.md", line), &Promises { version: "0.2.1", rust: "1.85" }).len()
    }

    #[test]
    fn versions_follow_the_manifest() {
        for line in [
            "feishu-proto = \"0.2\"",
            "feishu-proto = { version = \"0.2.1\", default-features = false }",
            "needs Rust 1.85 or newer",
            "needs Rust 1.85.",
            "written in Rust 2 years ago",
            "tokio = \"1\"",
        ] {
            assert_eq!(wrong_versions(line), 0, "{line}");
        }
        for line in [
            "feishu-proto = \"0.1\"",
            "feishu-proto = \"0.2.10\"",
            "feishu-runtime = { version = \"0.1\" }",
            "needs Rust 1.80 or newer",
        ] {
            assert_eq!(wrong_versions(line), 1, "{line}");
        }
    }

    #[test]
    fn both_readmes_have_the_same_parts_and_commands() {
        let text = format!("# A\n```sh\n{TEST_COMMAND}\n# no heading\n{RUN_COMMAND}\n```\n## B\n");
        assert_eq!(outline(&text), ["#", "sh", "##"]);
        assert!(both_languages(&[source(ENGLISH, &text), source(CHINESE, &text)]).is_empty());
        assert_eq!(both_languages(&[source(ENGLISH, &text)]).len(), 1);
        let longer = format!("{text}## C\n");
        assert_eq!(both_languages(&[source(ENGLISH, &longer), source(CHINESE, &text)]).len(), 1);
        assert_eq!(both_languages(&[source(ENGLISH, "# A\n"), source(CHINESE, "# A\n")]).len(), 4);
    }

    #[test]
    fn links_lead_to_files() {
        let paths = ["docs/a.md", "docs/b.md", "crates/c/README.md"].into_iter().collect();
        let broken = |line: &str| links(&source("docs/a.md", line), &paths).len();
        assert_eq!(broken("[b](b.md) [c](../crates/c) [d](https://example.org/d) [e](#e) [F](crate::F)"), 0);
        assert_eq!(broken("[b](c.md) and [top](../../a.md)"), 2);
    }
}
