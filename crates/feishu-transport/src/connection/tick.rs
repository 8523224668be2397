//! The tick at which the clocks are looked at, and when one is late.

use std::time::Duration;

/// How often clocks are compared and waiting answers looked at.
pub(super) const TICK: Duration = Duration::from_millis(500);
/// A tick that is late by this means that connections may have died unseen.
const LATE: Duration = Duration::from_secs(2);

/// Whether a tick that comes this long after the one before is late.
pub(super) fn is_late(step: Duration) -> bool {
    step >= TICK + LATE
}
