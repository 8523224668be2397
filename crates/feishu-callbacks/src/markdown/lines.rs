//! What single lines of markdown are: fences, and the rows of tables.

/// Bytes of the marks of a fence, with what stands before it, at most; longer ones are not fences.
pub(super) const MAX_FENCE_BYTES: usize = 64;

/// The opening line of fenced code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    /// What stands before the fence in each line: blanks and the marks of quotes.
    pub(super) prefix: String,
    /// `` ` `` or `~`.
    mark: char,
    len: usize,
}

impl Fence {
    /// The fence that a line opens. It can be inside a quote or behind the mark of a list.
    pub(super) fn open(line: &str) -> Option<Self> {
        let quoted = line.trim_start_matches([' ', '\t', '>']);
        let rest = without_bullet(quoted);
        let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = rest.trim_start_matches(mark);
        let len = rest.len() - info.len();
        // A line such as ```` ```x``` ```` is code within a line.
        let is_fence = len >= 3 && !(mark == '`' && info.contains('`'));
        let before = &line.get(..line.len() - rest.len()).unwrap_or_default();
        let prefix = before.chars().map(|it| if matches!(it, '\t' | '>') { it } else { ' ' }).collect();
        (is_fence && before.len() + len <= MAX_FENCE_BYTES).then_some(Self { prefix, mark, len })
    }

    /// Whether a line closes this fence.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        let rest = line.trim_start_matches([' ', '\t', '>']).trim_end();
        rest.len() >= self.len && rest.chars().all(|letter| letter == self.mark)
    }

    /// Whether the beginning of a line can become the line that closes this fence.
    pub(super) fn may_be_closed_by(&self, start: &str) -> bool {
        start.trim_start_matches([' ', '\t', '>']).trim_end().chars().all(|letter| letter == self.mark)
    }

    /// The line that closes this fence.
    pub(super) fn closing(&self) -> String {
        let mut line = self.prefix.clone();
        line.extend(std::iter::repeat_n(self.mark, self.len));
        line
    }
}

/// A line without the mark of a list at its beginning.
fn without_bullet(line: &str) -> &str {
    let digits = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let is_numbered = digits.len() < line.len() && line.len() - digits.len() <= 9;
    let after =
        if is_numbered { digits.strip_prefix(['.', ')']) } else { line.strip_prefix(['-', '*', '+']) };
    match after {
        Some(after) if after.starts_with([' ', '\t']) => after.trim_start_matches([' ', '\t']),
        _ => line,
    }
}

/// Whether a line can be a row of a table.
pub(super) fn is_row(line: &str) -> bool {
    line.contains('|') && Fence::open(line).is_none()
}

/// Whether a line is the one between the head and the rows of a table, such as `| --- | :-: |`.
pub(super) fn is_delimiter(line: &str) -> bool {
    line.contains('|') && line.contains('-') && may_be_delimiter(line)
}

/// Whether the beginning of a line can become one between the head and the rows of a table.
pub(super) fn may_be_delimiter(start: &str) -> bool {
    start.chars().all(|letter| matches!(letter, '|' | '-' | ':' | ' ' | '\t' | '\r' | '>'))
}
