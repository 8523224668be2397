//! Detects that the machine slept or that the process was stopped, and probes every connection.
//!
//! Two signs. The wall clock moves on alone: the machine slept. A tick comes late: the process got no time, because it
//! was stopped (`SIGSTOP`, a paused container, a debugger, a snapshot of its machine, swapping) or because its runtime
//! was blocked. Which of them it was cannot be known, so a late tick only asks: a peer that answers keeps its connection.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::shared::Shared;
use super::tick::{TICK, is_late};

/// A difference between the clocks' steps that means that the machine slept. A time server moves clocks by less.
const JUMP: Duration = Duration::from_secs(15);
/// A tick that is late by this counts as a sleep: pauses between attempts end too. A blocked runtime seldom reaches it.
const STOPPED: Duration = JUMP;

/// Watches the clocks while the client runs. Also drops answers that have waited too long for a connection.
pub(super) async fn watch(shared: &Shared) {
    let clock = &shared.config.wall_clock;
    let mut wall = clock();
    shared.tick(Instant::now());
    loop {
        sleep(TICK).await;
        let (wall_now, monotonic_now) = (clock(), Instant::now());
        let step = monotonic_now - shared.tick(monotonic_now);
        let late = step.saturating_sub(TICK);
        if difference(wall, wall_now, step) > JUMP {
            tracing::info!(
                "the machine seems to have slept (clocks differ); checking the connections with a ping"
            );
            shared.woken();
        } else if late >= STOPPED {
            tracing::info!(
                ?late,
                "the process was stopped, as by a sleep; checking the connections with a ping"
            );
            shared.woken();
        } else if is_late(step) {
            tracing::info!(
                ?late,
                "the process was stopped or its runtime was blocked; checking the connections with a ping"
            );
            shared.probe();
        }
        wall = wall_now;
        shared.router.expire(monotonic_now);
    }
}

/// By how much the wall clock's step from `before` to `after` differs from the monotonic clock's.
fn difference(before: SystemTime, after: SystemTime, monotonic: Duration) -> Duration {
    match after.duration_since(before) {
        Ok(step) => step.abs_diff(monotonic),
        Err(backwards) => backwards.duration() + monotonic,
    }
}
