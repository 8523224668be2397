//! The documents: both languages have the same outline, links lead to files, versions are those of the manifest.

use std::collections::BTreeSet;

use super::Finding;
use super::sources::{Source, text};
use crate::ci;
use crate::workspace::Workspace;

/// Documents for users, which are there in English and Chinese: these, and all below `docs/guides/`.
const BILINGUAL: &[&str] = &["README.md", "docs/local-platform.md"];

/// Checks all Markdown.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Finding> {
    let paths: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is(".md")) {
        findings.extend(languages(source, sources));
        findings.extend(links(source, &paths));
        if let Ok(version) = workspace.package("version") {
            findings.extend(versions(source, version));
        }
    }
    let published = workspace.published().map(|member| format!("{}/README.md", member.folder));
    findings.extend(published.flat_map(|path| absolute(&path, text(sources, &path))));
    for path in ["README.md", "README.zh-CN.md"] {
        let text = text(sources, path).unwrap_or_default();
        let missing =
            [ci::TEST_COMMAND, ci::RUN_COMMAND].into_iter().filter(|command| !text.contains(command));
        findings
            .extend(missing.map(|command| (path.to_owned(), format!("has no `{command}`, which CI runs"))));
    }
    findings
}

/// A document in Chinese beside the English one, with the same outline.
fn languages(source: &Source, sources: &[Source]) -> Option<Finding> {
    let base = source.path.strip_suffix(".md")?;
    if let Some(english) = base.strip_suffix(".zh-CN") {
        let english = format!("{english}.md");
        return text(sources, &english)
            .is_none()
            .then(|| (source.path.clone(), format!("{english} is missing")));
    }
    let path = format!("{base}.zh-CN.md");
    let Some(chinese) = text(sources, &path) else {
        let wanted = BILINGUAL.contains(&source.path.as_str()) || source.path.starts_with("docs/guides/");
        return wanted.then(|| (path, format!("is missing; it says in Chinese what {} says", source.path)));
    };
    let (ours, theirs) = (outline(&source.text), outline(chinese));
    let same = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
    let part = |outline: &[String]| outline.get(same).cloned().unwrap_or_else(|| "the end".to_owned());
    let advice =
        || format!("part {} is {}, in {} it is {}", same + 1, part(&theirs), source.path, part(&ours));
    (ours != theirs).then(|| (path, advice()))
}

/// Headings by level, code blocks by language, tables by rows, in order: what two translations share.
fn outline(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut fenced, mut rows) = (false, 0);
    for line in text.lines().chain([""]) {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fenced = !fenced;
            if fenced {
                parts.push(format!("a block of {}", language.trim()));
            }
        } else if !fenced && line.starts_with('|') {
            rows += 1;
        } else if rows > 0 {
            parts.push(format!("a table of {rows} rows"));
            rows = 0;
        }
        if !fenced && line.starts_with('#') {
            parts.push(format!("a heading {}", line.split(' ').next().unwrap_or_default()));
        }
    }
    parts
}

/// Targets of links, with the number of their line.
fn targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        // Without a slash and an ending it is an item that rustdoc looks up, and checks.
        let files = targets.filter(|it| !it.contains(':') && (it.contains('/') || it.contains('.')));
        files.map(move |target| (index + 1, target))
    })
}

/// Links to files of the repository lead to a file that is there.
fn links(source: &Source, paths: &BTreeSet<&str>) -> Vec<Finding> {
    let lost = targets(&source.text).filter(|(_, target)| {
        let mut parts: Vec<&str> = source.folder().split('/').collect();
        for part in target.split('/').filter(|part| !matches!(*part, "" | ".")) {
            match part {
                ".." => _ = parts.pop(),
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        let path = path.trim_start_matches('/');
        !paths.contains(path)
            && !paths.range(path..).next().is_some_and(|known| known.starts_with(&format!("{path}/")))
    });
    lost.map(|(line, target)| (format!("{}:{line}", source.path), format!("`{target}` is not there")))
        .collect()
}

/// The README of a package has whole addresses: it is read on a registry's page, too.
fn absolute(path: &str, text: Option<&str>) -> Vec<Finding> {
    let links = targets(text.unwrap_or_default());
    links
        .map(|(line, target)| (format!("{path}:{line}"), format!("`{target}`: use a whole address")))
        .collect()
}

/// Versions of our crates in lines such as `feishu-runtime = "0.1"`.
fn versions(source: &Source, version: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate().filter(|(_, line)| line.starts_with("feishu-")) {
        let value = line.split_once(" = ").map_or("", |(_, value)| value);
        let value = value.strip_prefix("{ version = ").unwrap_or(value).strip_prefix('"');
        let written = value.and_then(|value| value.split('"').next());
        if written.is_some_and(|written| !format!("{version}.").starts_with(&format!("{written}."))) {
            findings.push((format!("{}:{}", source.path, index + 1), format!("the version is {version}")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{Source, absolute, languages, links, outline, versions};

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn both_languages_have_the_same_headings_blocks_and_tables() {
        let text = "# A\n```sh\n# no heading\n```\n| a |\n| - |\n## B\n";
        assert_eq!(outline(text), ["a heading #", "a block of sh", "a table of 2 rows", "a heading ##"]);
        let differs = |english: &str, chinese: &str| {
            let sources = [source("docs/guides/a.md", english), source("docs/guides/a.zh-CN.md", chinese)];
            languages(&sources[0], &sources).is_some()
        };
        assert!(!differs(text, text));
        assert!(differs(text, &text.replace("| a |\n", "")) && differs(text, &format!("{text}## C\n")));
        let alone = [source("docs/guides/a.md", text)];
        assert!(languages(&alone[0], &alone).is_some());
    }

    #[test]
    fn links_lead_to_files() {
        let paths = ["crates/c/README.md", "docs/a.md", "docs/b.md"].into_iter().collect();
        let lost = |line: &str| links(&source("docs/a.md", line), &paths).len();
        assert_eq!(lost("[b](b.md#x) [c](../crates/c) [d](https://example.org/d) [e](#e) [F](crate::F)"), 0);
        assert_eq!(lost("[b](c.md) and [top](../../a.md)"), 2);
        assert_eq!(absolute("a.md", Some("[b](../b.md) [c](https://example.org)")).len(), 1);
    }

    #[test]
    fn versions_follow_the_manifest() {
        let wrong = |line: &str| versions(&source("a.md", line), "0.2.1").len();
        assert_eq!(
            wrong("feishu-a = \"0.2\"\nfeishu-b = { version = \"0.2.1\" }\nfeishu-c = { path = \"d\" }\n"),
            0
        );
        assert_eq!(wrong("feishu-a = \"0.1\"\nfeishu-b = { version = \"0.2.10\" }\n"), 2);
    }
}
