//! A finding: something in a reply that the client would refuse.

use std::fmt;

/// A part of a reply that the user's client would refuse or ignore.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The violated rule.
    pub rule: Rule,
    /// Place in the reply's JSON, as a JSON pointer: `/card/data/body/elements/3`.
    pub place: String,
    /// The detail, in words.
    pub message: String,
}

/// A rule of the client for cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The card has more than 30 KB.
    CardTooLarge,
    /// The card of 2.0 has more than 200 elements.
    TooManyElements,
    /// The card has no list of elements.
    NoElements,
    /// A card of 2.0 is not shared: its `config.update_multi` is not `true`.
    NotShared,
    /// Members or components of both dialects, or an unknown `schema`.
    DialectMix,
    /// A card of 2.0 would become one of 1.0.
    DialectDowngrade,
    /// A component in a form has no name.
    NamelessComponent,
    /// Two components have the same name.
    DoubledName,
    /// A form without a submit button.
    FormWithoutSubmit,
    /// A form of 2.0 inside another element.
    MisplacedForm,
    /// A template without an id.
    TemplateWithoutId,
    /// A button of 2.0 with a `value` outside `behaviors`: clicking it sends nothing.
    ValueWithoutCallback,
    /// The JSON cannot be read through: nested too deep, or a number out of range.
    Unreadable,
    /// An empty reply.
    Empty,
}

impl Rule {
    /// The code that the user would see; `None` if the client fails silently.
    /// Source: "Card callback communication" of the Feishu documentation.
    pub fn code(self) -> Option<u32> {
        match self {
            Self::CardTooLarge
            | Self::TooManyElements
            | Self::NoElements
            | Self::NotShared
            | Self::DialectMix
            | Self::FormWithoutSubmit
            | Self::MisplacedForm
            | Self::TemplateWithoutId
            | Self::Unreadable => Some(200_673),
            Self::DialectDowngrade => Some(200_830),
            Self::NamelessComponent | Self::DoubledName => Some(200_530),
            Self::ValueWithoutCallback | Self::Empty => None,
        }
    }

    /// The rule in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::CardTooLarge => "a card has at most 30 KB of JSON",
            Self::TooManyElements => "a card of 2.0 has at most 200 elements",
            Self::NoElements => "a card must have a list of elements",
            Self::NotShared => "a card of 2.0 must be shared: `config.update_multi` must be true",
            Self::DialectMix => "a card must use one dialect, that of the card that was sent",
            Self::DialectDowngrade => "a card of 2.0 cannot become one of 1.0",
            Self::NamelessComponent => "a component in a form must have a name",
            Self::DoubledName => "names of components must be unique in the card",
            Self::FormWithoutSubmit => "a form must have a submit button",
            Self::MisplacedForm => "a form of 2.0 must be at the top level of the card",
            Self::TemplateWithoutId => "a template must have an id",
            Self::ValueWithoutCallback => "a button of 2.0 must have its value in `behaviors`",
            Self::Unreadable => "card JSON must be readable",
            Self::Empty => "a reply must not be empty",
        }
    }
}

impl Finding {
    pub(crate) fn new(rule: Rule, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { rule, place: place.into(), message: message.into() }
    }

    /// Code that the user would see; see [`Rule::code`].
    pub fn code(&self) -> Option<u32> {
        self.rule.code()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) at {}", self.rule.sentence(), self.message, self.place)?;
        match self.code() {
            Some(code) => write!(f, "; the user would see {code}"),
            None => f.write_str("; the client ignores it silently"),
        }
    }
}
