//! The files of the repository, as git lists them.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::cargo::read as output;
use crate::workspace::root;

/// One file: its path below the root, with `/` on every system, and its text, which is empty for a picture.
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

/// All files that are committed or could be: without what `.gitignore` names.
pub(super) fn read() -> Result<Vec<Source>> {
    let mut list = Command::new("git");
    list.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = output(&mut list)?;
    let paths = list.split('\0').filter(|path| !path.is_empty());
    // A listed file that is not there was deleted but not committed yet. A picture has no text; documents show it.
    let read = paths.filter(|path| root().join(path).is_file()).map(|path| {
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        Source { path: path.to_owned(), text }
    });
    Ok(read.collect())
}
