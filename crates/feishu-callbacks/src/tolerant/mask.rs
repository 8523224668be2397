//! Places of a JSON text, and which of them are masked.

use std::fmt::Write as _;

use crate::error::OddField;

/// One step from a JSON value to a value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(Box<str>),
    Index(usize),
}

/// A place, from the root inwards.
pub(crate) type Place = Vec<Step>;

/// How a masked place is shown to the type that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mask {
    /// As `null`.
    Null,
    /// Not at all.
    Absent,
}

/// Masked items after which their list is masked instead: a list of a thousand wrong items is one wrong list.
const MAX_MASKED_ITEMS: usize = 8;

/// The masked places of one payload.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    places: Vec<(Place, Mask)>,
    odd: Vec<OddField>,
}

impl Masks {
    fn get(&self, place: &[Step]) -> Option<Mask> {
        self.places.iter().find(|(masked, _)| masked == place).map(|(_, mask)| *mask)
    }

    /// The same for the place one `step` below `parent`, without building it.
    pub(crate) fn below(&self, parent: &[Step], step: &Step) -> Option<Mask> {
        let matches =
            |place: &Place| place.split_last().is_some_and(|(last, up)| last == step && up == parent);
        self.places.iter().find(|(masked, _)| matches(masked)).map(|(_, mask)| *mask)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Masks the place where reading failed, or more if it is masked already. False when nothing is left to mask.
    pub(crate) fn add(&mut self, mut place: Place, error: &serde_json::Error) -> bool {
        loop {
            let Some((last, parent)) = place.split_last() else { return false };
            let masked_before = self.get(&place);
            let is_item = matches!(last, Step::Index(_));
            let crowded = is_item && masked_before.is_none() && self.children(parent) >= MAX_MASKED_ITEMS;
            match masked_before {
                None if !crowded => {
                    self.odd.push(odd_field(&place, error));
                    self.places.push((place, Mask::Null));
                    return true;
                }
                Some(Mask::Null) => {
                    self.places.retain(|(masked, _)| *masked != place);
                    self.places.push((place, Mask::Absent));
                    return true;
                }
                _ => {
                    place.pop();
                }
            }
        }
    }

    pub(crate) fn into_odd(self) -> Vec<OddField> {
        self.odd
    }

    fn children(&self, parent: &[Step]) -> usize {
        self.places.iter().filter(|(place, _)| place.split_last().is_some_and(|(_, up)| up == parent)).count()
    }
}

/// Words for what was wrong at a place, without any content of the payload.
pub(crate) fn odd_field(place: &[Step], error: &serde_json::Error) -> OddField {
    let (found, expected) = describe(error);
    OddField { path: display(place), found, expected }
}

/// Writes a place as `event.message.mentions[2].key`.
pub(crate) fn display(place: &[Step]) -> String {
    let mut path = String::new();
    for step in place {
        match step {
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Index(index) => {
                // Writing to a String cannot fail.
                let _ = write!(path, "[{index}]");
            }
        }
    }
    path
}

/// Splits serde's sentence. Only the kind of what was found is kept, because serde quotes the content.
fn describe(error: &serde_json::Error) -> (String, String) {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(sentence, _)| sentence);
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected.to_owned());
    if let Some(found) = message.strip_prefix("invalid type: ") {
        let kind = found.split([' ', ',']).next().unwrap_or_default();
        return (kind.to_owned(), expected.unwrap_or_default());
    }
    if message.starts_with("invalid value: ") {
        return ("an unfit value".to_owned(), expected.unwrap_or_default());
    }
    let harmless =
        !error.is_data() || message.starts_with("missing field") || message.starts_with("duplicate field");
    let sentence = if harmless { message } else { "a value that the type refuses" };
    (String::new(), expected.unwrap_or_else(|| sentence.to_owned()))
}
