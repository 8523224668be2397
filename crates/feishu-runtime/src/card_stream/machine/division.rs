//! The parts of a text that grows: those that no further text can change are not made anew.

use feishu_callbacks::markdown::{SplitLimits, for_card, split};

/// Parts behind one that no further text changes.
const BEHIND: usize = 2;
/// Parts that become final at once, so that this is no long work.
const AT_ONCE: usize = 8;

/// The parts of a text, one for each card, and how far they are final.
pub(super) struct Division {
    parts: Vec<String>,
    /// How many parts are final, and where in the text the next one begins.
    done: usize,
    start: usize,
    /// The number of parts at which no such place was found.
    tried: usize,
}

impl Default for Division {
    fn default() -> Self {
        Self { parts: vec![String::new()], done: 0, start: 0, tried: 0 }
    }
}

impl Division {
    /// The parts; at least one.
    pub(super) fn parts(&self) -> &[String] {
        &self.parts
    }

    /// Divides a text anew. `cuts` are places in it at which a card ends in any case.
    pub(super) fn renew(&mut self, text: &str, cuts: &[usize], converts: bool, limits: &SplitLimits) {
        *self = Self { parts: Vec::new(), done: 0, start: 0, tried: 0 };
        for cut in cuts {
            let end = floor(text, *cut).max(self.start);
            self.parts.extend(segment(text.get(self.start..end).unwrap_or_default(), converts, limits));
            (self.done, self.start) = (self.parts.len(), end);
        }
        self.grow(text, converts, limits);
    }

    /// Divides a text that begins with the text before.
    pub(super) fn grow(&mut self, text: &str, converts: bool, limits: &SplitLimits) {
        let rest = text.get(self.start..).unwrap_or_default();
        self.parts.truncate(self.done);
        self.parts.extend(segment(rest, converts, limits));
        if self.parts.is_empty() {
            self.parts.push(String::new());
        }
        let ready = self.parts.len().saturating_sub(self.done + BEHIND).min(AT_ONCE);
        if ready > 0 && self.parts.len() != self.tried {
            match self.end_of(ready, rest, converts, limits) {
                Some(end) => (self.done, self.start, self.tried) = (self.done + ready, self.start + end, 0),
                None => self.tried = self.parts.len(),
            }
        }
    }

    /// Where in the rest so many of its parts end, if that is between two paragraphs and dividing there changes nothing.
    fn end_of(&self, count: usize, rest: &str, converts: bool, limits: &SplitLimits) -> Option<usize> {
        let ready = self.parts.get(self.done..self.done + count)?;
        let next = self.parts.get(self.done + count)?;
        let divide =
            |from: usize, to: usize| segment(rest.get(from..to).unwrap_or_default(), converts, limits);
        // Conversion changes the length a little.
        let near = floor(rest, 2 * ready.iter().map(String::len).sum::<usize>() + 1024);
        let ends: Vec<_> =
            rest.get(..near)?.match_indices("\n\n").map(|(at, border)| at + border.len()).collect();
        let fitting = ends.get(..ends.partition_point(|end| divide(0, *end).len() <= count))?;
        // What fits alone may be a line more than what fits before others.
        fitting.iter().rev().take(3).copied().find(|end| {
            let behind = divide(*end, floor(rest, end + 3 * next.len() + 1024));
            divide(0, *end) == ready && behind.first() == Some(next)
        })
    }
}

fn segment(text: &str, converts: bool, limits: &SplitLimits) -> Vec<String> {
    if converts { split(&for_card(text), limits) } else { split(text, limits) }
}

/// The last place at or before `at` that is between two characters.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Paragraphs, code, tables and lists at random.
    fn text_of(random: &mut fastrand::Rng) -> String {
        let mut text = String::new();
        while text.len() < 20_000 {
            let lines = random.usize(1..60);
            match random.u8(..12) {
                0 => {
                    text.push_str("```rust\n");
                    for line in 0..lines {
                        let _ = writeln!(text, "let tea = {line}; // a | b\n");
                    }
                    text.push_str("```\n\n");
                }
                1 => {
                    text.push_str("| tea | cup |\n| --- | --- |\n");
                    for line in 0..lines {
                        let _ = writeln!(text, "| {line} | x |");
                    }
                    text.push('\n');
                }
                2 => text.push_str("- one\n- two\n\n  still two\n\n1. three\n\n![x](http://a/b.png)\n\n"),
                _ => {
                    let _ = writeln!(text, "A paragraph {lines} about *tea*{}\n", " and more".repeat(lines));
                }
            }
        }
        text
    }

    #[test]
    fn division_of_a_text_that_grows_is_that_of_the_whole_text_and_most_of_it_is_final() {
        let limits = SplitLimits::card().bytes(3000);
        let (mut done, mut all) = (0, 0);
        for seed in 0..5 {
            let mut random = fastrand::Rng::with_seed(seed);
            let text = text_of(&mut random);
            let (mut division, mut whole, mut at) = (Division::default(), Division::default(), 0);
            while at < text.len() {
                at = (at + random.usize(1..2000)).min(text.len());
                division.grow(&text[..at], true, &limits);
                whole.renew(&text[..at], &[], true, &limits);
                assert_eq!(division.parts, whole.parts, "seed {seed}, {at} bytes");
            }
            (done, all) = (done + division.done, all + division.parts.len());
        }
        assert!(2 * done > all, "{done} of {all}");
    }

    #[test]
    fn division_with_cuts_goes_on_behind_the_last_one() {
        let limits = SplitLimits::card().bytes(3000);
        let mut division = Division::default();
        division.renew("One.\n\nTwo.", &[6], true, &limits);
        division.grow("One.\n\nTwo. Three.", true, &limits);
        assert_eq!(division.parts(), ["One.", "Two. Three."]);
        division.renew("", &[], true, &limits);
        assert_eq!(division.parts(), [""]);
    }
}
