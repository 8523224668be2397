//! The errors of decoding, and the fields that a tolerant read skipped.

use std::fmt;

/// The error of a payload that could not be decoded.
///
/// Odd optional members never end here: they are left out and listed as [`OddField`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    path: String,
    detail: String,
}

/// What was wrong with a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes are not JSON, or are cut short. The sender's fault.
    Malformed,
    /// The JSON is not an object. The sender's fault.
    NotAnObject,
    /// No place of the payload says what it is: neither `header.event_type`, nor `event.type`, nor `type`.
    NoType,
    /// The payload is encrypted: the app has an Encrypt Key. Open the request with `webhook::Webhook` first. Never over
    /// the long connection.
    Encrypted,
    /// The payload is of another type than the one asked for. The caller's fault.
    WrongType,
    /// The body lacks a field that the requested type requires. Make that field an `Option`.
    MissingRequired,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, path: path.into(), detail: detail.into() }
    }

    /// What was wrong.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Place in the payload, such as `event.order.id`; empty when it is the payload as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the payload itself is broken, so that no program could have read it.
    pub fn is_senders_fault(&self) -> bool {
        matches!(
            self.kind,
            DecodeErrorKind::Malformed | DecodeErrorKind::NotAnObject | DecodeErrorKind::NoType
        )
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, advice) = match self.kind {
            DecodeErrorKind::Malformed => ("the payload is not JSON", "it was broken before it came here"),
            DecodeErrorKind::NotAnObject => ("the payload is not a JSON object", "the sender broke it"),
            DecodeErrorKind::NoType => {
                ("the payload names no type", "it is not a callback or event of the open platform")
            }
            DecodeErrorKind::Encrypted => (
                "the payload is encrypted",
                "open the request with `webhook::Webhook` of the feature `webhook` first",
            ),
            DecodeErrorKind::WrongType => {
                ("the payload is of another type", "look at `peek` before choosing one")
            }
            DecodeErrorKind::MissingRequired => {
                ("the body lacks what the type requires", "make that field an `Option`")
            }
        };
        f.write_str(what)?;
        if !self.path.is_empty() {
            write!(f, " at `{}`", self.path)?;
        }
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        write!(f, "; {advice}")
    }
}

impl std::error::Error for DecodeError {}

/// A member that could not be read and was left out so that the rest could be; see
/// [`Envelope::odd_fields`](crate::Envelope::odd_fields).
///
/// Holds kinds and places only, never content, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OddField {
    /// Place in the payload, such as `event.action.checked`.
    pub path: String,
    /// Kind of JSON found there: `string`, `integer`, `map`…; empty if that is not what was wrong.
    pub found: String,
    /// What was expected there, or what else was wrong, in words.
    pub expected: String,
}

impl OddField {
    /// [`path`](Self::path) without the positions in lists, to count by: `event.message.mentions[].key`. At most
    /// [`MAX_PLACE_LEN`](Self::MAX_PLACE_LEN) bytes.
    pub fn place(&self) -> String {
        let mut place = String::with_capacity(self.path.len());
        let mut in_brackets = false;
        for letter in self.path.chars() {
            if place.len() + letter.len_utf8() > Self::MAX_PLACE_LEN {
                break;
            }
            let position = in_brackets && letter.is_ascii_digit();
            in_brackets = letter == '[' || position;
            if !position {
                place.push(letter);
            }
        }
        place
    }

    /// Length of the longest [`place`](Self::place), in bytes.
    pub const MAX_PLACE_LEN: usize = 200;
}

impl fmt::Display for OddField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.found.is_empty() {
            write!(f, "`{}`: {}", self.path, self.expected)
        } else {
            write!(f, "`{}`: expected {}, found {}", self.path, self.expected, self.found)
        }
    }
}

impl std::error::Error for OddField {}

/// The error of a value with an unexpected type: in a form, in `action.value` or in the content of a message.
///
/// Names the place and the kind of JSON that was there, never what the user entered, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    source: FieldSource,
    path: String,
    expected: String,
    found: Found,
}

/// What a [`FieldError`] was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldSource {
    Form,
    ActionValue,
    MessageContent,
    Message,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Kind(String),
}

impl FieldError {
    pub(crate) fn new(source: FieldSource, path: String, expected: impl Into<String>, found: Found) -> Self {
        Self { source, path, expected: expected.into(), found }
    }

    /// The place: the name of the form field, or the path inside the value; empty for the value as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The expected kind of value.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What was found, in words.
    pub fn found(&self) -> &str {
        match &self.found {
            Found::Nothing => "nothing",
            Found::Kind(kind) if kind.is_empty() => "something else",
            Found::Kind(kind) => kind,
        }
    }

    /// Whether the member is missing.
    pub fn is_missing(&self) -> bool {
        self.found == Found::Nothing
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, advice) = match self.source {
            FieldSource::Form => ("form field", "compare the name with the component's `name` in the card"),
            FieldSource::ActionValue => {
                ("action.value", "compare the type with the component's `value` in the card")
            }
            FieldSource::MessageContent => {
                ("message content", "look at `message_type` before reading the content")
            }
            FieldSource::Message => {
                ("message", "the payload names none: look at `odd_fields()` of the event")
            }
        };
        f.write_str(source)?;
        if !self.path.is_empty() {
            write!(f, " `{}`", self.path)?;
        }
        write!(f, ": expected {}, found {}", self.expected, self.found())?;
        if self.is_missing() || self.source != FieldSource::Form {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FieldError {}

#[cfg(test)]
mod tests {
    use super::OddField;

    #[test]
    fn odd_field_place_leaves_positions_out_and_is_bounded() {
        let odd =
            |path: &str| OddField { path: path.to_owned(), found: String::new(), expected: String::new() };
        assert_eq!(odd("event.users[12].name").place(), "event.users[].name");
        assert_eq!(odd("event.action.v2[0][7]").place(), "event.action.v2[][]");
        assert_eq!(odd(&"é".repeat(500)).place().len(), OddField::MAX_PLACE_LEN);
    }
}
