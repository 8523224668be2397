//! Rust code reduced to what is compiled into a user's program.

/// Blanks comments, literals and everything under `#[cfg(test)]`; lines stay where they were.
pub(super) fn shipped(text: &str) -> String {
    without_tests(&without_prose(text))
}

/// Line numbers, from 1, on which a word or path stands as a whole: `print!` is not found in `eprint!`.
pub(super) fn lines_with(code: &str, pattern: &str) -> Vec<usize> {
    let holds = |line: &str| {
        line.match_indices(pattern).any(|(start, _)| {
            let before = line.get(..start).and_then(|text| text.chars().next_back());
            let after = line.get(start + pattern.len()..).and_then(|text| text.chars().next());
            let joins = |inside: Option<char>, outside: Option<char>| {
                inside.is_some_and(is_word) && outside.is_some_and(is_word)
            };
            !joins(pattern.chars().next(), before) && !joins(pattern.chars().next_back(), after)
        })
    };
    code.lines().enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index + 1).collect()
}

fn without_prose(text: &str) -> String {
    let mut scanner = Scanner { rest: text, done: String::with_capacity(text.len()) };
    while let Some(first) = scanner.rest.chars().next() {
        let rest = scanner.rest;
        if rest.starts_with("//") {
            scanner.blank(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            scanner.blank(block_comment(rest));
        } else if let Some(length) = raw_string(rest).filter(|_| !scanner.inside_word()) {
            scanner.blank(length);
        } else if first == '"' {
            scanner.blank(quoted(rest, '"'));
        } else if is_char_literal(rest) {
            scanner.blank(quoted(rest, '\''));
        } else {
            scanner.keep(first.len_utf8());
        }
    }
    scanner.done
}

fn without_tests(code: &str) -> String {
    if code.contains("#![cfg(test)]") {
        return blanks(code);
    }
    let mut scanner = Scanner { rest: code, done: String::with_capacity(code.len()) };
    while !scanner.rest.is_empty() {
        let starts = ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|mark| scanner.rest.find(mark));
        let Some(start) = starts.min() else {
            scanner.keep(scanner.rest.len());
            break;
        };
        scanner.keep(start);
        scanner.blank(item(scanner.rest));
    }
    scanner.done
}

/// A text of which a part is done and the rest is to be kept or blanked.
struct Scanner<'a> {
    rest: &'a str,
    done: String,
}

impl Scanner<'_> {
    fn keep(&mut self, length: usize) {
        let (kept, rest) = self.rest.split_at(length);
        self.done.push_str(kept);
        self.rest = rest;
    }

    fn blank(&mut self, length: usize) {
        let (blanked, rest) = self.rest.split_at(length);
        self.done.push_str(&blanks(blanked));
        self.rest = rest;
    }

    fn inside_word(&self) -> bool {
        self.done.chars().next_back().is_some_and(is_word)
    }
}

fn blanks(text: &str) -> String {
    text.chars().map(|it| if it == '\n' { '\n' } else { ' ' }).collect()
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of a raw string literal, if the text begins with one.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = text.get(prefix.len()..)?.find('"')?;
    let opened = prefix.len() + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    let body = text.get(opened..)?;
    Some(body.find(&close).map_or(text.len(), |end| opened + end + close.len()))
}

/// Length of a literal between two quotes, escapes respected.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == quote {
            return at + 1;
        }
    }
    text.len()
}

/// `'a'` and `'\n'` are literals, `'a` is a lifetime.
fn is_char_literal(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next() == Some('\'') && (letters.next() == Some('\\') || letters.next() == Some('\''))
}

/// Length of an item with its attributes. Ends rather too early than too late: what is left then is checked in vain,
/// what was taken too much would never be checked.
fn item(code: &str) -> usize {
    let mut brackets = 0_usize;
    let mut braces = 0_usize;
    for (at, letter) in code.char_indices() {
        let end = at + letter.len_utf8();
        match letter {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            '{' => braces += 1,
            '}' if braces == 0 => return at,
            '}' if braces == 1 => return end,
            '}' => braces -= 1,
            ';' | ',' if brackets == 0 && braces == 0 => return end,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::{lines_with, shipped};

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "let a = \"x.unwrap()\"; // b.unwrap()\n/* c.unwrap() /* d */ .unwrap() */ e('\"', '\\'', r#\"f\"\n.unwrap()\"#);\ng.unwrap();\n";
        assert_eq!(lines_with(&shipped(text), ".unwrap()"), [4]);
        assert_eq!(shipped(text).lines().count(), text.lines().count());
    }

    #[test]
    fn lifetimes_do_not_open_a_literal() {
        let text = "fn first<'a>(of: &'a str) -> &'a str { of.get(..1).unwrap() }\n";
        assert_eq!(lines_with(&shipped(text), ".unwrap()"), [1]);
    }

    #[test]
    fn test_modules_are_not_shipped_and_what_follows_is() {
        let text = "#[cfg(test)]\nmod tests {\n    fn a() { if x { b.unwrap() } }\n}\nfn c() { d.unwrap() }\n#[cfg(test)]\nuse e;\nfn f() { g.unwrap() }\n";
        assert_eq!(lines_with(&shipped(text), ".unwrap()"), [5, 8]);
    }

    #[test]
    fn a_test_only_field_hides_nothing_but_itself() {
        let text = "struct A {\n    #[cfg(test)]\n    seen: usize,\n}\nfn b() { c.unwrap() }\n";
        assert_eq!(lines_with(&shipped(text), ".unwrap()"), [5]);
    }

    #[test]
    fn a_file_for_tests_has_no_shipped_code() {
        assert!(shipped("#![cfg(test)]\nfn a() { b.unwrap() }\n").trim().is_empty());
    }

    #[test]
    fn words_are_found_whole() {
        assert_eq!(lines_with("eprint!(1)\nprint!(2)\n", "print!"), [2]);
        assert_eq!(lines_with("tokio_util::x\ntokio::x\n", "tokio"), [2]);
        assert_eq!(lines_with("a.unwrap()", ".unwrap()"), [1]);
    }
}
