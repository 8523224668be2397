//! The text files of the repository, as git lists them.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::cargo::read as output;
use crate::workspace::root;

/// One text file: its path below the root, with `/` on every system, and what it holds.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    pub(super) fn is_markdown(&self) -> bool {
        self.extension() == "md"
    }

    /// Written by a program: the frames, and lock files.
    pub(super) fn is_generated(&self) -> bool {
        let name = self.name();
        name.starts_with("generated") || self.path.contains("/generated/") || self.is_lock()
    }

    pub(super) fn is_lock(&self) -> bool {
        self.extension() == "lock" || self.name() == "package-lock.json"
    }

    /// Holds tests and nothing else. The top level folder `tests/` does not count: its packages are programs of ours.
    pub(super) fn is_test(&self) -> bool {
        let below_top = self.path.split_once('/').map_or("", |(_, rest)| rest);
        let folder = format!("/{below_top}").contains("/tests/") || below_top.contains("/benches/");
        folder || self.name() == "tests.rs"
    }

    /// Code of one of the published crates, as users compile it.
    pub(super) fn is_shipped(&self) -> bool {
        self.is_rust() && self.path.starts_with("crates/") && self.path.contains("/src/") && !self.is_test()
    }

    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// All text files that are committed or could be: what `.gitignore` names is left out.
pub(super) fn read() -> Result<Vec<Source>> {
    let mut list = Command::new("git");
    list.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = output(&mut list)?;
    let paths = list.split('\0').filter(|path| !path.is_empty());
    // A file that is listed and cannot be read was deleted and not committed yet, or is no text: neither is ours.
    let read = paths.filter_map(|path| {
        let text = fs::read_to_string(root().join(path)).ok()?;
        Some(Source { path: path.to_owned(), text })
    });
    Ok(read.collect())
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn source(path: &str) -> Source {
        Source { path: path.to_owned(), text: String::new() }
    }

    #[test]
    fn tests_are_told_from_the_packages_below_tests() {
        assert!(source("crates/feishu-proto/tests/golden.rs").is_test());
        assert!(source("tests/e2e/tests/click.rs").is_test());
        assert!(source("crates/feishu-runtime/src/dispatch/tests.rs").is_test());
        assert!(!source("tests/gateway/src/lib.rs").is_test());
        assert!(!source("xtask/src/main.rs").is_test());
    }

    #[test]
    fn only_the_published_crates_are_shipped() {
        assert!(source("crates/feishu-proto/src/frame.rs").is_shipped());
        assert!(!source("crates/feishu-proto/tests/golden.rs").is_shipped());
        assert!(!source("crates/feishu-proto/examples/read.rs").is_shipped());
        assert!(!source("tests/gateway/src/lib.rs").is_shipped());
    }
}
