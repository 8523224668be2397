//! Which part of the text goes into which card, and how much of a growing text is shown.

use std::borrow::Cow;

use feishu_callbacks::markdown::{SplitLimits, for_card, limit_tables, safe_prefix, split};

/// The parts of a text, one for each card: as many as needed for these limits, and at least one. `cuts` are places in the
/// text at which a card ends in any case.
pub(super) fn parts(text: &str, cuts: &[usize], converts: bool, limits: &SplitLimits) -> Vec<String> {
    let mut parts = Vec::new();
    let mut start = 0;
    for end in cuts.iter().copied().chain([text.len()]) {
        let end = floor(text, end).max(start);
        let rest = text.get(start..end).unwrap_or_default();
        if converts {
            parts.extend(split(&for_card(rest), limits));
        } else {
            parts.extend(split(rest, limits));
        }
        start = end;
    }
    if parts.is_empty() {
        parts.push(String::new());
    }
    parts
}

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

/// The last place at or before `at` that is between two characters.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
