//! Why a push got no answer, or why the gateway did not start.

use std::{fmt, io};

use crate::Verdict;

/// What went wrong, with words for a person. See [`Error::kind`].
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
    source: Option<io::Error>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The gateway could not start: the port is taken, or the certificate could not be made.
    Start,
    /// No client of the app is connected; nothing was pushed. Wait with [`Gateway::connected`](crate::Gateway::connected).
    NotConnected,
    /// The push went out and no answer came in time. The user of a click would see 200341.
    NoAnswer,
    /// What was asked for cannot be sent, for example a fragment order that names a fragment which does not exist.
    Misuse,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), source: None }
    }

    pub(crate) fn start(doing: &str, source: io::Error) -> Self {
        Self { kind: ErrorKind::Start, text: format!("cannot {doing}"), source: Some(source) }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the user who clicked would see; `None` when nothing was pushed because of a mistake in the call.
    pub fn verdict(&self) -> Option<Verdict> {
        match self.kind {
            ErrorKind::NotConnected | ErrorKind::NoAnswer => Some(Verdict::unanswered(&self.text)),
            ErrorKind::Start | ErrorKind::Misuse => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
