//! A token bucket: how soon one more call is allowed.

use std::time::Duration;

use tokio::time::Instant;

/// How many calls are allowed: `burst` at once, and so many per second after that. In any span of `s` seconds these are
/// at most `burst + s × per_second`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) burst: f64,
    pub(super) per_second: f64,
}

/// The calls that a rule still allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    rule: Rule,
    /// The number of calls allowed as of `at`.
    tokens: f64,
    at: Instant,
    /// Until when none is allowed, as the platform said.
    blocked: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(rule: Rule, now: Instant) -> Self {
        Self { rule, tokens: rule.burst, at: now, blocked: None }
    }

    /// When the next call is allowed: `now` if at once.
    pub(super) fn ready_at(&mut self, now: Instant) -> Instant {
        self.refill(now);
        if let Some(blocked) = self.blocked {
            return blocked + self.time_for(1.0 - self.tokens);
        }
        now + self.time_for(1.0 - self.tokens)
    }

    /// Counts one call.
    pub(super) fn take(&mut self) {
        self.tokens -= 1.0;
    }

    /// Takes back one call that was counted and not made.
    pub(super) fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.rule.burst);
    }

    /// Allows nothing until then, and no burst after it.
    pub(super) fn drain(&mut self, until: Instant, now: Instant) {
        self.refill(now);
        // One call at once after the wait, so that it is known soon whether the platform takes calls again.
        self.tokens = self.tokens.min(1.0);
        self.blocked = Some(self.blocked.map_or(until, |before| before.max(until)));
    }

    pub(super) fn blocked_until(&self) -> Option<Instant> {
        self.blocked
    }

    /// Whether it says nothing that a new bucket would not say.
    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.blocked.is_none() && self.tokens >= self.rule.burst
    }

    fn refill(&mut self, now: Instant) {
        let since = match self.blocked {
            // Nothing was added while it was blocked.
            Some(blocked) if now < blocked => return,
            Some(blocked) => self.at.max(blocked),
            None => self.at,
        };
        self.blocked = None;
        let added = now.saturating_duration_since(since).as_secs_f64() * self.rule.per_second;
        self.tokens = (self.tokens + added).min(self.rule.burst);
        self.at = self.at.max(now);
    }

    fn time_for(&self, tokens: f64) -> Duration {
        if tokens <= 0.0 {
            return Duration::ZERO;
        }
        // A microsecond more, so that rounding does not wake a waiter too early.
        Duration::from_secs_f64(tokens / self.rule.per_second) + Duration::from_micros(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { burst: 3.0, per_second: 2.0 };
    const MS: Duration = Duration::from_millis(1);

    /// Takes calls as soon as they are allowed, and returns after which time each was.
    fn take(bucket: &mut Bucket, start: Instant, from: Instant, calls: usize) -> Vec<u128> {
        let mut now = from;
        let mut times = Vec::new();
        for _ in 0..calls {
            now = bucket.ready_at(now);
            bucket.take();
            times.push(now.duration_since(start).as_millis());
        }
        times
    }

    #[test]
    fn bucket_allows_its_burst_then_its_rate_and_fills_up_again() {
        let start = Instant::now();
        let mut bucket = Bucket::new(RULE, start);
        assert_eq!(take(&mut bucket, start, start, 6), [0, 0, 0, 500, 1000, 1500]);
        assert_eq!(
            take(&mut bucket, start, start + 10_000 * MS, 5),
            [10_000, 10_000, 10_000, 10_500, 11_000]
        );
    }

    #[test]
    fn bucket_that_is_drained_allows_one_call_after_the_wait_and_no_burst() {
        let start = Instant::now();
        let mut bucket = Bucket::new(RULE, start);
        bucket.drain(start + 4_000 * MS, start);
        bucket.drain(start + 1_000 * MS, start);
        assert_eq!(take(&mut bucket, start, start, 3), [4_000, 4_500, 5_000], "the later of the two waits");
    }

    #[test]
    fn bucket_is_idle_once_it_is_full_and_not_blocked() {
        let start = Instant::now();
        let mut bucket = Bucket::new(RULE, start);
        assert!(bucket.is_idle(start));
        bucket.take();
        assert!(!bucket.is_idle(start + 499 * MS));
        assert!(bucket.is_idle(start + 500 * MS));
        bucket.drain(start + 900 * MS, start + 500 * MS);
        assert!(!bucket.is_idle(start + 899 * MS));
        bucket.take();
        bucket.give_back();
        assert!(bucket.is_idle(start + 1_900 * MS));
    }
}
