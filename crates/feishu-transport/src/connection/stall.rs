//! A write that takes long: whether it still moves, and when it is given up.

use std::time::Duration;

use tokio::time::Instant;

/// Since when the link has accepted no bytes, while some wait to be written.
#[derive(Default)]
pub(super) struct Stall {
    since: Option<Instant>,
    /// What the link had accepted then.
    written: u64,
}

impl Stall {
    /// Whether bytes wait to be written.
    pub(super) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// Nothing waits to be written any more. Returns whether something did: then the peer has taken it.
    pub(super) fn ended(&mut self) -> bool {
        self.since.take().is_some()
    }

    /// Bytes wait, and the link has accepted `written` so far. Returns whether it has accepted some while they waited:
    /// then the peer takes them, if slowly.
    pub(super) fn goes_on(&mut self, written: u64, now: Instant) -> bool {
        let moved = self.since.is_some() && self.written != written;
        if moved || self.since.is_none() {
            *self = Self { since: Some(now), written };
        }
        moved
    }

    /// When the write is given up, if it does not move before.
    pub(super) fn until(&self, limit: Duration) -> Option<Instant> {
        self.since.map(|since| since + limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn stall_until_moves_with_each_byte_and_not_with_time() {
        let (mut stall, start) = (Stall::default(), Instant::now());
        let (limit, second) = (Duration::from_secs(10), Duration::from_secs(1));
        assert_eq!(stall.until(limit), None);
        assert!(!stall.goes_on(70, start), "what the buffers took at once is no movement");
        assert!(!stall.goes_on(70, start + 9 * second));
        assert_eq!(stall.until(limit), Some(start + limit));
        assert!(stall.goes_on(71, start + 9 * second));
        assert_eq!(stall.until(limit), Some(start + 9 * second + limit));
        assert!(stall.ended());
        assert!(!stall.ended(), "once");
        assert_eq!(stall.until(limit), None);
        assert!(!stall.goes_on(90, start + 60 * second), "another write");
    }
}
