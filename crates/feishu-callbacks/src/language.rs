//! Languages of toasts and link previews, and one text for each of them.

use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// One text per language, in the order in which they were given. A language that is not documented is kept by its name,
/// so that a reply of a newer program can be read and forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Translations<L>(Vec<(Code<L>, String)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Code<L> {
    Known(L),
    Other(String),
}

impl<L> Default for Translations<L> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<L: PartialEq> Translations<L> {
    pub(crate) fn set(&mut self, language: L, text: String) {
        self.put(Code::Known(language), text);
    }

    fn put(&mut self, code: Code<L>, text: String) {
        match self.0.iter_mut().find(|(known, _)| *known == code) {
            Some((_, old)) => *old = text,
            None => self.0.push((code, text)),
        }
    }

    pub(crate) fn get(&self, language: L) -> Option<&str> {
        let wanted = Code::Known(language);
        self.0.iter().find(|(code, _)| *code == wanted).map(|(_, text)| text.as_str())
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
        for (code, text) in &self.0 {
            match code {
                Code::Known(language) => map.serialize_entry(language, text)?,
                Code::Other(name) => map.serialize_entry(name, text)?,
            }
        }
        map.end()
    }
}

impl<'de, L: PartialEq + std::str::FromStr> Deserialize<'de> for Translations<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = serde_json::Map::deserialize(deserializer)?;
        let mut translations = Self::default();
        for (name, text) in texts {
            let serde_json::Value::String(text) = text else {
                return Err(serde::de::Error::custom("a text for each language is expected"));
            };
            let code = name.parse().map_or(Code::Other(name), Code::Known);
            translations.put(code, text);
        }
        Ok(translations)
    }
}

/// The error of an unsupported language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLanguage {
    pub(crate) name: String,
    pub(crate) known: String,
}

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a language that the platform shows here; use one of {}", self.name, self.known)
    }
}

impl std::error::Error for UnknownLanguage {}

/// A language's name as the platform writes it: `zh-CN` and `zh_CN` are `zh_cn`.
pub(crate) fn normal(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace('-', "_")
}

/// Declares the languages that one place of the platform knows.
macro_rules! languages {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        ///
        /// Read from text, case and separator do not matter: `zh_cn`, `zh-CN` and `zh_CN` are one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownLanguage;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match $crate::language::normal(name).as_str() {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownLanguage {
                        name: name.to_owned(),
                        known: [$($code),+].join(", "),
                    }),
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::UnknownLanguage;

            fn try_from(name: &str) -> Result<Self, Self::Error> {
                name.parse()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.code()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.code() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.code() == *other
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
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
