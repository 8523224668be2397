//! The links of a line, found in one pass over its brackets.

/// The pairs of brackets in a line.
pub(super) struct Links<'t> {
    text: &'t str,
    /// Where each pair opens and closes, in the order of the openings.
    square: Vec<(usize, usize)>,
    round: Vec<(usize, usize)>,
}

impl<'t> Links<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let (mut squares, mut rounds) = (Vec::new(), Vec::new());
        let mut links = Self { text, square: Vec::new(), round: Vec::new() };
        let mut is_escaped = false;
        for (at, letter) in text.char_indices() {
            match letter {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '[' => squares.push(at),
                '(' => rounds.push(at),
                ']' => links.square.extend(squares.pop().map(|open| (open, at))),
                ')' => links.round.extend(rounds.pop().map(|open| (open, at))),
                _ => {}
            }
        }
        links.square.sort_unstable();
        links.round.sort_unstable();
        links
    }

    /// Words, address and length of the link that begins here.
    pub(super) fn at(&self, start: usize) -> Option<(&'t str, &'t str, usize)> {
        let close = pair(&self.square, start)?;
        let end = pair(&self.round, close + 1)?;
        Some((self.text.get(start + 1..close)?, self.text.get(close + 2..end)?, end + 1 - start))
    }
}

fn pair(pairs: &[(usize, usize)], open: usize) -> Option<usize> {
    let at = pairs.binary_search_by_key(&open, |(open, _)| *open).ok()?;
    pairs.get(at).map(|(_, close)| *close)
}
