//! Marks within a line: links, code, emphasis and tags, and how far all of them are closed.

/// Bytes of a link, of code or of a tag with what it holds, at most. What is longer is not closed.
pub(super) const MAX_BYTES: usize = 4_096;

/// The place up to which everything that began in `line` at or after `from` is closed. Before `from` nothing is open.
pub(super) fn closed(line: &str, from: usize) -> usize {
    let mut open: Vec<Mark<'_>> = Vec::new();
    let mut at = from;
    loop {
        let rest = line.get(at..).unwrap_or_default();
        let Some(letter) = rest.chars().next() else { break };
        // Up to here something is open, or the rest may still become something else.
        let held = || open.first().map_or(at, |mark| mark.at);
        at += match letter {
            '\\' => match rest.chars().nth(1) {
                Some(next) => 1 + next.len_utf8(),
                None => return held(),
            },
            '`' => match code(near(rest), true) {
                Some(len) => len,
                None => return held(),
            },
            '[' => match link(near(rest)) {
                Some(len) => len,
                None => return held(),
            },
            '<' => match tag(near(rest)) {
                Some(len) => len,
                None => return held(),
            },
            '*' | '~' | '_' => {
                let run = run(rest, letter);
                if run.len() == rest.len() {
                    return held();
                }
                let before = line.get(..at).and_then(|before| before.chars().next_back());
                mark(&mut open, Mark { at, run, letter }, before, rest.get(run.len()..).unwrap_or_default());
                run.len()
            }
            _ => letter.len_utf8(),
        };
    }
    open.first().map_or(at, |mark| mark.at)
}

/// As much of a text as is searched for what closes it.
pub(super) fn near(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// Opened emphasis.
struct Mark<'a> {
    at: usize,
    run: &'a str,
    letter: char,
}

/// Opens or closes emphasis.
fn mark<'a>(open: &mut Vec<Mark<'a>>, mark: Mark<'a>, before: Option<char>, after: &str) {
    let next = after.chars().next();
    let is_blank = |letter: Option<char>| letter.is_none_or(char::is_whitespace);
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let is_single_tilde = mark.letter == '~' && mark.run.len() == 1;
    let within_word = mark.letter == '_' && is_word(before) && is_word(next);
    if is_single_tilde || within_word {
        return;
    }
    if !is_blank(before) {
        let mut left = mark.run.len();
        let opened = open.len();
        while let Some(last) = open.last().filter(|last| last.letter == mark.letter && last.run.len() <= left)
        {
            left -= last.run.len();
            open.pop();
        }
        if open.len() < opened {
            return;
        }
    }
    if !is_blank(next) {
        open.push(mark);
    }
}

pub(super) fn run(text: &str, letter: char) -> &str {
    let rest = text.trim_start_matches(letter);
    text.get(..text.len() - rest.len()).unwrap_or_default()
}

/// The length of code in backticks. If the text may grow, more backticks may follow those at its end.
pub(super) fn code(text: &str, may_grow: bool) -> Option<usize> {
    let ticks = run(text, '`').len();
    let mut at = ticks;
    loop {
        let rest = text.get(at..)?;
        at += rest.find('`')?;
        let close = run(text.get(at..)?, '`').len();
        at += close;
        if close == ticks {
            return (!may_grow || at < text.len()).then_some(at);
        }
    }
}

/// The length of a link, or of the bracket of something that is none.
fn link(text: &str) -> Option<usize> {
    let words = bracketed(text, '[', ']')?;
    match text.get(words..)?.chars().next()? {
        '(' => bracketed(text.get(words..)?, '(', ')').map(|address| words + address),
        _ => Some(1),
    }
}

/// The length up to the bracket that closes the first one.
fn bracketed(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == open => depth += 1,
            _ if letter == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + close.len_utf8());
                }
            }
            _ => {}
        }
    }
    None
}

/// The length of a tag with what it holds, or of a sign that is none.
fn tag(text: &str) -> Option<usize> {
    let inside = text.get(1..)?;
    let first = inside.chars().next()?;
    if !(first.is_ascii_alphabetic() || matches!(first, '/' | '!')) {
        return Some(1);
    }
    let end = inside.find('>')? + 2;
    let name =
        inside.get(..inside.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_')).unwrap_or(0))?;
    let is_alone = first == '/' || first == '!' || text.get(..end)?.ends_with("/>");
    if is_alone || matches!(name, "br" | "hr" | "img" | "") || !KNOWN.contains(&name) {
        return Some(end);
    }
    let close = format!("</{name}>");
    text.get(end..)?.find(&close).map(|at| end + at + close.len())
}

/// Tags of cards that hold something.
const KNOWN: [&str; 9] =
    ["at", "font", "text_tag", "link", "person", "number_tag", "local_datetime", "a", "u"];
