//! The transport's error type.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Refusal, Stage};

/// The error of a connection or a call.
///
/// Cheap to clone, as connection states hold it. Its text never contains a secret or a connection URL.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The platform refused the request.
    Refused(Refusal),
    /// The platform could not be reached: name, route, proxy, TLS.
    Unreachable {
        /// The step that failed.
        stage: Stage,
        /// What failed.
        detail: String,
    },
    /// A deadline passed.
    TimedOut {
        /// The step that took too long.
        stage: Stage,
        /// The deadline.
        after: Duration,
    },
    /// The peer's answer violates the protocol.
    Protocol {
        /// The step that failed.
        stage: Stage,
        /// What was wrong with it.
        detail: String,
    },
    /// An open connection was lost.
    Lost {
        /// What was observed.
        detail: String,
    },
    /// The limit of reconnect attempts was reached: `ReconnectCount` of the server, or the caller's.
    Exhausted {
        /// How many attempts were made in this outage.
        attempts: u32,
        /// Why the last one failed.
        last: Box<Error>,
    },
    /// Every connection of a client with several ended, and not all for the same reason.
    AllEnded {
        /// The different reasons, in the order in which the connections ended.
        reasons: Vec<Error>,
    },
    /// Invalid configuration or misuse of the API.
    Misuse(String),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// The platform was not reached, for a custom [`EndpointSource`](crate::EndpointSource), [`Dial`](crate::Dial) or
    /// [`Connect`](crate::Connect). The client retries soon.
    pub fn unreachable(stage: Stage, detail: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Unreachable { stage, detail: detail.to_string() })
    }

    /// The peer violated the protocol. The client retries at the platform's interval.
    pub fn protocol(stage: Stage, detail: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Protocol { stage, detail: detail.to_string() })
    }

    /// A deadline passed.
    pub fn timed_out(stage: Stage, after: Duration) -> Self {
        Self::new(ErrorKind::TimedOut { stage, after })
    }

    /// The platform refused the request; the refusal's class decides whether the client retries.
    pub fn refused(refusal: Refusal) -> Self {
        Self::new(ErrorKind::Refused(refusal))
    }

    /// An open connection was lost.
    pub fn lost(detail: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Lost { detail: detail.to_string() })
    }

    /// Invalid configuration or misuse of the API; the text says what to do instead.
    pub fn misuse(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Misuse(what.to_string()))
    }

    /// The error of a client whose connections have all ended, each for one of `reasons`.
    pub(crate) fn all_ended(mut reasons: Vec<Self>) -> Self {
        let mut different: Vec<Self> = Vec::new();
        for reason in reasons.drain(..) {
            if !different.contains(&reason) {
                different.push(reason);
            }
        }
        match different.pop() {
            Some(only) if different.is_empty() => only,
            Some(last) => {
                different.push(last);
                Self::new(ErrorKind::AllEnded { reasons: different })
            }
            None => Self::misuse("a client needs at least one connection"),
        }
    }

    /// Sets the underlying error, returned by [`StdError::source`].
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Adds the platform's log id to a refusal.
    #[cfg(feature = "http")]
    pub(crate) fn with_log_id(mut self, log_id: Option<&str>) -> Self {
        if let ErrorKind::Refused(refusal) = &mut self.kind {
            refusal.log_id = log_id.map(|id| id.chars().filter(char::is_ascii_graphic).take(100).collect());
        }
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The detail without the sentence that [`Display`](fmt::Display) puts around it, for errors that do not concern the
    /// platform itself.
    #[cfg(feature = "proxy")]
    pub(crate) fn detail(&self) -> String {
        match &self.kind {
            ErrorKind::Unreachable { detail, .. } | ErrorKind::Protocol { detail, .. } => detail.clone(),
            ErrorKind::TimedOut { stage, after } => format!("{stage} took longer than {after:?}"),
            _ => self.to_string(),
        }
    }

    /// The platform's refusal, if this is one, or an [`ErrorKind::Exhausted`] or [`ErrorKind::AllEnded`] caused by one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.kind {
            ErrorKind::Refused(refusal) => Some(refusal),
            ErrorKind::Exhausted { last, .. } => last.refusal(),
            ErrorKind::AllEnded { reasons } => reasons.iter().find_map(Self::refusal),
            _ => None,
        }
    }

    /// Whether a retry cannot succeed until the configuration is changed.
    pub fn is_fatal(&self) -> bool {
        match &self.kind {
            ErrorKind::Refused(refusal) => refusal.is_fatal(),
            ErrorKind::Misuse(_) | ErrorKind::Exhausted { .. } | ErrorKind::AllEnded { .. } => true,
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Refused(refusal) => write!(f, "{refusal}"),
            ErrorKind::Unreachable { stage, detail } => {
                write!(f, "cannot reach the platform: {stage} failed: {detail}")
            }
            ErrorKind::TimedOut { stage, after } => {
                let setting = stage.setting();
                write!(f, "no answer from the platform: {stage} took longer than {after:?} ({setting})")
            }
            ErrorKind::Protocol { stage, detail } => {
                write!(f, "unexpected answer from the peer: {stage}: {detail}")
            }
            ErrorKind::Lost { detail } => write!(f, "connection lost: {detail}"),
            ErrorKind::Exhausted { attempts, last } => {
                write!(f, "gave up after {attempts} attempts to connect; the last one: {last}")
            }
            ErrorKind::AllEnded { reasons } => {
                f.write_str("every connection ended: ")?;
                for (index, reason) in reasons.iter().enumerate() {
                    write!(f, "{}{reason}", if index == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            ErrorKind::Misuse(what) => f.write_str(what),
        }
    }
}

/// For conversions that cannot fail, such as [`Domain`](crate::Domain) to itself.
impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Prints the same text as `Display`, because a `main` that returns the error prints its `Debug` form. [`Error::kind`]
/// has the parts.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Compares the kinds, not the underlying errors.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Error {}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
