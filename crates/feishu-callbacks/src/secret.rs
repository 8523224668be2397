//! Secrets: compared in constant time and hidden in `Debug`.

/// Whether two secrets are the same, in a time that depends on their lengths only.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b));
    std::hint::black_box(difference) == 0 && one.len() == other.len()
}

/// Declares newtypes over [`Text`](crate::text::Text) that hide their text.
macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// `Debug` prints `[redacted]`; there is no `Display` and no `Serialize`. Comparisons take constant time.
        #[derive(Clone, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name($crate::text::Text);

        impl $name {
            /// Takes the secret as text.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            /// The secret itself. Keep it out of logs.
            pub fn expose(&self) -> &str {
                self.0.as_str()
            }

            /// Whether it is this text, compared in constant time.
            pub fn matches(&self, text: &str) -> bool {
                $crate::secret::same(self.expose().as_bytes(), text.as_bytes())
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.matches(other.expose())
            }
        }

        impl Eq for $name {}

        impl From<$crate::text::Text> for $name {
            fn from(text: $crate::text::Text) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )+};
}

pub(crate) use secrets;

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn same_compares_whole_secrets() {
        assert!(same(b"", b"") && same(b"token", b"token"));
        for other in ["", "toke", "tokens", "tokem", "uoken"] {
            assert!(!same(b"token", other.as_bytes()), "{other}");
        }
    }
}
