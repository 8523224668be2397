//! Splitting long markdown into messages or cards.

use super::blocks::{Block, Kind, blocks, open_fence};
use super::cut::cut;
use super::json_len::json_len;
use super::lines::{Fence, MAX_FENCE_BYTES};
use super::tables::{MAX_CARD_TABLES, tables_in};

/// How large the pieces of a split text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SplitLimits {
    /// Bytes of a piece as it is written in JSON: a line break or a quotation mark counts as two.
    pub bytes: usize,
    /// Tables in a piece, at least one.
    pub tables: usize,
}

impl SplitLimits {
    /// The smallest limit of bytes; a smaller one counts as this.
    pub const MIN_BYTES: usize = 1_024;

    /// For the markdown of a card: 28 KiB, which leaves 2 KiB of the platform's 30 KB for the card around it, and
    /// [`MAX_CARD_TABLES`] tables. Source of the bytes: "Send message" of the Feishu documentation.
    pub const fn card() -> Self {
        Self { bytes: 28 * 1024, tables: MAX_CARD_TABLES }
    }

    /// For a text message: 149 KiB of the platform's 150 KB, and any number of tables. Source: "Send message" of the
    /// Feishu documentation.
    pub const fn text() -> Self {
        Self { bytes: 149 * 1024, tables: usize::MAX }
    }

    /// Sets the bytes of a piece.
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets the tables of a piece.
    pub const fn tables(mut self, tables: usize) -> Self {
        self.tables = tables;
        self
    }

    fn allow(&self, piece: &str) -> bool {
        json_len(piece) <= self.bytes && tables_in(piece) <= self.tables
    }
}

/// Splits markdown into pieces that each can be sent alone; an empty text has none.
///
/// A piece ends between paragraphs if possible, else between lines, else after a sentence, a word or a letter. Paragraphs,
/// lists, code and tables stay whole if they fit into one piece. Code that does not is closed and opened again with its
/// language, and a table repeats its head. A fence that is open at the end is closed. Nothing else is added, and only blank
/// lines around a piece are left out.
///
/// ```
/// use feishu_callbacks::markdown::{SplitLimits, split};
///
/// let code = format!("Look:\n\n```rust\n{}```", "let tea = 1;\n".repeat(200));
/// let pieces = split(&code, &SplitLimits::card().bytes(2_000));
/// assert_eq!(pieces.len(), 2);
/// assert!(pieces[0].starts_with("Look:\n\n```rust\n") && pieces[0].ends_with("\n```"));
/// assert!(pieces[1].starts_with("```rust\nlet tea") && pieces[1].ends_with("\n```"));
/// ```
pub fn split(markdown: &str, limits: &SplitLimits) -> Vec<String> {
    let bytes = limits.bytes.max(SplitLimits::MIN_BYTES);
    let limits = SplitLimits { bytes, tables: limits.tables.max(1) };
    let whole = closed(without_blank_lines(markdown));
    if whole.is_empty() {
        return Vec::new();
    }
    if limits.allow(&whole) {
        return vec![whole];
    }
    let mut packer = Packer { limits, pieces: Vec::new(), piece: String::new(), bytes: 0, tables: 0 };
    for block in blocks(&whole) {
        packer.add(&block);
    }
    packer.flush();
    packer.pieces
}

/// Fills one piece after the other.
struct Packer {
    limits: SplitLimits,
    pieces: Vec<String>,
    piece: String,
    bytes: usize,
    tables: usize,
}

impl Packer {
    fn add(&mut self, block: &Block<'_>) {
        let bytes = block.lines.iter().map(|line| line_len(line)).sum();
        let is_table = matches!(block.kind, Kind::Table);
        if self.has_room(bytes) && !(is_table && self.tables >= self.limits.tables) {
            self.push_all(&block.lines);
        } else if matches!(block.kind, Kind::Blank) {
            self.flush();
            return;
        } else if bytes <= self.limits.bytes {
            self.flush();
            self.push_all(&block.lines);
        } else {
            match &block.kind {
                Kind::Fence { fence, .. } => self.add_code(fence, &block.lines),
                Kind::Table => self.add_table(&block.lines),
                Kind::Blank | Kind::Text => self.add_lines(&block.lines, "", ""),
            }
        }
        self.tables += usize::from(is_table);
    }

    /// Code in parts, each with the fence around it.
    fn add_code(&mut self, fence: &Fence, lines: &[&str]) {
        let Some((opening, code)) = lines.split_first() else { return };
        let marks = fence.closing();
        let (closing, code) = match code.split_last() {
            Some((last, code)) if fence.is_closed_by(last) => (*last, code),
            _ => ("", code),
        };
        let is_odd = closing.is_empty() || json_len(closing) > MAX_FENCE_BYTES * 2;
        let closing = if is_odd { marks.as_str() } else { closing };
        // A fence whose line is long beyond reason is opened again without what stands behind the marks.
        let opening = if json_len(opening) > MAX_FENCE_BYTES * 2 { marks.as_str() } else { opening };
        self.add_lines(code, opening, closing);
    }

    /// A table in parts, each with the head above it.
    fn add_table(&mut self, lines: &[&str]) {
        let (head, rows) = lines.split_at(lines.len().min(2));
        let head_bytes: usize = head.iter().map(|line| line_len(line)).sum();
        let longest = rows.iter().map(|row| line_len(row)).max().unwrap_or_default();
        self.flush();
        if head_bytes + longest > self.limits.bytes {
            self.add_lines(lines, "", "");
            self.flush();
            return;
        }
        for row in rows {
            if !self.has_room(line_len(row)) {
                self.flush();
            }
            if self.piece.is_empty() {
                self.push_all(head);
            }
            self.push(row);
        }
    }

    /// Lines, each piece of them between an opening and a closing line, if there are such.
    fn add_lines(&mut self, lines: &[&str], opening: &str, closing: &str) {
        let around = if opening.is_empty() { 0 } else { line_len(opening) + line_len(closing) };
        let mut is_open = false;
        for line in lines {
            let mut rest = *line;
            loop {
                let needed = line_len(rest) + if is_open { line_len(closing) } else { around };
                // A line that is cut anyway begins below what is there, so that a heading does not stand alone.
                let fits_alone = line_len(rest) + around <= self.limits.bytes;
                let is_full = fits_alone || self.bytes > self.limits.bytes / 2;
                if !self.has_room(needed) && !self.piece.is_empty() && is_full {
                    self.close(is_open, closing);
                    self.flush();
                    is_open = false;
                }
                if !is_open && !opening.is_empty() {
                    self.push(opening);
                    is_open = true;
                }
                let room = self.limits.bytes - self.bytes;
                let room = room.saturating_sub(if is_open { line_len(closing) } else { 0 });
                if line_len(rest) <= room {
                    self.push(rest);
                    break;
                }
                let (start, left) = cut(rest, room.saturating_sub(MARGIN));
                self.push(start);
                self.close(is_open, closing);
                self.flush();
                is_open = false;
                rest = left;
            }
        }
        self.close(is_open, closing);
    }

    fn close(&mut self, is_open: bool, closing: &str) {
        if is_open {
            self.push(closing);
        }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.bytes + bytes <= self.limits.bytes
    }

    fn push_all(&mut self, lines: &[&str]) {
        for line in lines {
            self.push(line);
        }
    }

    fn push(&mut self, line: &str) {
        self.piece.push_str(line);
        self.piece.push('\n');
        self.bytes += line_len(line);
    }

    fn flush(&mut self) {
        let piece = closed(without_blank_lines(&self.piece));
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
        self.piece.clear();
        self.bytes = 0;
        self.tables = 0;
    }
}

/// Room that the part of a line leaves for closing what looks like a fence only because the line was cut there.
const MARGIN: usize = MAX_FENCE_BYTES * 2 + 4;

/// Bytes of a line with its end.
fn line_len(line: &str) -> usize {
    json_len(line) + 2
}

/// A text with its last fence closed.
fn closed(text: &str) -> String {
    match open_fence(text) {
        Some(closing) => format!("{text}\n{closing}"),
        None => text.to_owned(),
    }
}

fn without_blank_lines(text: &str) -> &str {
    if text.trim().is_empty() {
        return "";
    }
    let mut start = text.trim_end_matches(['\n', '\r']);
    while let Some((line, rest)) = start.split_once('\n') {
        if !line.trim().is_empty() {
            break;
        }
        start = rest;
    }
    start
}
