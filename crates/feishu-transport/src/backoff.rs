//! The reconnect backoff: a policy without a clock, with jitter from a seedable generator.

use std::time::Duration;

use crate::{Error, ErrorKind, RefusalClass, ServerSettings, Stage, Timeouts};

const SECOND: Duration = Duration::from_secs(1);
/// The longest pause of the growing backoff for errors that a person has to fix.
const MAX_PAUSE: Duration = Duration::from_secs(600);
/// A connection that lived for less counts as closed at once.
const BRIEF: Duration = Duration::from_secs(5);
/// The longest pause between connections that are closed at once: two to three attempts a minute.
const MAX_BRIEF_PAUSE: Duration = Duration::from_secs(30);
/// The pauses after the first refusals that a person may have to fix: most pass by themselves, such as a connection limit
/// that is met while the old process of a deployment has not left yet.
const PASSING: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];

/// The backoff of one reconnect loop. Pure: takes what happened, returns how long to wait.
#[derive(Debug)]
pub(crate) struct Backoff {
    rng: fastrand::Rng,
    stable: Duration,
    /// Failed attempts of this outage.
    attempts: u32,
    /// Connections in a row that were closed at once.
    brief: u32,
    /// Failures in a row that are retried from one second on.
    early: u32,
    /// Failures in a row that a person has to fix, or of an unknown kind.
    stubborn: u32,
}

impl Backoff {
    pub(crate) fn new(seed: u64, timeouts: &Timeouts) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            stable: timeouts.stable,
            attempts: 0,
            brief: 0,
            early: 0,
            stubborn: 0,
        }
    }

    /// Failed attempts of this outage.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The pause before the first attempt after the loss of a connection that lasted `uptime`.
    ///
    /// A random part of `ReconnectNonce`, so that the clients of a restarted gateway do not reconnect all at once, and at
    /// most a fifth of the time that the connection lived, so that a client whose connections are cut again and again is
    /// connected for five sixths of the time. Connections that are closed at once are replaced after a growing pause, so
    /// that a gateway that accepts and closes causes no busy loop.
    pub(crate) fn after_loss(&mut self, uptime: Duration, settings: &ServerSettings) -> Duration {
        self.early = 0;
        self.stubborn = 0;
        if uptime >= self.stable {
            self.attempts = 0;
        }
        let spread = self.up_to(settings.reconnect_nonce.min((uptime / 5).max(SECOND)));
        if uptime >= BRIEF {
            self.brief = 0;
            return spread;
        }
        self.brief += 1;
        if self.brief == 1 {
            return spread;
        }
        let cap = settings.reconnect_interval.clamp(SECOND, MAX_BRIEF_PAUSE);
        spread.max(self.growing(SECOND, self.brief - 2, cap))
    }

    /// The pause after an attempt failed with `error`. `said` means that the settings are the platform's, not only the
    /// defaults: until then no interval has to be kept, and the first start is not to wait for minutes.
    pub(crate) fn after_failure(&mut self, error: &Error, settings: &ServerSettings, said: bool) -> Duration {
        self.attempts += 1;
        let interval = settings.reconnect_interval.max(SECOND);
        match error.kind() {
            ErrorKind::Refused(refusal) if refusal.class != RefusalClass::Busy => {
                self.early = 0;
                let times = self.stubborn;
                self.stubborn += 1;
                let quick = usize::try_from(times).ok().and_then(|times| PASSING.get(times));
                if let Some(quick) = quick {
                    return self.growing((*quick).min(interval * 2), 0, MAX_PAUSE);
                }
                let times = times.saturating_sub(u32::try_from(PASSING.len()).unwrap_or(0));
                self.growing(interval * 2, times, MAX_PAUSE.max(interval * 2))
            }
            kind if !said || never_reached(kind) => {
                let pause = self.growing(SECOND, self.early, interval);
                self.early += 1;
                pause
            }
            _ => {
                self.early = 0;
                settings.reconnect_interval + self.up_to(settings.reconnect_nonce)
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

/// Whether the attempt failed before the platform. A time-out while dialling is that of an unreachable address.
fn never_reached(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unreachable { .. }
            | ErrorKind::Lost { .. }
            | ErrorKind::TimedOut { stage: Stage::Connect | Stage::Proxy | Stage::Tls, .. }
    )
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
            let pause = backoff(seed).after_loss(3_600 * SECOND, &settings(120, 30));
            within(pause, 0.0, 30.0);
            spread.push(pause);
        }
        assert!(
            spread.iter().any(|pause| *pause < 5 * SECOND) && spread.iter().any(|pause| *pause > 25 * SECOND)
        );
        assert_eq!(backoff(1).after_loss(60 * SECOND, &settings(120, 0)), Duration::ZERO);
    }

    #[test]
    fn connections_that_are_cut_again_and_again_are_replaced_after_a_fifth_of_their_life() {
        for (life, most) in [(5, 1.0), (25, 5.0), (60, 12.0), (150, 30.0), (600, 30.0)] {
            let mut backoff = backoff(life);
            for _ in 0..50 {
                within(backoff.after_loss(Duration::from_secs(life), &settings(120, 30)), 0.0, most);
            }
        }
    }

    #[test]
    fn connections_that_are_closed_at_once_cause_no_spin() {
        let mut backoff = backoff(1);
        let settings = settings(120, 0);
        assert_eq!(backoff.after_loss(SECOND, &settings), Duration::ZERO, "once may be chance");
        for (least, most) in [(0.8, 1.0), (1.6, 2.0), (3.2, 4.0), (6.4, 8.0), (12.8, 16.0)] {
            within(backoff.after_loss(SECOND, &settings), least, most);
        }
        for _ in 0..20 {
            within(backoff.after_loss(SECOND, &settings), 24.0, 30.0);
        }
        assert_eq!(backoff.after_loss(BRIEF, &settings), Duration::ZERO, "one that worked forgives");
        assert_eq!(backoff.after_loss(SECOND, &settings), Duration::ZERO);
    }

    #[test]
    fn until_the_platform_has_said_its_settings_every_failure_is_retried_from_one_second_on() {
        let failures = [
            Error::refused(Refusal::endpoint(500, "")),
            Error::refused(Refusal::endpoint(429, "")),
            Error::refused(Refusal::endpoint(1, "busy")),
            Error::protocol(Stage::Endpoint, "HTML"),
            Error::timed_out(Stage::Endpoint, 10 * SECOND),
        ];
        for error in &failures {
            let mut backoff = backoff(6);
            for (least, most) in [(0.8, 1.0), (1.6, 2.0), (3.2, 4.0), (6.4, 8.0), (12.8, 16.0), (25.6, 32.0)]
            {
                within(backoff.after_failure(error, &settings(120, 30), false), least, most);
            }
            for _ in 0..9 {
                within(backoff.after_failure(error, &settings(120, 30), false), 51.2, 120.0);
            }
            within(backoff.after_failure(error, &settings(120, 30), true), 120.0, 150.0);
        }
        let mut backoff = backoff(6);
        for (index, error) in failures.iter().enumerate() {
            let most = f64::from(1 << index);
            within(backoff.after_failure(error, &settings(120, 30), false), most * 0.8, most);
        }
    }

    #[test]
    fn what_never_reached_the_platform_is_tried_again_soon() {
        let mut backoff = backoff(2);
        let error = Error::unreachable(Stage::Connect, "no route");
        for (least, most) in
            [(0.8, 1.0), (1.6, 2.0), (3.2, 4.0), (6.4, 8.0), (12.8, 16.0), (25.6, 32.0), (51.2, 64.0)]
        {
            within(backoff.after_failure(&error, &settings(120, 30), true), least, most);
        }
        for _ in 0..10 {
            within(backoff.after_failure(&error, &settings(120, 30), true), 96.0, 120.0);
        }
        assert_eq!(backoff.attempts(), 17);
    }

    #[test]
    fn a_route_that_swallows_packets_never_reached_the_platform_either() {
        for stage in [Stage::Connect, Stage::Proxy, Stage::Tls] {
            let swallowed = Error::timed_out(stage, 10 * SECOND);
            within(backoff(2).after_failure(&swallowed, &settings(120, 30), true), 0.8, 1.0);
        }
    }

    #[test]
    fn what_the_platform_turned_down_or_left_unanswered_waits_its_interval() {
        let mut backoff = backoff(3);
        let busy = Error::refused(Refusal::endpoint(1, "busy"));
        let silent = Error::timed_out(Stage::Endpoint, 10 * SECOND);
        let html = Error::protocol(Stage::Endpoint, "HTML");
        for error in [&busy, &silent, &html, &busy] {
            within(backoff.after_failure(error, &settings(60, 10), true), 60.0, 70.0);
        }
    }

    #[test]
    fn the_connection_limit_and_unknown_codes_are_retried_twice_soon_and_then_slowly() {
        for code in [CONNECTION_LIMIT, 4242, 1_000_040_345, 403] {
            let mut backoff = backoff(4);
            let error = Error::refused(Refusal::endpoint(code, ""));
            for said in [true, false] {
                for (least, most) in
                    [(1.6, 2.0), (16.0, 20.0), (96.0, 120.0), (192.0, 240.0), (384.0, 480.0), (480.0, 600.0)]
                {
                    within(backoff.after_failure(&error, &settings(60, 0), said), least, most);
                }
                backoff.after_loss(SECOND, &settings(60, 0));
            }
            within(backoff.after_failure(&error, &settings(5, 0), true), 1.6, 2.0);
            within(backoff.after_failure(&error, &settings(5, 0), true), 8.0, 10.0);
        }
    }

    #[test]
    fn a_number_of_attempts_is_per_outage() {
        let mut backoff = backoff(5);
        let error = Error::unreachable(Stage::Connect, "");
        assert!(!backoff.is_exhausted(None));
        for _ in 0..3 {
            assert!(!backoff.is_exhausted(Some(3)));
            backoff.after_failure(&error, &settings(1, 0), true);
        }
        assert!(backoff.is_exhausted(Some(3)));
        backoff.after_loss(31 * SECOND, &settings(1, 0));
        assert!(!backoff.is_exhausted(Some(3)));
    }
}
