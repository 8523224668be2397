//! The text files of the repository, as git lists them.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::cargo::read as output;
use crate::workspace::root;

/// One text file: its path below the root, with `/` on every system, and its text.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    /// Whether the path ends with this.
    pub(super) fn is(&self, extension: &str) -> bool {
        self.path.ends_with(extension)
    }

    /// The folder's path below the root.
    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The text of the file at this path.
pub(super) fn text<'a>(sources: &'a [Source], path: &str) -> Option<&'a str> {
    sources.iter().find(|source| source.path == path).map(|source| source.text.as_str())
}

/// All text files that are committed or could be: without what `.gitignore` names.
pub(super) fn read() -> Result<Vec<Source>> {
    let mut list = Command::new("git");
    list.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = output(&mut list)?;
    let paths = list.split('\0').filter(|path| !path.is_empty());
    // A listed file that cannot be read was deleted but not committed yet, or is not text.
    let read = paths.filter_map(|path| {
        let text = fs::read_to_string(root().join(path)).ok()?;
        Some(Source { path: path.to_owned(), text })
    });
    Ok(read.collect())
}
