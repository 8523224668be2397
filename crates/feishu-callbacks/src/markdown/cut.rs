//! Where a line is cut that is too long for one piece.

use super::inline;
use super::json_len::json_len_of;

/// The beginning of a line of at most `bytes` in JSON, and the rest. It ends after a sentence if possible, else after a
/// word, and not within a link or code; at least one letter is in it.
pub(super) fn cut(line: &str, bytes: usize) -> (&str, &str) {
    let mut used = 0;
    let fits = |(_, letter): &(usize, char)| {
        used += json_len_of(*letter);
        used <= bytes
    };
    let first = line.chars().next().map_or(0, char::len_utf8);
    let most = line.char_indices().take_while(fits).last().map_or(first, |(at, it)| at + it.len_utf8());
    let window = line.get(..most).unwrap_or(line);
    // Not too early, or there are many small pieces.
    let least = most / 2;
    // What is open is looked for only near the end, so that a long line costs no more than its length.
    let tail = near_end(window);
    let unbroken = window.len() - tail.len() + inline::closed(tail, 0);
    let latest = if unbroken > least { unbroken } else { most };
    let ends = |is_end: fn(char, char) -> bool| {
        let letters = line.char_indices().zip(line.chars().skip(1));
        let ends = letters.map(|((at, letter), next)| (at + letter.len_utf8(), is_end(letter, next), next));
        ends.take_while(|(end, ..)| *end <= latest)
            .filter(|(end, is_end, next)| *end > least && *is_end && !matches!(next, '`' | '~'))
            .last()
            .map(|(end, ..)| end)
    };
    let end =
        ends(ends_sentence).or_else(|| ends(ends_word)).or_else(|| ends(|_, next| !next.is_whitespace()));
    line.split_at(end.unwrap_or(latest))
}

/// The last part of a text that one construct can reach over.
fn near_end(text: &str) -> &str {
    let mut start = text.len().saturating_sub(inline::MAX_BYTES / 2);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or_default()
}

fn ends_sentence(letter: char, next: char) -> bool {
    match letter {
        '。' | '！' | '？' | '；' | '…' => !matches!(next, '”' | '’' | '」' | '』' | '）'),
        '.' | '!' | '?' | ';' => next.is_whitespace(),
        _ => false,
    }
}

fn ends_word(letter: char, next: char) -> bool {
    letter.is_whitespace() && !next.is_whitespace() || matches!(letter, '，' | '、' | '：')
}
