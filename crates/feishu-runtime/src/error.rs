//! The error types of handlers, dispatchers and clients.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

/// The error of a handler: any error, or a text.
///
/// It is the standard library's boxed error, so `?` works on every error type, `anyhow::Error` included, and
/// `Err("no such order".into())` works too. A failed handler is answered with code 500: a user who clicked sees an error,
/// an event is sent again. With `on_error` of a route or a dispatcher the user sees a toast instead.
pub type HandlerError = Box<dyn StdError + Send + Sync>;

/// The error of building a dispatcher or client, or of running a client.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
}

/// What went wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Two handlers were registered for one type.
    RegisteredTwice {
        /// The type.
        event_type: String,
        /// The source location of the first registration.
        first: &'static Location<'static>,
        /// The source location of the second registration.
        second: &'static Location<'static>,
    },
    /// Invalid configuration or misuse of the API; the text says what to do instead.
    Misuse(String),
    /// The transport ended with an error.
    Transport(feishu_transport::Error),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self { kind }
    }

    /// Invalid configuration or misuse of the API; the text says what to do instead.
    pub fn misuse(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Misuse(what.to_string()))
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The transport's error, if it is one.
    pub fn transport(&self) -> Option<&feishu_transport::Error> {
        match &self.kind {
            ErrorKind::Transport(error) => Some(error),
            _ => None,
        }
    }

    /// Whether a retry cannot succeed until something is changed.
    pub fn is_fatal(&self) -> bool {
        self.transport().is_none_or(feishu_transport::Error::is_fatal)
    }
}

impl From<feishu_transport::Error> for Error {
    fn from(error: feishu_transport::Error) -> Self {
        Self::new(ErrorKind::Transport(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::RegisteredTwice { event_type, first, second } => write!(
                f,
                "`{event_type}` has two handlers, registered at {first} and {second}; register one and call the other from it",
            ),
            ErrorKind::Misuse(what) => f.write_str(what),
            ErrorKind::Transport(error) => error.fmt(f),
        }
    }
}

/// Prints the same text as `Display`, because a `main` that returns the error prints its `Debug` form.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.transport().and_then(StdError::source)
    }
}
