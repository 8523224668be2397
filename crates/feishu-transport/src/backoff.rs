//! The reconnect backoff: a policy without a clock, with jitter from a seedable generator.

use std::time::Duration;

use crate::{Error, ErrorKind, RefusalClass, ServerSettings, Stage, Timeouts};

const SECOND: Duration = Duration::from_secs(1);
/// The longest pause of the growing backoff for errors that a person has to fix.
const MAX_PAUSE: Duration = Duration::from_secs(600);

/// The backoff of one reconnect loop. Pure: takes what happened, returns how long to wait.
#[derive(Debug)]
pub(crate) struct Backoff {
    rng: fastrand::Rng,
    stable: Duration,
    /// Failed attempts of this outage.
    attempts: u32,
    /// Connections in a row that were lost before they were stable.
    short_lived: u32,
    /// Failures in a row that never reached the platform.
    unreached: u32,
    /// Failures in a row that a person has to fix, or of an unknown kind.
    stubborn: u32,
}

impl Backoff {
    pub(crate) fn new(seed: u64, timeouts: &Timeouts) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            stable: timeouts.stable,
            attempts: 0,
            short_lived: 0,
            unreached: 0,
            stubborn: 0,
        }
    }

    /// Failed attempts of this outage.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The pause before the first attempt after the loss of a connection that lasted `uptime`.
    ///
    /// A random part of `ReconnectNonce`, so that the clients of a restarted gateway do not reconnect all at once, plus
    /// a growing pause if connections are repeatedly lost early, so that a gateway that accepts and closes causes no
    /// busy loop.
    pub(crate) fn after_loss(&mut self, uptime: Duration, settings: &ServerSettings) -> Duration {
        self.unreached = 0;
        self.stubborn = 0;
        let nonce = self.up_to(settings.reconnect_nonce);
        if uptime >= self.stable {
            self.attempts = 0;
            self.short_lived = 0;
            return nonce;
        }
        self.short_lived += 1;
        if self.short_lived == 1 {
            return nonce;
        }
        nonce.max(self.growing(SECOND, self.short_lived - 2, settings.reconnect_interval.max(SECOND)))
    }

    /// The pause after an attempt failed with `error`.
    pub(crate) fn after_failure(&mut self, error: &Error, settings: &ServerSettings) -> Duration {
        self.attempts += 1;
        let interval = settings.reconnect_interval;
        match error.kind() {
            // A time-out while dialling means that the platform was not reached, as an unreachable address does.
            ErrorKind::Unreachable { .. }
            | ErrorKind::Lost { .. }
            | ErrorKind::TimedOut { stage: Stage::Connect | Stage::Proxy | Stage::Tls, .. } => {
                let pause = self.growing(SECOND, self.unreached, interval.max(SECOND));
                self.unreached += 1;
                pause
            }
            ErrorKind::Refused(refusal) if refusal.class != RefusalClass::Busy => {
                let pause =
                    self.growing(interval.max(SECOND) * 2, self.stubborn, MAX_PAUSE.max(interval * 2));
                self.stubborn += 1;
                self.unreached = 0;
                pause
            }
            _ => {
                self.unreached = 0;
                interval + self.up_to(settings.reconnect_nonce)
            }
        }
    }

    /// Whether the server's or the caller's limit of attempts is reached.
    pub(crate) fn is_exhausted(&self, limit: Option<u32>) -> bool {
        limit.is_some_and(|limit| self.attempts >= limit)
    }

    /// `base` doubled `times` times, at most `cap`, reduced by up to a fifth at random.
    fn growing(&mut self, base: Duration, times: u32, cap: Duration) -> Duration {
        let pause = base.saturating_mul(1 << times.min(16)).min(cap);
        pause.mul_f64(1.0 - 0.2 * self.rng.f64())
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.rng.f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CONNECTION_LIMIT, Refusal};

    fn backoff(seed: u64) -> Backoff {
        Backoff::new(seed, &Timeouts::default())
    }

    fn settings(interval: u64, nonce: u64) -> ServerSettings {
        ServerSettings {
            reconnect_interval: SECOND * u32::try_from(interval).unwrap(),
            reconnect_nonce: SECOND * u32::try_from(nonce).unwrap(),
            ..ServerSettings::default()
        }
    }

    fn within(pause: Duration, least: f64, most: f64) {
        let pause = pause.as_secs_f64();
        assert!(pause >= least - 1e-9 && pause <= most + 1e-9, "{pause} is not in {least}..{most}");
    }

    #[test]
    fn the_first_attempt_of_an_outage_waits_a_part_of_the_nonce() {
        let mut spread = Vec::new();
        for seed in 0..200 {
            let pause = backoff(seed).after_loss(60 * SECOND, &settings(120, 30));
            within(pause, 0.0, 30.0);
            spread.push(pause);
        }
        assert!(
            spread.iter().any(|pause| *pause < 5 * SECOND) && spread.iter().any(|pause| *pause > 25 * SECOND)
        );
        assert_eq!(backoff(1).after_loss(60 * SECOND, &settings(120, 0)), Duration::ZERO);
    }

    #[test]
    fn connections_that_die_young_cause_no_spin() {
        let mut backoff = backoff(1);
        let settings = settings(120, 0);
        assert_eq!(backoff.after_loss(SECOND, &settings), Duration::ZERO, "once may be chance");
        for (least, most) in [(0.8, 1.0), (1.6, 2.0), (3.2, 4.0), (6.4, 8.0)] {
            within(backoff.after_loss(SECOND, &settings), least, most);
        }
        for _ in 0..20 {
            within(backoff.after_loss(SECOND, &settings), 12.8, 120.0);
        }
        assert_eq!(backoff.after_loss(30 * SECOND, &settings), Duration::ZERO, "a stable one forgives");
    }

    #[test]
    fn what_never_reached_the_platform_is_tried_again_soon() {
        let mut backoff = backoff(2);
        let error = Error::unreachable(Stage::Connect, "no route");
        for (least, most) in
            [(0.8, 1.0), (1.6, 2.0), (3.2, 4.0), (6.4, 8.0), (12.8, 16.0), (25.6, 32.0), (51.2, 64.0)]
        {
            within(backoff.after_failure(&error, &settings(120, 30)), least, most);
        }
        for _ in 0..10 {
            within(backoff.after_failure(&error, &settings(120, 30)), 96.0, 120.0);
        }
        assert_eq!(backoff.attempts(), 17);
    }

    #[test]
    fn a_route_that_swallows_packets_never_reached_the_platform_either() {
        for stage in [Stage::Connect, Stage::Proxy, Stage::Tls] {
            let swallowed = Error::timed_out(stage, 10 * SECOND);
            within(backoff(2).after_failure(&swallowed, &settings(120, 30)), 0.8, 1.0);
        }
    }

    #[test]
    fn what_the_platform_turned_down_or_left_unanswered_waits_its_interval() {
        let mut backoff = backoff(3);
        let busy = Error::refused(Refusal::endpoint(1, "busy"));
        let silent = Error::timed_out(Stage::Endpoint, 10 * SECOND);
        let html = Error::protocol(Stage::Endpoint, "HTML");
        for error in [&busy, &silent, &html, &busy] {
            within(backoff.after_failure(error, &settings(60, 10)), 60.0, 70.0);
        }
    }

    #[test]
    fn the_connection_limit_and_unknown_codes_wait_longer_and_longer() {
        for code in [CONNECTION_LIMIT, 4242, 1_000_040_345] {
            let mut backoff = backoff(4);
            let error = Error::refused(Refusal::endpoint(code, ""));
            within(backoff.after_failure(&error, &settings(60, 0)), 96.0, 120.0);
            within(backoff.after_failure(&error, &settings(60, 0)), 192.0, 240.0);
            within(backoff.after_failure(&error, &settings(60, 0)), 384.0, 480.0);
            within(backoff.after_failure(&error, &settings(60, 0)), 480.0, 600.0);
        }
    }

    #[test]
    fn a_number_of_attempts_is_per_outage() {
        let mut backoff = backoff(5);
        let error = Error::unreachable(Stage::Connect, "");
        assert!(!backoff.is_exhausted(None));
        for _ in 0..3 {
            assert!(!backoff.is_exhausted(Some(3)));
            backoff.after_failure(&error, &settings(1, 0));
        }
        assert!(backoff.is_exhausted(Some(3)));
        backoff.after_loss(31 * SECOND, &settings(1, 0));
        assert!(!backoff.is_exhausted(Some(3)));
    }
}
