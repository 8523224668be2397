//! The generated parts of docs/performance.md, each between two comments.

use std::path::Path;

use anyhow::{Context as _, Result};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");

/// Replaces the part of this name.
pub(crate) fn write(name: &str, text: &str) -> Result<()> {
    let path = Path::new(PATH);
    let document = std::fs::read_to_string(path).with_context(|| format!("cannot read {PATH}"))?;
    std::fs::write(path, replace(&document, name, text)?)?;
    Ok(())
}

fn replace(document: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let parts = document.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some((before, after))
    });
    let (before, after) = parts.with_context(|| format!("the document has no part {name:?}"))?;
    Ok(format!("{before}{begin}\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn only_the_named_part_is_replaced() {
        let document = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
        let replaced = replace(document, "x", "new").unwrap();
        assert_eq!(replaced, "a\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nb\n");
        assert_eq!(replace(&replaced, "x", "new").unwrap(), replaced);
        assert!(replace(document, "y", "new").is_err());
    }
}
