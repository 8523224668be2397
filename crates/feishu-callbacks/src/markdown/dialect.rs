//! Standard markdown in the dialect that cards know.

use super::blocks::{Kind, blocks};
use super::inline::{code, near, run};
use super::links::Links;

/// Turns what the client does not know into what it knows, for the markdown of a card of JSON 2.0. Code is left as it is.
///
/// | in the text | becomes |
/// | --- | --- |
/// | an image by its address, which makes the platform refuse the whole card (200570) | a link |
/// | a link without `http`, such as one to a file | its words, and the address behind them |
/// | `- [ ]`, `- [x]` | `- ☐`, `- ☑` |
/// | `<b>`, `<strong>`, `<i>`, `<em>`, `<s>`, `<del>` | `**`, `*`, `~~` |
/// | other tags that cards do not have, comments | the same, shown as text |
/// | blanks behind the marks of a fence, which spoil its display | nothing |
///
/// Tables are known; see [`limit_tables`](super::limit_tables) for how many. Sources: "Rich text (Markdown)" of card JSON 2.0
/// and "Streaming update" of the Feishu documentation; that a tag is shown when its `<` is an entity: the same page.
///
/// ```
/// use feishu_callbacks::markdown::for_card;
/// assert_eq!(for_card("![chart](https://a.example/c.png)"), "[chart](https://a.example/c.png)");
/// assert_eq!(for_card("![chart](img_v3_1)"), "![chart](img_v3_1)");
/// assert_eq!(for_card("- [x] <b>tea</b>"), "- ☑ **tea**");
/// assert_eq!(for_card("see [main](src/main.rs) `[x](y)`"), "see main (src/main.rs) `[x](y)`");
/// ```
pub fn for_card(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len() + 16);
    for block in blocks(markdown) {
        let last = block.lines.len().saturating_sub(1);
        for (at, line) in block.lines.iter().enumerate() {
            match &block.kind {
                Kind::Fence { is_closed, .. } if at == 0 || (*is_closed && at == last) => {
                    out.push_str(line.trim_end());
                }
                Kind::Fence { .. } => out.push_str(line),
                _ => write_line(line, &mut out),
            }
            out.push('\n');
        }
    }
    if !markdown.ends_with('\n') {
        out.pop();
    }
    out
}

fn write_line(line: &str, out: &mut String) {
    let words = task(line, out);
    write_words(words, out, 0);
}

fn write_words(words: &str, out: &mut String, depth: usize) {
    let links = Links::of(words);
    let mut rest = words;
    while let Some(letter) = rest.chars().next() {
        let len = match letter {
            '\\' => rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at),
            '`' => code(near(rest), false).unwrap_or_else(|| run(rest, '`').len()),
            '!' if rest.starts_with("![") => match links.at(words.len() - rest.len() + 1) {
                Some((shown, address, len)) if !is_key(address) => {
                    write_link(if shown.is_empty() { "image" } else { shown }, address, out, depth);
                    rest = rest.get(1 + len..).unwrap_or_default();
                    continue;
                }
                Some((.., len)) => 1 + len,
                None => 1,
            },
            '[' => match links.at(words.len() - rest.len()) {
                Some((shown, address, len)) => {
                    write_link(shown, address, out, depth);
                    rest = rest.get(len..).unwrap_or_default();
                    continue;
                }
                None => 1,
            },
            '<' => {
                rest = tag(rest, out);
                continue;
            }
            _ => letter.len_utf8(),
        };
        out.push_str(rest.get(..len).unwrap_or_default());
        rest = rest.get(len..).unwrap_or_default();
    }
}

/// Writes the box of a task and gives what is behind it.
fn task<'t>(line: &'t str, out: &mut String) -> &'t str {
    let item = line.trim_start();
    for bullet in ["- ", "* ", "+ "] {
        for (open, sign) in [("[ ] ", "☐ "), ("[x] ", "☑ "), ("[X] ", "☑ ")] {
            if let Some(words) = item.strip_prefix(bullet).and_then(|item| item.strip_prefix(open)) {
                out.push_str(line.get(..line.len() - item.len()).unwrap_or_default());
                out.push_str(bullet);
                out.push_str(sign);
                return words;
            }
        }
    }
    line
}

/// Whether an image is named by its key, as cards want it.
fn is_key(address: &str) -> bool {
    address.starts_with("img_") || !address.contains(['/', '.', ':'])
}

fn write_link(words: &str, address: &str, out: &mut String, depth: usize) {
    let target = address.trim();
    let is_known = ["http://", "https://", "mailto:", "tel:", "lark://", "feishu://", "$"];
    let (before, behind) = if is_known.iter().any(|start| target.starts_with(start)) {
        ("[", ["](", address, ")"])
    } else if target.is_empty() {
        ("", [""; 3])
    } else {
        ("", [" (", target, ")"])
    };
    out.push_str(before);
    if depth < MAX_DEPTH {
        write_words(words, out, depth + 1);
    } else {
        out.push_str(words);
    }
    for part in behind {
        out.push_str(part);
    }
}

/// Links in the words of links that are read.
const MAX_DEPTH: usize = 4;

/// Tags that cards know.
const KNOWN: [&str; 11] =
    ["a", "at", "audio", "br", "font", "hr", "link", "local_datetime", "number_tag", "person", "text_tag"];

/// Writes the tag or sign at the beginning of a text and gives what is behind it.
fn tag<'t>(text: &'t str, out: &mut String) -> &'t str {
    let inside = text.get(1..).unwrap_or_default();
    let name = inside.strip_prefix('/').unwrap_or(inside);
    let name = name.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_')).next().unwrap_or_default();
    if let Some(mark) = mark_of(name) {
        for form in [format!("<{name}>"), format!("</{name}>")] {
            if let Some(rest) = text.strip_prefix(form.as_str()) {
                out.push_str(mark);
                return rest;
            }
        }
    }
    let is_tag = inside.starts_with(|it: char| it.is_ascii_alphabetic() || matches!(it, '/' | '!'));
    let is_address = ["http://", "https://", "mailto:"].iter().any(|start| inside.starts_with(start));
    if is_tag && !is_address && !KNOWN.contains(&name) {
        out.push_str("&#60;");
    } else {
        out.push('<');
    }
    inside
}

/// The mark of a format that HTML has a tag for.
fn mark_of(tag: &str) -> Option<&'static str> {
    match tag {
        "b" | "strong" => Some("**"),
        "i" | "em" => Some("*"),
        "s" | "del" | "strike" => Some("~~"),
        _ => None,
    }
}
