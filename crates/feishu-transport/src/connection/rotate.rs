//! Replaces an open connection by a new one: the new one is opened first, so that no message is missed.

use std::sync::Arc;

use tokio::time::Instant;

use super::open::{Opened, open, outdated};
use super::reconnect::{Current, Ended, Reconnector, closing};
use crate::{Error, Stage, State};

/// The result of an attempt to replace a connection.
pub(super) enum Replacement {
    Opened(Opened),
    /// The current connection stays.
    Failed(Error),
    /// Both connections are lost.
    CurrentEnded(Ended),
    Closing,
}

impl Reconnector {
    /// Opens a connection beside the current one. If the current one is lost meanwhile, this attempt counts as the first
    /// of the outage.
    pub(super) async fn replacement(&mut self, current: &Current) -> Replacement {
        let shared = Arc::clone(&self.shared);
        let opening = open(&shared);
        let mut wake = self.wake.clone();
        wake.mark_unchanged();
        let outdated = outdated(&mut wake, shared.config.timeouts.wake_probe);
        tokio::pin!(opening, outdated);
        let mut lost = None;
        let error = loop {
            tokio::select! {
                biased;
                () = closing(&mut self.close) => return Replacement::Closing,
                Some(ended) = self.drivers.join_next() => {
                    if let Some(ended) = self.ended(current, ended) {
                        shared.set_state(self.index, State::Connecting { attempt: 1, since: Instant::now() });
                        lost = Some(ended);
                    }
                }
                opened = &mut opening => match opened {
                    Ok(opened) => return Replacement::Opened(opened),
                    Err(error) => break error,
                },
                () = &mut outdated => {
                    break Error::timed_out(Stage::Connect, shared.config.timeouts.wake_probe);
                }
            }
        };
        lost.map_or(Replacement::Failed(error), Replacement::CurrentEnded)
    }

    /// When a connection opened at `opened` is due for replacement by its age.
    pub(super) fn replace_at(&self, opened: Instant) -> Option<Instant> {
        self.shared.config.max_age.map(|age| opened + age)
    }
}
