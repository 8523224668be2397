//! Why a delivery has no reply of its handler.

use std::error::Error as StdError;
use std::fmt;

use feishu_callbacks::DecodeError;

use crate::HandlerError;

/// Why a delivery has no reply of its handler; what `on_error` gets.
///
/// `Display` has the whole chain of causes. It may hold what your own error says, so show users a text of your own.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The handler returned an error.
    Error(HandlerError),
    /// The handler panicked; the message, and the place if
    /// [`capture_panic_locations`](crate::capture_panic_locations) was called.
    Panicked(String),
    /// The payload cannot be read as the handler's type.
    Undecodable(DecodeError),
    /// The reply cannot be sent, or has a finding while
    /// [`strict_replies`](crate::DispatcherBuilder::strict_replies) is on.
    InvalidReply(String),
    /// There was no room for it; the text names the limit.
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
