//! Tables in markdown: how many there are, and fewer of them.

use std::borrow::Cow;

use super::blocks::{Kind, blocks};

/// Tables that the text of one card may hold. Source: "Rich text (Markdown)" of the Feishu documentation, which says four for
/// one component. A card with more is refused with 230099 and the inner code 11310; users report that this begins above
/// five, and some above three.
pub const MAX_CARD_TABLES: usize = 4;

/// The number of tables in a markdown text. Those inside fenced code are none.
///
/// ```
/// use feishu_callbacks::markdown::tables_in;
/// assert_eq!(tables_in("| a |\n|---|\n| 1 |\n\n```\n| b |\n|---|\n```"), 1);
/// ```
pub fn tables_in(markdown: &str) -> usize {
    blocks(markdown).iter().filter(|block| matches!(block.kind, Kind::Table)).count()
}

/// Turns the tables after the first `most` into fenced code, where they keep their columns to the eye. The text is
/// unchanged if it has no more than that.
///
/// ```
/// use feishu_callbacks::markdown::{MAX_CARD_TABLES, limit_tables, tables_in};
///
/// let tables = "| a |\n|---|\n| 1 |\n\n".repeat(7);
/// let limited = limit_tables(&tables, MAX_CARD_TABLES);
/// assert_eq!((tables_in(&tables), tables_in(&limited)), (7, 4));
/// assert!(limited.ends_with("```\n| a |\n|---|\n| 1 |\n```\n\n"));
/// ```
pub fn limit_tables(markdown: &str, most: usize) -> Cow<'_, str> {
    if tables_in(markdown) <= most {
        return Cow::Borrowed(markdown);
    }
    let mut limited = String::with_capacity(markdown.len() + 64);
    let mut tables = 0;
    for block in blocks(markdown) {
        let is_table = matches!(block.kind, Kind::Table);
        tables += usize::from(is_table);
        let fence = (is_table && tables > most).then(|| fence_for(&block.lines));
        for line in fence.as_deref().into_iter().chain(block.lines.iter().copied()).chain(fence.as_deref()) {
            limited.push_str(line);
            limited.push('\n');
        }
    }
    if !markdown.ends_with('\n') {
        limited.pop();
    }
    Cow::Owned(limited)
}

/// A fence that no line of the code can close.
fn fence_for(lines: &[&str]) -> String {
    let runs = lines.iter().flat_map(|line| line.split(|letter| letter != '`').map(str::len));
    "`".repeat(runs.max().unwrap_or_default().max(2) + 1)
}
