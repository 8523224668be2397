//! Places of a JSON text, and which of them are masked.

use std::fmt::Write as _;
use std::sync::OnceLock;

use serde::de::{self, Unexpected};

use crate::error::{FieldError, FieldSource, Found, OddField};

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
                    self.odd.push(misfit(&place, error).into_odd());
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

/// What was wrong at a place, without any content of the payload.
#[derive(Debug)]
pub(crate) struct Misfit {
    pub(crate) path: String,
    found: String,
    expected: String,
    /// A member of the place that is not there although the type needs it.
    missing: Option<String>,
}

impl Misfit {
    pub(crate) fn into_odd(self) -> OddField {
        let expected = match self.missing {
            Some(member) => format!("the member `{member}` is missing"),
            None => self.expected,
        };
        OddField { path: self.path, found: self.found, expected }
    }

    pub(crate) fn into_error(self, source: FieldSource) -> FieldError {
        match self.missing {
            Some(member) if self.path.is_empty() => {
                FieldError::new(source, member, "a value", Found::Nothing)
            }
            Some(member) => {
                FieldError::new(source, format!("{}.{member}", self.path), "a value", Found::Nothing)
            }
            None => FieldError::new(source, self.path, self.expected, Found::Kind(self.found)),
        }
    }
}

pub(crate) fn misfit(place: &[Step], error: &serde_json::Error) -> Misfit {
    Misfit { path: display(place), ..Wording::of_serde().read(error) }
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

/// How `serde_json` words its errors.
///
/// Its error type keeps only a sentence, which quotes the content. The parts that may be shown (the kind that was found,
/// the kind that was expected, the name of a missing member) are cut out of it along the sentences that the library
/// itself makes of marks, so that nothing here depends on its English.
struct Wording {
    /// Before, between and after the two marks.
    invalid_type: [String; 2],
    invalid_value: [String; 2],
    missing: [String; 2],
}

impl Wording {
    fn of_serde() -> &'static Self {
        static WORDING: OnceLock<Wording> = OnceLock::new();
        WORDING.get_or_init(|| {
            let cut = |error: serde_json::Error| {
                let sentence = error.to_string();
                let (before, rest) = sentence.split_once('\u{1}').unwrap_or((&sentence, ""));
                [before.to_owned(), rest.split('\u{2}').next().unwrap_or_default().to_owned()]
            };
            let found = Unexpected::Other("\u{1}");
            Self {
                invalid_type: cut(de::Error::invalid_type(found, &"\u{2}")),
                invalid_value: cut(de::Error::invalid_value(found, &"\u{2}")),
                missing: cut(de::Error::missing_field("\u{1}")),
            }
        })
    }

    fn read(&self, error: &serde_json::Error) -> Misfit {
        let position = format!(" at line {} column {}", error.line(), error.column());
        let sentence = error.to_string();
        let sentence = sentence.strip_suffix(&position).unwrap_or(&sentence);
        let nothing =
            Misfit { path: String::new(), found: String::new(), expected: String::new(), missing: None };
        let [before, after] = &self.missing;
        if let Some(name) = sentence.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
            return Misfit { missing: Some(name.to_owned()), expected: "a value".to_owned(), ..nothing };
        }
        // What was found may itself hold the words in between, what was expected does not: the last ones count.
        let split = |[before, between]: &[String; 2]| {
            let (found, expected) = sentence.strip_prefix(before)?.rsplit_once(between.as_str())?;
            Some((found.to_owned(), expected.to_owned()))
        };
        if let Some((found, expected)) = split(&self.invalid_type) {
            let kind = found.split([' ', ',']).next().unwrap_or_default().to_owned();
            return Misfit { found: kind, expected, ..nothing };
        }
        if let Some((_, expected)) = split(&self.invalid_value) {
            return Misfit { found: "an unfit value".to_owned(), expected, ..nothing };
        }
        let between = &self.invalid_type[1];
        let expected = match sentence.rsplit_once(between.as_str()) {
            Some((_, expected)) => expected,
            // A syntax error quotes nothing.
            None if !error.is_data() => sentence,
            None => "a value that the type accepts",
        };
        Misfit { expected: expected.to_owned(), ..nothing }
    }
}
