//! Why a driver ended.

use std::time::Duration;

use tokio::time::Instant;

use crate::Error;
use crate::session::{Session, Verdict};

/// Why a driver ended.
pub(super) enum Ending {
    /// Closed on purpose.
    Released,
    Lost {
        cause: Error,
        /// Found dead after a sleep: the next attempt needs no pause.
        woken: bool,
    },
}

impl Ending {
    pub(super) fn lost(cause: Error) -> Self {
        Self::Lost { cause, woken: false }
    }

    pub(super) fn into_parts(self) -> (Option<Error>, bool) {
        match self {
            Self::Released => (None, false),
            Self::Lost { cause, woken } => (Some(cause), woken),
        }
    }
}

/// Fails once the peer has been silent, or owed an answer, for too long.
pub(super) fn judge(session: &Session, now: Instant) -> Result<(), Ending> {
    let rounded =
        |silence: Duration| Duration::from_millis(u64::try_from(silence.as_millis()).unwrap_or(u64::MAX));
    let verdict = session.verdict(now.into_std());
    let cause = match verdict {
        Verdict::Alive => return Ok(()),
        Verdict::Silent(silence) => {
            Error::lost(format_args!("nothing has arrived for {:?}", rounded(silence)))
        }
        Verdict::Unanswered(silence) => {
            Error::lost(format_args!("a ping was not answered for {:?}", rounded(silence)))
        }
        Verdict::GoneWhileAsleep => Error::lost("no sign of life after a sleep or a change of network"),
    };
    Err(Ending::Lost { cause, woken: verdict == Verdict::GoneWhileAsleep })
}
