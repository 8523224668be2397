//! Bytes of text inside JSON.

/// Bytes of text inside a JSON string.
pub(super) fn json_len(text: &str) -> usize {
    text.chars().map(json_len_of).sum()
}

/// Bytes of a letter inside a JSON string.
pub(super) fn json_len_of(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => letter.len_utf8(),
    }
}
