//! Which part of the text goes into which card, and how much of a growing text is shown.

use std::borrow::Cow;
use std::ops::Range;

use feishu_callbacks::markdown::safe_prefix;

/// Tables of one card. Users found that the platform takes five.
pub(super) const MAX_TABLES: usize = 5;

/// The parts of a text, one for each card: as many as needed so that none has more than `limit` bytes in JSON. `cuts` are
/// places at which a card ends in any case. There is at least one part. A part that another follows stays as it is when
/// the text grows.
pub(super) fn parts(text: &str, cuts: &[usize], limit: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for end in cuts.iter().copied().chain([text.len()]) {
        let end = floor(text, end);
        while let Some(at) = text.get(start..end).and_then(|rest| cut(rest, limit)) {
            parts.push(start..start + at);
            start += at;
        }
        if end > start {
            parts.push(start..end);
            start = end;
        }
    }
    if parts.is_empty() {
        parts.push(0..0);
    }
    parts
}

/// The text of a part as it is shown. Of one that grows, no half fence, table or link is.
pub(super) fn shown(part: &str, is_complete: bool, _tables: usize) -> Cow<'_, str> {
    if is_complete {
        return Cow::Borrowed(part.trim_end());
    }
    let mut shown = safe_prefix(part);
    shown.truncate(shown.trim_end().len());
    Cow::Owned(shown)
}

/// Bytes of a letter in JSON.
fn json_len(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        letter if letter.is_control() => 6,
        letter => letter.len_utf8(),
    }
}

/// Where a text that is too long is cut: after a paragraph, else a line, else a word, in the second half of the limit.
fn cut(text: &str, limit: usize) -> Option<usize> {
    let mut bytes = 0;
    let hard = text.char_indices().find_map(|(at, letter)| {
        bytes += json_len(letter);
        (bytes > limit).then_some(at)
    })?;
    let first = text.chars().next().map_or(1, char::len_utf8);
    let hard = hard.max(first);
    let half = floor(text, hard / 2);
    let window = text.get(half..hard).unwrap_or_default();
    let after = ["\n\n", "\n", " "]
        .into_iter()
        .find_map(|border| window.rfind(border).map(|at| half + at + border.len()));
    Some(after.unwrap_or(hard))
}

/// The last place at or before `at` that is between two characters.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
