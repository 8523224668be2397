//! The error of a push without an answer, or of a gateway that could not start.

use std::{fmt, io};

use crate::Verdict;

/// The error of a push or of starting a gateway. See [`Error::kind`].
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
    source: Option<io::Error>,
    /// The push in the record of the interface.
    pub(crate) delivery: Option<u64>,
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
    /// The push cannot be sent, for example because its fragment order names a fragment that does not exist.
    Misuse,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), source: None, delivery: None }
    }

    pub(crate) fn start(doing: &str, source: io::Error) -> Self {
        Self { kind: ErrorKind::Start, text: format!("cannot {doing}"), source: Some(source), delivery: None }
    }

    pub(crate) fn about(self, delivery: u64) -> Self {
        Self { delivery: Some(delivery), ..self }
    }

    /// The kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the user who clicked would see; `None` if nothing was pushed because of misuse.
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
