//! The error of a streamed card.

use std::error::Error as StdError;
use std::fmt;

use crate::CallError;

/// Why a streamed card was not opened, or its text not shown to its end. `Display` says what to do.
#[derive(Clone, Debug)]
pub struct StreamError {
    cause: Cause,
}

#[derive(Clone, Debug)]
enum Cause {
    /// The options or the use are wrong.
    Misuse(String),
    /// The platform did not take a call that is needed.
    Call(Box<CallError>),
    /// It was interrupted before: the client stops.
    Ended,
    /// The client or the runtime ended first.
    Gone,
}

impl StreamError {
    pub(super) fn misuse(what: impl Into<String>) -> Self {
        Self { cause: Cause::Misuse(what.into()) }
    }

    pub(super) fn call(error: CallError) -> Self {
        Self { cause: Cause::Call(Box::new(error)) }
    }

    pub(super) fn ended() -> Self {
        Self { cause: Cause::Ended }
    }

    pub(super) fn gone() -> Self {
        Self { cause: Cause::Gone }
    }

    /// The call that the platform did not take, with its code; `None` if the stream ended for another reason.
    pub fn call_error(&self) -> Option<&CallError> {
        match &self.cause {
            Cause::Call(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Misuse(what) => f.write_str(what),
            Cause::Call(error) => write!(f, "the card could not be streamed: {error}"),
            Cause::Ended => f.write_str(
                "the stream was interrupted because the client stops; its card says so, and takes no more text",
            ),
            Cause::Gone => f.write_str("the client ended before the platform had taken the whole text"),
        }
    }
}

impl StdError for StreamError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.call_error().map(|error| error as &(dyn StdError + 'static))
    }
}
