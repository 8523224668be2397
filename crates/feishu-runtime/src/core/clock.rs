//! The platform's time, by the host's clock and what is known of the difference.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use feishu_transport::ConnectionHandle;

use super::WallClock;

const UNKNOWN: i64 = i64::MIN;
/// A difference from which the host's clock is called wrong: larger than any delay of a delivery.
const WRONG: i64 = 60_000;

/// The platform's time. The ages of events are measured with it, so that a wrong clock of the host makes no live event old.
pub(crate) struct Clock {
    wall: WallClock,
    /// By how many milliseconds the wall clock is ahead of the platform's.
    ahead: AtomicI64,
    /// Whether `ahead` comes from a `Date`, which is better than what callbacks say.
    dated: AtomicBool,
    warned: AtomicBool,
    connection: OnceLock<ConnectionHandle>,
}

impl Clock {
    pub(crate) fn new(wall: WallClock) -> Self {
        Self {
            wall,
            ahead: AtomicI64::new(UNKNOWN),
            dated: AtomicBool::new(false),
            warned: AtomicBool::new(false),
            connection: OnceLock::new(),
        }
    }

    /// What the client is connected with.
    pub(crate) fn on_connection(&self, connection: &ConnectionHandle) {
        self.connection.get_or_init(|| connection.clone());
    }

    /// A connection has been opened, and the platform's `Date` came with it.
    pub(crate) fn connected(&self) {
        let Some(ahead) = self.connection.get().and_then(ConnectionHandle::clock_ahead) else { return };
        // The difference was measured with the system's clock; the wall clock may be another one.
        let shift = millis((self.wall)()).saturating_sub(millis(SystemTime::now()));
        self.dated.store(true, Relaxed);
        self.learn(shift.saturating_add(ahead.saturating_mul(1000)));
    }

    /// A callback that was created then has arrived. The platform pushes callbacks at once and never again; only where
    /// they come over a connection, as a recording has old ones.
    pub(crate) fn callback_from(&self, created: Option<SystemTime>) {
        if self.dated.load(Relaxed) || self.connection.get().is_none() {
            return;
        }
        if let Some(created) = created {
            self.learn(millis((self.wall)()).saturating_sub(millis(created)));
        }
    }

    /// The platform's time now.
    pub(crate) fn now(&self) -> SystemTime {
        if self.ahead.load(Relaxed) == UNKNOWN {
            // A message may come before the task that learns of the connection.
            self.connected();
        }
        let now = (self.wall)();
        let ahead = self.ahead.load(Relaxed);
        let by = Duration::from_millis(ahead.unsigned_abs());
        let shifted = match ahead {
            UNKNOWN => None,
            0.. => now.checked_sub(by),
            _ => now.checked_add(by),
        };
        shifted.unwrap_or(now)
    }

    /// By how many seconds the host's clock is ahead of the platform's; `None` while that is not known.
    pub(crate) fn ahead(&self) -> Option<i64> {
        Some(self.ahead.load(Relaxed)).filter(|ahead| *ahead != UNKNOWN).map(|ahead| ahead / 1000)
    }

    fn learn(&self, ahead: i64) {
        self.ahead.store(ahead, Relaxed);
        if ahead.saturating_abs() >= WRONG && !self.warned.swap(true, Relaxed) {
            let by = Duration::from_secs(ahead.unsigned_abs() / 1000);
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            tracing::warn!(
                ?by,
                "the host's clock is {side} the platform's; set it with NTP. The ages of events are corrected for it",
            );
        }
    }
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
