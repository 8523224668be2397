//! The types of callbacks and events that the platform is known to send, and the search for a misspelt one.

mod table;

use crate::ids::EventType;
use table::{KNOWN, SCOPES};

impl EventType {
    /// The types that the platform is known to send, in alphabetical order. It adds new ones at any time, so a type that
    /// is missing here may still exist.
    pub const KNOWN: &'static [&'static str] = KNOWN;

    /// The scopes of which an app needs one to subscribe to this type, as far as the documentation was read for them; empty
    /// for a type that needs none, and for one of which they are not known here.
    ///
    /// ```
    /// use feishu_callbacks::EventType;
    /// let scopes = EventType::from("im.message.receive_v1").scopes();
    /// assert!(scopes.contains(&"im:message.p2p_msg:readonly"));
    /// ```
    pub fn scopes(&self) -> &'static [&'static str] {
        let found = SCOPES.binary_search_by_key(&self.as_str(), |(name, _)| name).ok();
        found.and_then(|at| SCOPES.get(at)).map_or(&[], |(_, scopes)| scopes)
    }

    /// The known type of which this one is a likely misspelling. `None` for a known type, for one that is not similar to
    /// any, and for another version (`_v2`) of a known one.
    ///
    /// ```
    /// use feishu_callbacks::EventType;
    /// assert_eq!(EventType::from("card.action.triger").closest(), Some("card.action.trigger"));
    /// assert_eq!(EventType::from("im.message.receive_v1").closest(), None);
    /// assert_eq!(EventType::from("im.message.receive_v2").closest(), None);
    /// ```
    pub fn closest(&self) -> Option<&'static str> {
        let name = self.as_str();
        if KNOWN.binary_search(&name).is_ok() {
            return None;
        }
        let close = KNOWN.iter().filter_map(|known| {
            let most = if known.len() < SHORT { 1 } else { 2 };
            let near = distance(name.as_bytes(), known.as_bytes(), most)?;
            (without_version(name) != without_version(known)).then_some((near, *known))
        });
        close.min().map(|(_, known)| known)
    }
}

/// Shorter names than this may differ in one letter only: two of eight letters are another word.
const SHORT: usize = 12;

/// `im.message.receive` of `im.message.receive_v1`; the whole name where it has no version.
fn without_version(name: &str) -> &str {
    match name.rsplit_once("_v") {
        Some((stem, version)) if !version.is_empty() && version.bytes().all(|it| it.is_ascii_digit()) => stem,
        _ => name,
    }
}

/// The edit distance of two names; `None` if it is greater than `most`.
fn distance(left: &[u8], right: &[u8], most: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > most {
        return None;
    }
    // One row of the usual table: the distances of the beginnings of `right` from what was read of `left`.
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (read, letter) in left.iter().enumerate() {
        let mut diagonal = read;
        let mut before = read + 1;
        for (slot, other) in row.iter_mut().zip(std::iter::once(None).chain(right.iter().map(Some))) {
            let above = *slot;
            if let Some(other) = other {
                let replaced = diagonal + usize::from(letter != other);
                *slot = replaced.min(above + 1).min(before + 1);
            } else {
                *slot = read + 1;
            }
            diagonal = above;
            before = *slot;
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_type_known_is_sorted_and_has_no_duplicates() {
        assert!(KNOWN.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn event_type_closest_finds_a_known_type_one_letter_away_and_is_none_for_itself() {
        for known in KNOWN {
            assert_eq!(EventType::from(*known).closest(), None);
            let (first, rest) = known.split_at(1);
            let doubled = format!("{first}{first}{rest}");
            assert_eq!(EventType::from(doubled.as_str()).closest(), Some(*known), "{doubled}");
        }
    }

    #[test]
    fn event_type_closest_allows_two_wrong_letters_and_not_three() {
        for (name, close) in [
            ("card.action.triger", Some("card.action.trigger")),
            ("card.actions.triger", Some("card.action.trigger")),
            ("card.actions.trigr", None),
            ("cardaction.trigger", Some("card.action.trigger")),
            ("im.message.receive", None),
            ("im.message.recieve_v1", Some("im.message.receive_v1")),
            ("im.message.receive_v2", None),
            ("massage", Some("message")),
            ("passages", None),
            ("order.paid_v1", None),
            ("", None),
        ] {
            assert_eq!(EventType::from(name).closest(), close, "{name}");
        }
    }
}
