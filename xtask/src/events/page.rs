//! The table of all types in `docs/events.md`.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};

use super::description::Description;
use crate::workspace::root;

const PAGE: &str = "docs/events.md";
const BEGIN: &str = "<!-- The table is written by `cargo xtask events`. -->\n";

/// The page with its table as it should be.
pub(super) fn written(description: &Description) -> Result<(String, String)> {
    let text = fs::read_to_string(root().join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    let head = text.split(BEGIN).next().unwrap_or_default();
    let mut page = format!("{head}{BEGIN}\n");
    page.push_str("| type | in Rust | feature | what happened |\n| --- | --- | --- | --- |\n");
    let mut rows: Vec<String> = description
        .events()
        .map(|(domain, event)| {
            let path = event.path(domain);
            let feature = match &event.body {
                super::domain::Body::Generated(..) => format!("`{}`", domain.name),
                super::domain::Body::ByHand(..) => String::new(),
            };
            let mut about = event.doc.clone();
            match (&event.title, &event.page) {
                (Some(title), Some(page)) => drop(write!(about, " [{title}]({page})")),
                (Some(title), None) => drop(write!(about, " {title}")),
                (None, Some(page)) => drop(write!(about, " [文档]({page})")),
                (None, None) => {}
            }
            format!("| `{}` | `{path}` | {feature} | {about} |\n", event.kind)
        })
        .collect();
    rows.sort();
    page.extend(rows);
    Ok((PAGE.to_owned(), page))
}
