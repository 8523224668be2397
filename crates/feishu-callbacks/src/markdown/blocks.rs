//! The blocks of a complete markdown text: fences, tables, paragraphs, and blank lines.

use super::lines::{Fence, is_delimiter, is_row};

/// Lines that belong together.
#[derive(Debug)]
pub(super) struct Block<'t> {
    pub(super) kind: Kind,
    /// The lines, without what ends them.
    pub(super) lines: Vec<&'t str>,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// Blank lines.
    Blank,
    /// A paragraph, a list, a heading.
    Text,
    /// A head, the line below it, and rows.
    Table,
    /// Fenced code; its last line closes it, unless the text ends before.
    Fence { fence: Fence, is_closed: bool },
}

/// The blocks of a text, in order: all of its lines, each in one block.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(fence) = Fence::open(line) {
            let mut code = vec![line];
            let mut is_closed = false;
            while let Some(line) = lines.next_if(|_| !is_closed) {
                is_closed = fence.is_closed_by(line);
                code.push(line);
            }
            blocks.push(Block { kind: Kind::Fence { fence, is_closed }, lines: code });
        } else if is_row(line) && lines.peek().is_some_and(|below| is_delimiter(below)) {
            let mut rows = vec![line];
            rows.extend(lines.next());
            while let Some(row) = lines.next_if(|row| is_row(row)) {
                rows.push(row);
            }
            blocks.push(Block { kind: Kind::Table, lines: rows });
        } else {
            let is_blank = line.trim().is_empty();
            match blocks.last_mut() {
                Some(Block { kind: Kind::Blank, lines }) if is_blank => lines.push(line),
                Some(Block { kind: Kind::Text, lines }) if !is_blank => lines.push(line),
                _ => {
                    let kind = if is_blank { Kind::Blank } else { Kind::Text };
                    blocks.push(Block { kind, lines: vec![line] });
                }
            }
        }
    }
    blocks
}

/// The line that closes the fence in which a text ends.
pub(super) fn open_fence(text: &str) -> Option<String> {
    match blocks(text).pop()?.kind {
        Kind::Fence { fence, is_closed: false } => Some(fence.closing()),
        _ => None,
    }
}
