//! The reason why a handler gave no reply.

use std::error::Error as StdError;
use std::fmt;

use feishu_callbacks::DecodeError;

use crate::HandlerError;

/// The reason why a handler gave no reply; passed to `on_error`.
///
/// `Display` prints the whole chain of causes, the text of your own errors included, so do not show it to users.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The handler returned an error.
    Error(HandlerError),
    /// The handler panicked. Holds the message, and the location if
    /// [`capture_panic_locations`](crate::capture_panic_locations) was called.
    Panicked(String),
    /// The payload cannot be decoded as the handler's type.
    Undecodable(DecodeError),
    /// The reply cannot be sent, or has a finding while
    /// [`strict_replies`](crate::DispatcherBuilder::strict_replies) is on.
    InvalidReply(String),
    /// A limit was reached; the text names it.
    Busy(&'static str),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => {
                error.fmt(f)?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
            Self::Panicked(panic) => f.write_str(panic),
            Self::Undecodable(error) => error.fmt(f),
            Self::InvalidReply(why) => f.write_str(why),
            Self::Busy(why) => f.write_str(why),
        }
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Error(error) => error.source(),
            Self::Undecodable(error) => Some(error),
            Self::Panicked(_) | Self::InvalidReply(_) | Self::Busy(_) => None,
        }
    }
}
