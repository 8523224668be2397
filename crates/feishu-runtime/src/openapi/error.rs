//! The error of an OpenAPI call.

use std::error::Error as StdError;
use std::fmt;

use feishu_callbacks::openapi::ApiError;

use super::{ApiCode, ApiCodeKind};

/// The error of an OpenAPI call. `Display` prints the platform's code and message, what to do, and the log id.
#[derive(Debug, Clone)]
pub struct CallError {
    cause: Cause,
    log_id: Option<String>,
}

#[derive(Debug, Clone)]
enum Cause {
    Refused {
        code: ApiCode,
        message: String,
        attempts: u32,
    },
    NotAnAnswer {
        status: u16,
    },
    /// The call succeeded, but its `data` could not be read.
    NoData(ApiError),
    Transport(feishu_transport::Error),
}

impl CallError {
    pub(super) fn refused(code: ApiCode, message: String, log_id: Option<String>, attempts: u32) -> Self {
        Self { cause: Cause::Refused { code, message, attempts }, log_id }
    }

    pub(super) fn not_an_answer(status: u16, log_id: Option<String>) -> Self {
        Self { cause: Cause::NotAnAnswer { status }, log_id }
    }

    /// Creates the error of an unreadable answer with code 0.
    pub(super) fn no_data(error: ApiError, log_id: Option<String>) -> Self {
        Self { cause: Cause::NoData(error), log_id }
    }

    /// The platform's code, or the HTTP status if it sent none; `None` if no answer came.
    pub fn code(&self) -> Option<ApiCode> {
        match &self.cause {
            Cause::Refused { code, .. } => Some(*code),
            Cause::NotAnAnswer { .. } | Cause::NoData(_) | Cause::Transport(_) => None,
        }
    }

    /// The class of the code; `None` if no answer came, in which case the call may or may not have been carried out.
    pub fn kind(&self) -> Option<ApiCodeKind> {
        self.code().map(ApiCode::kind)
    }

    /// The platform's message; for a missing scope it names the scopes.
    pub fn message(&self) -> Option<&str> {
        match &self.cause {
            Cause::Refused { message, .. } => Some(message),
            Cause::NotAnAnswer { .. } | Cause::NoData(_) | Cause::Transport(_) => None,
        }
    }

    /// The log id, to quote to the platform's support.
    pub fn log_id(&self) -> Option<&str> {
        self.log_id.as_deref()
    }

    /// The number of attempts, including those refused by a rate limit; 0 if no answer came.
    pub fn attempts(&self) -> u32 {
        match &self.cause {
            Cause::Refused { attempts, .. } => *attempts,
            Cause::NotAnAnswer { .. } | Cause::NoData(_) | Cause::Transport(_) => 0,
        }
    }
}

impl From<feishu_transport::Error> for CallError {
    fn from(error: feishu_transport::Error) -> Self {
        Self { cause: Cause::Transport(error), log_id: None }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Refused { code, message, attempts } => {
                write!(f, "the platform refused the call with {} ({message})", code.0)?;
                if *attempts > 1 {
                    write!(f, " after {attempts} attempts")?;
                }
                write!(f, "; {}", code.advice())?;
            }
            Cause::NotAnAnswer { status } => {
                write!(f, "HTTP {status} without the platform's JSON; check domain and proxy")?;
            }
            Cause::NoData(error) => error.fmt(f)?,
            Cause::Transport(error) => error.fmt(f)?,
        }
        self.log_id.as_ref().map_or(Ok(()), |log_id| write!(f, " (log id {log_id})"))
    }
}

impl StdError for CallError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Cause::Transport(error) => error.source(),
            Cause::Refused { .. } | Cause::NotAnAnswer { .. } | Cause::NoData(_) => None,
        }
    }
}
