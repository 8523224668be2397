//! How much a client hears of a peer that ends every connection, and how soon it is there after a bad start.

use std::time::Duration;

use feishu_simulation::lives::{first_connection_after, with_lives_of};
use feishu_transport::{ErrorKind, Refusal, SettingsUpdate, Stage};

const TIME: Duration = Duration::from_secs(1_800);

/// What production sends.
fn usual() -> SettingsUpdate {
    settings(120, 30)
}

fn settings(interval: i64, nonce: i64) -> SettingsUpdate {
    let mut settings = SettingsUpdate::default();
    settings.ping_interval = Some(120);
    settings.reconnect_interval = Some(interval);
    settings.reconnect_nonce = Some(nonce);
    settings
}

#[test]
fn the_longer_connections_live_the_more_a_client_hears_and_at_once_closed_ones_cause_no_storm() {
    // Life in seconds; the least share of the time heard; the most endpoint calls in a minute.
    let table = [(0, 0.0, 3.0), (1, 0.03, 3.0), (5, 0.8, 12.0), (25, 0.8, 3.0), (60, 0.8, 1.1)];
    for (life, least, most) in table {
        for settings in [usual(), settings(120, 0), settings(600, 300), SettingsUpdate::default()] {
            for seed in 0..3 {
                let heard = with_lives_of(Duration::from_secs(life), settings, TIME, seed);
                assert!(
                    heard.share >= least && heard.calls_a_minute <= most,
                    "lives of {life} s, {settings:?}, seed {seed}: {heard:?}"
                );
                let longest = Duration::from_secs(31).min(Duration::from_secs(life / 5).max(if life < 5 {
                    Duration::from_secs(30)
                } else {
                    Duration::from_secs(1)
                }));
                assert!(
                    heard.longest_silence <= longest + Duration::from_secs(1),
                    "lives of {life} s, {settings:?}, seed {seed}: {heard:?}"
                );
            }
        }
    }
}

#[test]
fn a_bad_start_costs_little_more_than_the_platforms_own_outage() {
    let kinds = [
        ErrorKind::Refused(Refusal::endpoint(500, "")),
        ErrorKind::Refused(Refusal::endpoint(429, "")),
        ErrorKind::Refused(Refusal::endpoint(1, "busy")),
        ErrorKind::Protocol { stage: Stage::Endpoint, detail: "HTML".to_owned() },
        ErrorKind::TimedOut { stage: Stage::Endpoint, after: Duration::from_secs(10) },
    ];
    for kind in kinds {
        // Calls that fail; the pauses between them in seconds at most.
        for (fail, most) in [(0, 0), (1, 1), (2, 3), (3, 7), (4, 15), (7, 127), (9, 367)] {
            let hangs = if matches!(kind, ErrorKind::TimedOut { .. }) { 10 * fail } else { 0 };
            for seed in 0..3 {
                let refusals = vec![kind.clone(); usize::try_from(fail).unwrap()];
                let after = first_connection_after(refusals, seed);
                let longest = Duration::from_secs(most + hangs + 2);
                assert!(after <= longest, "{fail} times {kind:?}, seed {seed}: {after:?}");
            }
        }
    }
}

#[test]
fn one_or_two_passing_refusals_cost_seconds() {
    for code in [1_000_040_350, 77] {
        for (times, most) in [(1, 3), (2, 23)] {
            for seed in 0..3 {
                let refused = ErrorKind::Refused(Refusal::endpoint(code, ""));
                let after = first_connection_after(vec![refused; times], seed);
                assert!(after <= Duration::from_secs(most), "code {code}, seed {seed}: {after:?}");
            }
        }
    }
}
