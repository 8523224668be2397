//! How much of a text that is still being written can be shown.

use std::borrow::Cow;
use std::fmt;

use super::inline;
use super::lines::{Fence, is_delimiter, is_row, may_be_delimiter};

/// Bytes that are held back at most. What stays open for longer, such as a bracket that is never closed, is shown as it is.
const MAX_HELD_BYTES: usize = 2_048;

/// Finds how much of a growing text can be shown without half a fence, half a table or half a link: for streaming the
/// answer of a language model into a card.
///
/// Each call of [`update`](Self::update) takes the whole text so far and reads only what is new, besides at most 2 KiB
/// that were held back; so a long answer costs the same per piece as a short one. What was shown is never taken back: each
/// prefix begins with the one before it. It goes on where the text goes on; a text whose beginning changed takes a new
/// `SafePrefix`.
///
/// ```
/// use feishu_callbacks::markdown::SafePrefix;
///
/// let mut safe = SafePrefix::default();
/// assert_eq!(safe.update("See [the pl").to_string(), "See ");
/// assert_eq!(safe.update("See [the plan](https://a.example/p).\n").prefix(), "See [the plan](https://a.example/p).\n");
/// let code = "See [the plan](https://a.example/p).\n```rust\nlet tea";
/// assert_eq!(safe.update(code).to_string(), format!("{code}\n```"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct SafePrefix {
    /// Where the last line begins, which is not complete yet.
    line: usize,
    /// Up to here nothing is open in the last line.
    inline: usize,
    /// How much was searched for the end of the line.
    seen: usize,
    fence: Option<OpenFence>,
    table: Table,
    shown: usize,
}

#[derive(Debug, Clone)]
struct OpenFence {
    fence: Fence,
    /// Where its opening line begins.
    start: usize,
    /// Where the code begins.
    code: usize,
}

/// What the lines above the last one may belong to.
#[derive(Debug, Clone, Copy, Default)]
enum Table {
    #[default]
    None,
    /// One line that may be the head of a table.
    Head { start: usize },
    /// A head and the line below it.
    Open { start: usize, has_rows: bool },
}

/// The part of a text that can be shown now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot<'t> {
    prefix: &'t str,
    closing: Cow<'static, str>,
}

impl<'t> Snapshot<'t> {
    /// The beginning of the text that can be shown.
    pub fn prefix(&self) -> &'t str {
        self.prefix
    }

    /// What closes an open fence in it: a line, or nothing.
    ///
    /// A card types what is added to a text that stays the same at its beginning, and draws anything else anew. So inside a
    /// fence a stream chooses between typing, with the prefix alone, and closed fences, with this behind it.
    pub fn closing(&self) -> &str {
        &self.closing
    }
}

/// The prefix with its open fence closed.
impl fmt::Display for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        f.write_str(&self.closing)
    }
}

impl SafePrefix {
    /// Reads the text so far, which begins with the one of the call before, and gives what can be shown of it.
    ///
    /// Held back are: a fence until there is code in it, a table until it has a row, a row until its line is complete, the
    /// line above which a table may begin, links, code and emphasis of the last line until they are closed, and a line that
    /// is nothing but a mark so far, such as `- ` or `##`. At the end of the stream show the whole text.
    pub fn update<'t>(&mut self, text: &'t str) -> Snapshot<'t> {
        if text.len() < self.seen || !text.is_char_boundary(self.seen) || !text.is_char_boundary(self.line) {
            *self = Self::default();
        }
        while let Some(end) = text.get(self.seen.max(self.line)..).and_then(|new| new.find('\n')) {
            let end = self.seen.max(self.line) + end;
            self.take_line(text.get(self.line..end).unwrap_or_default(), end + 1);
        }
        self.seen = text.len();
        let mut safe = self.safe(text);
        if text.len() - safe.max(self.shown) > MAX_HELD_BYTES {
            safe = text.len();
            self.inline = safe;
        }
        self.shown = self.shown.max(safe);
        let prefix = text.get(..self.shown).unwrap_or(text);
        Snapshot { prefix, closing: self.closing(prefix) }
    }

    /// A complete line; `next` is where the one below it begins.
    fn take_line(&mut self, line: &str, next: usize) {
        if let Some(open) = &self.fence {
            if open.fence.is_closed_by(line) {
                self.fence = None;
            }
        } else if let Some(fence) = Fence::open(line) {
            self.fence = Some(OpenFence { fence, start: self.line, code: next });
            self.table = Table::None;
        } else {
            self.table = match self.table {
                Table::Head { start } if is_delimiter(line) => Table::Open { start, has_rows: false },
                Table::Open { start, .. } if is_row(line) => Table::Open { start, has_rows: true },
                _ if is_row(line) => Table::Head { start: self.line },
                _ => Table::None,
            };
        }
        self.line = next;
        self.inline = next;
        self.seen = self.seen.max(next);
    }

    /// How much can be shown, apart from what was shown before.
    fn safe(&mut self, text: &str) -> usize {
        let last = text.get(self.line..).unwrap_or_default();
        if let Some(OpenFence { fence, start, code }) = &self.fence {
            let end = if fence.may_be_closed_by(last) { self.line } else { text.len() };
            return if end > *code { end } else { *start };
        }
        match self.table {
            Table::Head { start } if may_be_delimiter(last) => return start,
            Table::Open { start, has_rows: false } => return start,
            Table::Open { .. } => return self.line,
            Table::Head { .. } | Table::None => {}
        }
        let is_row = text.get(self.inline..).is_some_and(|new| new.contains('|'));
        if is_only_marks(last) || is_row || Fence::open(last).is_some() {
            return self.line;
        }
        self.inline = self.line + inline::closed(last, self.inline - self.line);
        self.inline
    }

    fn closing(&self, prefix: &str) -> Cow<'static, str> {
        match &self.fence {
            Some(OpenFence { fence, code, .. }) if prefix.len() > *code => {
                let line = if prefix.ends_with('\n') { "" } else { "\n" };
                format!("{line}{}", fence.closing()).into()
            }
            _ => "".into(),
        }
    }
}

/// The part of a markdown text that can be shown while the rest is being written, with an open fence closed. A stream uses
/// [`SafePrefix`], which does not read the text from its beginning each time.
///
/// ```
/// use feishu_callbacks::markdown::safe_prefix;
/// assert_eq!(safe_prefix("| a | b |\n| --"), "");
/// assert_eq!(safe_prefix("| a | b |\n| -- | -- |\n| 1 | 2 |\n| 3"), "| a | b |\n| -- | -- |\n| 1 | 2 |\n");
/// ```
pub fn safe_prefix(text: &str) -> String {
    SafePrefix::default().update(text).to_string()
}

/// Whether the beginning of a line is so far only the mark of a heading, a list, a quote or a line.
fn is_only_marks(start: &str) -> bool {
    let is_mark =
        |letter: char| letter.is_whitespace() || letter.is_ascii_digit() || "#-=*+>.)_~`".contains(letter);
    start.len() <= 64 && start.chars().all(is_mark)
}
