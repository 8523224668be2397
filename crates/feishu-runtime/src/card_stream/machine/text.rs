//! How much of the text of a card is shown while it grows, and where another card can take it over.

use std::borrow::Cow;

use feishu_callbacks::markdown::{limit_tables, safe_prefix};

/// The text of a part as it is shown. Of one that grows, no half fence, table or link is.
pub(super) fn shown(part: &str, is_complete: bool, tables: usize) -> String {
    let safe = if is_complete { Cow::Borrowed(part) } else { Cow::Owned(safe_prefix(part)) };
    let mut shown = limit_tables(&safe, tables).into_owned();
    shown.truncate(shown.trim_end().len());
    shown
}

/// The end of the last paragraph that is whole, and not within code.
pub(super) fn last_border(text: &str) -> Option<usize> {
    let mut fences = 0;
    let mut from = 0;
    let mut last = None;
    for (at, border) in text.match_indices("\n\n") {
        let paragraph = text.get(from..at).unwrap_or_default();
        fences += paragraph.lines().filter(|line| line.trim_start().starts_with("```")).count();
        from = at + border.len();
        if fences % 2 == 0 && !text.get(..from).unwrap_or_default().trim().is_empty() {
            last = Some(from);
        }
    }
    last
}
