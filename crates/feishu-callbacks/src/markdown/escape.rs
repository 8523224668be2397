//! Words of a user inside a bot's message, so that they bring no formats, links or mentions along.

use std::fmt::Write as _;

/// Escapes words of a user for the markdown of a card: marks of formats, links, tags and emoji are written as HTML entities,
/// which the client shows as the letters they were.
///
/// Source: "Rich text (Markdown)" of the Feishu documentation, on special characters: `&#42;` for `*`. An address that is written out
/// (`https://…`) is escaped too.
///
/// ```
/// use feishu_callbacks::markdown::escape;
/// assert_eq!(escape("2*3 <at id=all></at>"), "2&#42;3 &#60;at id=all&#62;&#60;/at&#62;");
/// assert_eq!(escape("- no list\n1. no list"), "&#45; no list\n1&#46; no list");
/// assert_eq!(escape("12:30, a-b, 茶."), "12:30, a-b, 茶.");
/// ```
pub fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len() + words.len() / 8);
    // At the beginning of a line these are marks of lists, headings and lines.
    let mut starts_line = true;
    let mut is_number = true;
    let mut letters = words.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        let is_mark = match letter {
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | '|' | '$' | '&' => true,
            '!' => next == Some('['),
            ':' => next.is_some_and(|next| next.is_ascii_alphabetic() || next == '/'),
            '#' | '-' | '+' | '=' => starts_line,
            '.' | ')' => is_number && !starts_line,
            _ => false,
        };
        if is_mark {
            let _ = write!(escaped, "&#{};", u32::from(letter));
        } else {
            escaped.push(letter);
        }
        if letter == '\n' {
            (starts_line, is_number) = (true, true);
        } else if !letter.is_whitespace() {
            starts_line = false;
            is_number = is_number && letter.is_ascii_digit();
        }
    }
    escaped
}

/// Takes the effect from words of a user in a text message: a zero-width blank breaks tags (`<at …>`, `<b>`) and links
/// (`[words](address)`), and what is seen stays the same.
///
/// The platform documents no escape for text messages, so that this works is a guess; a card with [`escape`] is documented.
///
/// ```
/// use feishu_callbacks::markdown::escape_text;
/// assert_eq!(escape_text(r#"hi <at user_id="all">"#), "hi <\u{200b}at user_id=\"all\">");
/// assert_eq!(escape_text("a < b [x] (y)"), "a < b [x] (y)");
/// ```
pub fn escape_text(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len() + 8);
    let mut letters = words.chars().peekable();
    while let Some(letter) = letters.next() {
        escaped.push(letter);
        let breaks = match letters.peek() {
            Some(next) if letter == '<' => next.is_ascii_alphabetic() || *next == '/',
            Some('(') => letter == ']',
            _ => false,
        };
        if breaks {
            escaped.push('\u{200b}');
        }
    }
    escaped
}
