//! Why a driver ended.

use crate::Error;

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
