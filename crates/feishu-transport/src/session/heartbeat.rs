//! The heartbeat: when to ping, and when a connection counts as dead.
//!
//! Two probes ask the peer for a sign of life: the protocol's own ping at the server's interval, and a WebSocket ping
//! after a short silence. Anything that arrives answers both. A WebSocket ping has a deadline only if the peer has
//! answered one before, because a gateway that ignores them is not dead.

use std::time::{Duration, Instant};

use crate::{ServerSettings, Timeouts};

/// What the socket says so soon after a sleep may be of the time before.
const OLD_NEWS: Duration = Duration::from_millis(500);

/// A probe to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// The application-level ping frame.
    Application,
    /// A WebSocket-level ping.
    WebSocket,
}

/// The verdict on the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Alive,
    /// Nothing has arrived for this long.
    Silent(Duration),
    /// A probe was not answered for this long.
    Unanswered(Duration),
    /// The probe after a sleep or a change of network was not answered.
    GoneWhileAsleep,
}

pub(super) struct Heartbeat {
    timeouts: Timeouts,
    ping_interval: Duration,
    silence_limit: Duration,
    last_inbound: Instant,
    last_ping: Option<Instant>,
    last_websocket_ping: Option<Instant>,
    /// The deadline of the oldest unanswered probe.
    awaited: Option<Awaited>,
    answers_websocket_pings: bool,
}

#[derive(Clone, Copy)]
struct Awaited {
    since: Instant,
    until: Instant,
    woken: bool,
}

impl Heartbeat {
    pub(super) fn new(now: Instant, timeouts: Timeouts) -> Self {
        let settings = ServerSettings::default();
        Self {
            timeouts,
            ping_interval: settings.ping_interval,
            silence_limit: settings.silence_limit(),
            last_inbound: now,
            last_ping: None,
            last_websocket_ping: None,
            awaited: None,
            answers_websocket_pings: false,
        }
    }

    /// Starts a new connection. Both probes are due at once, which shows whether this peer answers WebSocket pings.
    pub(super) fn connected(&mut self, now: Instant, settings: &ServerSettings) {
        self.last_inbound = now;
        self.last_ping = None;
        self.last_websocket_ping = None;
        self.awaited = None;
        self.answers_websocket_pings = false;
        self.apply(settings);
    }

    pub(super) fn apply(&mut self, settings: &ServerSettings) {
        self.ping_interval = settings.ping_interval;
        self.silence_limit = settings.silence_limit();
    }

    pub(super) fn inbound(&mut self, now: Instant) {
        self.last_inbound = now;
        self.awaited = None;
    }

    /// The peer has taken bytes that waited to be written: it is there, and a ping may wait behind them. Just after a sleep
    /// this may have been before it.
    pub(super) fn written(&mut self, now: Instant) {
        if self.awaited.is_none_or(|awaited| !awaited.woken || now >= awaited.since + OLD_NEWS) {
            self.inbound(now);
        }
    }

    pub(super) fn websocket_pong(&mut self) {
        self.answers_websocket_pings = true;
    }

    /// Makes both probes due again, with the short deadline. Silence until now is not the peer's fault and counts only
    /// after that deadline. Repeated requests move the deadline, but not past that of an ordinary probe.
    pub(super) fn probe_now(&mut self, now: Instant) {
        let Timeouts { probe, wake_probe, .. } = self.timeouts;
        self.last_ping = None;
        self.last_websocket_ping = None;
        let since = self.awaited.filter(|awaited| awaited.woken).map_or(now, |awaited| awaited.since);
        let until = (now + wake_probe).min(since + probe.max(wake_probe));
        self.awaited = Some(Awaited { since, until, woken: true });
        if let Some(excused) = (now + wake_probe).checked_sub(self.silence_limit) {
            self.last_inbound = self.last_inbound.max(excused);
        }
    }

    /// Returns the probe to send now, if one is due, and counts it as sent. Call until it returns `None`.
    pub(super) fn due(&mut self, now: Instant) -> Option<Probe> {
        if self.next_ping().is_none_or(|due| due <= now) {
            self.last_ping = Some(now);
            self.await_answer(now);
            return Some(Probe::Application);
        }
        if self.next_websocket_ping().is_none_or(|due| due <= now) {
            self.last_websocket_ping = Some(now);
            if self.answers_websocket_pings {
                self.await_answer(now);
            }
            return Some(Probe::WebSocket);
        }
        None
    }

    pub(super) fn verdict(&self, now: Instant) -> Verdict {
        match self.awaited {
            Some(awaited) if awaited.until <= now => {
                return if awaited.woken {
                    Verdict::GoneWhileAsleep
                } else {
                    Verdict::Unanswered(now - awaited.since)
                };
            }
            _ => {}
        }
        let silence = now.saturating_duration_since(self.last_inbound);
        if silence >= self.silence_limit { Verdict::Silent(silence) } else { Verdict::Alive }
    }

    pub(super) fn next_timeout(&self, can_ping: bool) -> Instant {
        let mut next = self.last_inbound + self.silence_limit;
        let probes = [self.next_ping(), self.next_websocket_ping()];
        for due in
            probes.into_iter().filter(|_| can_ping).flatten().chain(self.awaited.map(|awaited| awaited.until))
        {
            next = next.min(due);
        }
        next
    }

    fn next_ping(&self) -> Option<Instant> {
        self.last_ping.map(|last| last + self.ping_interval)
    }

    /// When the next WebSocket ping is due: after a silence, and at most once per that time.
    fn next_websocket_ping(&self) -> Option<Instant> {
        self.last_websocket_ping.map(|last| last.max(self.last_inbound) + self.timeouts.probe_after)
    }

    fn await_answer(&mut self, now: Instant) {
        let until = now + self.timeouts.probe;
        self.awaited.get_or_insert(Awaited { since: now, until, woken: false });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings(ping: u32) -> ServerSettings {
        ServerSettings { ping_interval: SECOND * ping, ..ServerSettings::default() }
    }

    #[allow(clippy::disallowed_methods, reason = "where the time of a test starts")]
    fn connected(ping: u32) -> (Heartbeat, Instant) {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start, Timeouts::default());
        heartbeat.connected(start, &settings(ping));
        (heartbeat, start)
    }

    fn probes(heartbeat: &mut Heartbeat, now: Instant) -> Vec<Probe> {
        std::iter::from_fn(|| heartbeat.due(now)).collect()
    }

    #[test]
    fn both_probes_are_sent_at_once_and_then_at_their_intervals() {
        let (mut heartbeat, start) = connected(60);
        assert_eq!(probes(&mut heartbeat, start), [Probe::Application, Probe::WebSocket]);
        assert_eq!(probes(&mut heartbeat, start), []);
        heartbeat.inbound(start);
        assert_eq!(heartbeat.next_timeout(true), start + 15 * SECOND);
        assert_eq!(probes(&mut heartbeat, start + 15 * SECOND), [Probe::WebSocket]);
        heartbeat.inbound(start + 59 * SECOND);
        assert_eq!(probes(&mut heartbeat, start + 60 * SECOND), [Probe::Application]);
    }

    #[test]
    fn traffic_saves_the_websocket_probe() {
        let (mut heartbeat, start) = connected(600);
        probes(&mut heartbeat, start);
        for second in 1..500 {
            heartbeat.inbound(start + second * SECOND);
            assert_eq!(probes(&mut heartbeat, start + second * SECOND), [], "second {second}");
        }
    }

    #[test]
    fn an_unanswered_ping_is_given_up_at_its_deadline() {
        let (mut heartbeat, start) = connected(120);
        probes(&mut heartbeat, start);
        assert_eq!(heartbeat.verdict(start + Duration::from_millis(19_999)), Verdict::Alive);
        assert_eq!(heartbeat.verdict(start + 20 * SECOND), Verdict::Unanswered(20 * SECOND));
        heartbeat.inbound(start + 19 * SECOND);
        assert_eq!(heartbeat.verdict(start + 20 * SECOND), Verdict::Alive);
    }

    #[test]
    fn a_peer_that_ignores_websocket_pings_is_not_dead() {
        let (mut heartbeat, start) = connected(120);
        probes(&mut heartbeat, start);
        heartbeat.inbound(start);
        for second in 1..120 {
            probes(&mut heartbeat, start + second * SECOND);
            assert_eq!(heartbeat.verdict(start + second * SECOND), Verdict::Alive, "second {second}");
        }
    }

    #[test]
    fn a_peer_that_used_to_answer_websocket_pings_is_noticed_soon() {
        let (mut heartbeat, start) = connected(120);
        probes(&mut heartbeat, start);
        heartbeat.inbound(start);
        heartbeat.websocket_pong();
        assert_eq!(probes(&mut heartbeat, start + 15 * SECOND), [Probe::WebSocket]);
        assert_eq!(heartbeat.verdict(start + 34 * SECOND), Verdict::Alive);
        assert_eq!(heartbeat.verdict(start + 35 * SECOND), Verdict::Unanswered(20 * SECOND));
    }

    #[test]
    fn the_next_peer_may_have_other_habits() {
        let (mut heartbeat, start) = connected(120);
        heartbeat.websocket_pong();
        heartbeat.connected(start, &settings(120));
        probes(&mut heartbeat, start);
        heartbeat.inbound(start);
        for second in 1..120 {
            probes(&mut heartbeat, start + second * SECOND);
            assert_eq!(heartbeat.verdict(start + second * SECOND), Verdict::Alive, "second {second}");
        }
    }

    #[test]
    fn silence_has_a_limit_of_its_own() {
        let (mut heartbeat, start) = connected(1);
        probes(&mut heartbeat, start);
        assert_eq!(heartbeat.verdict(start + 6 * SECOND), Verdict::Alive);
        assert_eq!(heartbeat.verdict(start + 7 * SECOND), Verdict::Silent(7 * SECOND));
    }

    #[test]
    fn a_wake_up_asks_at_once_and_waits_briefly() {
        let (mut heartbeat, start) = connected(120);
        probes(&mut heartbeat, start);
        heartbeat.inbound(start);
        let woken = start + 50 * SECOND;
        heartbeat.inbound(start + 49 * SECOND);
        heartbeat.probe_now(woken);
        assert_eq!(probes(&mut heartbeat, woken), [Probe::Application, Probe::WebSocket]);
        assert_eq!(heartbeat.verdict(woken + 4 * SECOND), Verdict::Alive);
        assert_eq!(heartbeat.verdict(woken + 5 * SECOND), Verdict::GoneWhileAsleep);
        heartbeat.inbound(woken + 4 * SECOND);
        assert_eq!(heartbeat.verdict(woken + 5 * SECOND), Verdict::Alive);
    }

    #[test]
    fn probe_now_excuses_the_silence_of_a_process_that_stood_still() {
        let (mut heartbeat, start) = connected(120);
        probes(&mut heartbeat, start);
        heartbeat.inbound(start);
        let resumed = start + 3_600 * SECOND;
        assert!(matches!(heartbeat.verdict(resumed), Verdict::Silent(_)));
        heartbeat.probe_now(resumed);
        probes(&mut heartbeat, resumed);
        assert_eq!(heartbeat.verdict(resumed + 4 * SECOND), Verdict::Alive);
        assert_eq!(heartbeat.verdict(resumed + 5 * SECOND), Verdict::GoneWhileAsleep);
    }

    #[test]
    fn probe_now_over_and_over_does_not_keep_a_dead_peer() {
        let (mut heartbeat, start) = connected(120);
        probes(&mut heartbeat, start);
        heartbeat.inbound(start);
        for second in 1..=20 {
            assert_eq!(heartbeat.verdict(start + second * SECOND), Verdict::Alive, "second {second}");
            heartbeat.probe_now(start + second * SECOND);
        }
        assert_eq!(heartbeat.verdict(start + 21 * SECOND), Verdict::GoneWhileAsleep);
    }

    #[test]
    fn written_bytes_are_a_sign_of_life_unless_they_may_have_left_before_a_sleep() {
        let (mut heartbeat, start) = connected(120);
        probes(&mut heartbeat, start);
        heartbeat.written(start + 19 * SECOND);
        assert_eq!(heartbeat.verdict(start + 38 * SECOND), Verdict::Alive);
        let woken = start + 40 * SECOND;
        heartbeat.probe_now(woken);
        heartbeat.written(woken);
        assert_eq!(heartbeat.verdict(woken + 5 * SECOND), Verdict::GoneWhileAsleep);
        heartbeat.written(woken + 4 * SECOND);
        assert_eq!(heartbeat.verdict(woken + 5 * SECOND), Verdict::Alive);
    }

    #[test]
    fn new_settings_move_the_next_ping() {
        let (mut heartbeat, start) = connected(120);
        probes(&mut heartbeat, start);
        heartbeat.inbound(start);
        heartbeat.apply(&settings(5));
        assert_eq!(heartbeat.next_timeout(true), start + 5 * SECOND);
        assert_eq!(probes(&mut heartbeat, start + 5 * SECOND), [Probe::Application]);
    }
}
