//! The error of an OpenAPI call.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use feishu_callbacks::openapi::{ApiError, CallKind, Retry};
use feishu_transport::{ErrorKind, Stage};

use super::exchange::ApiResponse;
use super::rates::Crowded;
use super::{ApiCode, ApiCodeKind};

/// The error of an OpenAPI call. `Display` prints the platform's code and message, what to do, and the log id.
#[derive(Debug, Clone)]
pub struct CallError {
    cause: Cause,
    log_id: Option<Box<str>>,
    attempts: u32,
}

#[derive(Debug, Clone)]
enum Cause {
    Refused {
        code: ApiCode,
        message: String,
        call: CallKind,
        is_rate_limit: bool,
        retry_after: Option<Duration>,
    },
    NotAnAnswer {
        status: u16,
        content_type: Option<String>,
    },
    /// The call succeeded, but its `data` could not be read.
    NoData(ApiError),
    /// Not sent: the card has a finding, and the client is strict.
    BadCard(String),
    /// Not sent: too many calls wait for the platform's rate limit.
    Crowded(Crowded),
    /// The file is larger than the reader's bound.
    TooLarge {
        limit: u64,
    },
    /// The file could not be written.
    File(Arc<io::Error>),
    Transport(feishu_transport::Error),
}

impl CallError {
    pub(super) fn refused(code: ApiCode, message: String, call: CallKind, response: ApiResponse) -> Self {
        let is_rate_limit = response.is_rate_limit(code);
        let retry_after = response.reset_after.filter(|_| is_rate_limit);
        Self::new(Cause::Refused { code, message, call, is_rate_limit, retry_after }, response.log_id)
    }

    fn new(cause: Cause, log_id: Option<String>) -> Self {
        Self { cause, log_id: log_id.map(String::into_boxed_str), attempts: 1 }
    }

    /// The same, with the number of attempts.
    pub(super) fn after(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    pub(super) fn not_an_answer(response: ApiResponse) -> Self {
        let ApiResponse { status, content_type, log_id, .. } = response;
        Self::new(Cause::NotAnAnswer { status, content_type }, log_id)
    }

    /// Creates the error of a call that was not made because of its card.
    pub(super) fn bad_card(finding: String) -> Self {
        Self { attempts: 0, ..Self::new(Cause::BadCard(finding), None) }
    }

    /// Creates the error of a call that was not made because too many wait.
    pub(crate) fn crowded(crowded: Crowded) -> Self {
        Self { attempts: 0, ..Self::new(Cause::Crowded(crowded), None) }
    }

    /// Creates the error of a file above its bound.
    pub(super) fn too_large(limit: u64) -> Self {
        Self::new(Cause::TooLarge { limit }, None)
    }

    /// Creates the error of a file that could not be written.
    pub(super) fn file(error: io::Error) -> Self {
        Self::new(Cause::File(Arc::new(error)), None)
    }

    /// Creates the error of an unreadable answer with code 0.
    pub(crate) fn no_data(error: ApiError, log_id: Option<String>) -> Self {
        Self::new(Cause::NoData(error), log_id)
    }

    /// The platform's code, or the HTTP status if it sent none; `None` if no answer came.
    pub fn code(&self) -> Option<ApiCode> {
        match &self.cause {
            Cause::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The class of the code; `None` if no answer came, in which case the call may or may not have been carried out.
    pub fn kind(&self) -> Option<ApiCodeKind> {
        match &self.cause {
            Cause::Refused { code, call, .. } => Some(code.kind_for(*call)),
            _ => None,
        }
    }

    /// The code inside the platform's message, where a card is refused with 230099: what is wrong with it.
    pub fn inner_code(&self) -> Option<ApiCode> {
        self.message().and_then(ApiCode::inside)
    }

    /// Whether the call is worth repeating, beyond the attempts that were made; `None` if no answer came.
    pub fn retry(&self) -> Option<Retry> {
        self.kind().map(ApiCodeKind::retry)
    }

    /// The platform's message; for a missing scope it names the scopes.
    pub fn message(&self) -> Option<&str> {
        match &self.cause {
            Cause::Refused { message, .. } => Some(message),
            _ => None,
        }
    }

    /// The log id, to quote to the platform's support.
    pub fn log_id(&self) -> Option<&str> {
        self.log_id.as_deref()
    }

    /// The number of attempts, including those refused by a rate limit.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether it was not made because too many calls wait.
    pub(crate) fn is_crowded(&self) -> bool {
        matches!(self.cause, Cause::Crowded(_))
    }

    /// Whether no answer of the platform came.
    pub(crate) fn has_no_answer(&self) -> bool {
        matches!(self.cause, Cause::Transport(_) | Cause::NotAnAnswer { .. })
    }

    /// Whether the platform may have carried the call out: it left, and no answer came.
    pub(super) fn may_be_done(&self) -> bool {
        let never_left = |error: &feishu_transport::Error| {
            let (ErrorKind::Unreachable { stage, .. } | ErrorKind::TimedOut { stage, .. }) = error.kind()
            else {
                return false;
            };
            matches!(stage, Stage::Connect | Stage::Proxy | Stage::Tls)
        };
        match &self.cause {
            Cause::Transport(error) => !never_left(error),
            _ => self.has_no_answer(),
        }
    }

    /// Whether the platform refused the call for its rate.
    pub(crate) fn is_rate_limit(&self) -> bool {
        matches!(self.cause, Cause::Refused { is_rate_limit: true, .. })
    }

    /// How long the platform asked to wait, if it is a rate limit that said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.cause {
            Cause::Refused { retry_after, .. } => *retry_after,
            Cause::Crowded(Crowded::Blocked(wait)) => Some(*wait),
            _ => None,
        }
    }
}

impl From<feishu_transport::Error> for CallError {
    fn from(error: feishu_transport::Error) -> Self {
        Self::new(Cause::Transport(error), None)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Refused { code, message, call, retry_after, .. } => {
                let inner = self.inner_code().filter(|inner| inner.source().is_some());
                let advice = inner.unwrap_or(*code).advice_for(*call);
                write!(f, "the platform refused the call with {} ({message}); {advice}", code.0)?;
                if let Some(wait) = retry_after {
                    write!(f, " (in {} s)", wait.as_secs())?;
                }
            }
            Cause::NotAnAnswer { status, content_type: Some(kind) } if is_file(*status, kind) => {
                write!(
                    f,
                    "HTTP {status} with {kind} in place of JSON; fetch a file with `OpenApi::download`"
                )?;
            }
            Cause::NotAnAnswer { status, .. } => {
                write!(f, "HTTP {status} without the platform's JSON; check domain and proxy")?;
            }
            Cause::NoData(error) => error.fmt(f)?,
            Cause::BadCard(finding) => write!(f, "not sent, because of the card: {finding}")?,
            Cause::Crowded(Crowded::Full) => {
                f.write_str(
                    "not sent: too many calls wait for the platform's rate limit; send fewer, or later",
                )?;
            }
            Cause::Crowded(Crowded::Blocked(wait)) => write!(
                f,
                "not sent: the platform takes no such call before {} s are over, after it refused one for its rate",
                wait.as_secs().max(1)
            )?,
            Cause::TooLarge { limit } => {
                write!(
                    f,
                    "the file is larger than {limit} bytes, the bound of this download; raise it, or refuse the file"
                )?;
            }
            Cause::File(error) => {
                write!(f, "the file cannot be written: {error}; see to its folder and disk")?;
            }
            Cause::Transport(error) => error.fmt(f)?,
        }
        if self.attempts > 1 {
            write!(f, " (after {} attempts)", self.attempts)?;
        }
        self.log_id.as_ref().map_or(Ok(()), |log_id| write!(f, " (log id {log_id})"))
    }
}

impl StdError for CallError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Cause::Transport(error) => error.source(),
            Cause::File(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Whether this is a file that came well, and no page of a proxy.
fn is_file(status: u16, content_type: &str) -> bool {
    let page =
        ["text/html", "text/plain", "application/json"].iter().any(|kind| content_type.starts_with(kind));
    status < 300 && !page
}
