//! The client's pings on one link: when they must come.

use std::time::Duration;

use tokio::time::Instant;

/// What a timer may be late by: the grain of the runtime's clock, twice.
const GRAIN: Duration = Duration::from_millis(2);
/// How long after a jump of the clocks the client may take to see it.
const TICK: Duration = Duration::from_millis(600);

/// When the client should ping.
pub(crate) struct Pings {
    opened: Instant,
    last: Option<Instant>,
    /// Intervals in force since the last one.
    least: Duration,
    most: Duration,
    /// Writes were held up since the last one.
    pub(crate) held_up: bool,
}

impl Pings {
    /// Those of a link that opens now.
    pub(crate) fn new(interval: Duration) -> Self {
        Self { opened: Instant::now(), last: None, least: interval, most: interval, held_up: false }
    }

    /// How long none has come, if one is due.
    pub(crate) fn overdue(&self) -> Option<Duration> {
        let silence = self.last.unwrap_or(self.opened).elapsed();
        let limit = if self.last.is_some() { self.most } else { Duration::ZERO };
        (silence > limit + GRAIN).then_some(silence)
    }

    pub(crate) fn interval(&mut self, interval: Duration) {
        self.least = self.least.min(interval);
        self.most = self.most.max(interval);
    }

    /// The client sends one now; what is wrong with the moment?
    pub(crate) fn sent(&mut self, interval: Duration, probed_at: Option<Instant>) -> Option<String> {
        let now = Instant::now();
        let gap = now - self.last.unwrap_or(self.opened);
        let probed = probed_at.is_some_and(|at| self.last.is_some_and(|last| last <= at + TICK));
        let wrong = match self.last {
            None if gap > GRAIN && !self.held_up => Some(format!("the first ping came after {gap:?}")),
            Some(_) if gap > self.most + GRAIN && !self.held_up => {
                Some(format!("a ping came after {gap:?}, the interval is {:?}", self.most))
            }
            Some(_) if gap + GRAIN < self.least && !probed => {
                Some(format!("a ping came after {gap:?}, too early for {:?}", self.least))
            }
            _ => None,
        };
        *self =
            Self { opened: self.opened, last: Some(now), least: interval, most: interval, held_up: false };
        wrong
    }
}
