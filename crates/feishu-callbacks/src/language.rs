//! Texts by language, as toasts and link previews carry them.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// One text per language, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Translations<L>(Vec<(L, String)>);

impl<L> Default for Translations<L> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<L: PartialEq> Translations<L> {
    pub(crate) fn set(&mut self, language: L, text: String) {
        match self.0.iter_mut().find(|(known, _)| *known == language) {
            Some((_, old)) => *old = text,
            None => self.0.push((language, text)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn size_hint(&self) -> usize {
        self.0.iter().map(|(_, text)| text.len() + 12).sum()
    }
}

impl<L: Serialize> Serialize for Translations<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (language, text) in &self.0 {
            map.serialize_entry(language, text)?;
        }
        map.end()
    }
}

/// Declares the languages that one place of the platform knows.
macro_rules! languages {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $code, "`.")] $variant,)+
        }

        impl $name {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Code as the platform writes it.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

pub(crate) use languages;
