//! The app secret, and the redaction of secrets in texts.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::Error;

/// The text printed instead of a secret.
pub(crate) const REDACTED: &str = "[redacted]";
/// Minimum length in bytes of a redacted secret. A shorter one protects nothing, and may occur in a text by chance.
#[cfg(any(feature = "http", test))]
const MIN_SECRET_LEN: usize = 6;
/// Makes a text from the peer safe to log: one line, and at most `max` characters.
pub(crate) fn clean(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

/// Removes secrets from a text from the peer, which may repeat what it was sent.
#[cfg(any(feature = "http", test))]
pub(crate) fn redact<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let secrets = secrets.into_iter().filter(|secret| secret.len() >= MIN_SECRET_LEN);
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
}

/// The app's secret, from the page "Credentials & Basic Info" of the developer console.
///
/// Neither `Debug` nor any error shows it, and its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct AppSecret(Zeroizing<String>);

impl AppSecret {
    /// Creates the secret, without leading and trailing white space, which copying or a file may add.
    pub fn new(secret: impl Into<String>) -> Self {
        let secret = Zeroizing::new(secret.into());
        Self(Zeroizing::new(secret.trim().to_owned()))
    }

    /// Reads the secret from an environment variable.
    ///
    /// # Errors
    ///
    /// If the variable is not set, not text, or empty. The message names the variable.
    pub fn from_env(variable: &str) -> Result<Self, Error> {
        let value = std::env::var(variable).map_err(|_| {
            Error::misuse(format!("set the environment variable {variable} to the app's secret"))
        })?;
        let secret = Self::new(value);
        if secret.expose().is_empty() {
            return Err(Error::misuse(format!(
                "the environment variable {variable} is empty; it should hold the app's secret"
            )));
        }
        Ok(secret)
    }

    /// The secret itself, for a custom [`EndpointSource`](crate::EndpointSource).
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Takes the secret as [`AppSecret::new`] does.
impl From<&str> for AppSecret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

/// Takes the secret as [`AppSecret::new`] does.
impl From<String> for AppSecret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl FromStr for AppSecret {
    type Err = Infallible;

    fn from_str(secret: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_secret_is_not_shown() {
        let secret = AppSecret::new(" s3cret\n");
        assert_eq!(secret.expose(), "s3cret");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(AppSecret::from("s3cret").expose(), "s3cret");
    }
}
