//! The state of a client and its connections.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use crate::{ConnectionInfo, Error};

/// The state of one connection, or of a client as a whole, which is the best state of its connections.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// Requesting a URL, dialling, or performing a handshake.
    Connecting {
        /// The attempt of this outage, counted from 1.
        attempt: u32,
        /// When the attempt began.
        since: Instant,
    },
    /// The WebSocket is open.
    Connected(Connected),
    /// Waiting for the next attempt.
    Waiting {
        /// Why the last connection was lost, or the last attempt failed; `None` before the first attempt.
        cause: Option<Error>,
        /// When the next attempt begins.
        next_try: Instant,
    },
    /// Ended, on request or because of an error that no retry can fix.
    Stopped {
        /// The error, which `run` returns as well once no connection is left; `None` after a stop on request.
        reason: Option<Error>,
    },
}

impl State {
    /// Whether the WebSocket is open.
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected(_))
    }

    /// Whether the client has ended.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped { .. })
    }

    /// The order of states: the state of a client is the greatest of its connections' states.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Connected(_) => 3,
            Self::Connecting { .. } => 2,
            Self::Waiting { .. } => 1,
            Self::Stopped { .. } => 0,
        }
    }
}

/// One line for logs.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting { attempt, .. } => write!(f, "connecting (attempt {attempt})"),
            Self::Connected(connected) => {
                write!(f, "connected for {:?} (connection {})", connected.uptime(), connected.info.generation)
            }
            Self::Waiting { cause, next_try } => {
                let pause = next_try.saturating_duration_since(Instant::now());
                write!(f, "waiting {pause:?} before the next attempt")?;
                cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
            }
            Self::Stopped { reason: None } => f.write_str("stopped"),
            Self::Stopped { reason: Some(reason) } => write!(f, "stopped: {reason}"),
        }
    }
}

/// An open connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connected {
    /// When the WebSocket was opened.
    pub since: Instant,
    /// The identity of the connection.
    pub info: Arc<ConnectionInfo>,
    activity: Arc<Activity>,
}

impl Connected {
    pub(crate) fn new(since: Instant, info: Arc<ConnectionInfo>, activity: Arc<Activity>) -> Self {
        Self { since, info, activity }
    }

    /// How long the WebSocket has been open.
    pub fn uptime(&self) -> Duration {
        self.since.elapsed()
    }

    /// When anything last arrived. Always current, even on an old copy of the state.
    pub fn last_frame(&self) -> Option<Instant> {
        self.activity.at(&self.activity.frame)
    }

    /// When an event or a callback last arrived. Always current, even on an old copy of the state.
    pub fn last_event(&self) -> Option<Instant> {
        self.activity.at(&self.activity.event)
    }
}

/// When something last arrived on a connection: written by the driver, read by all without a lock.
#[derive(Debug)]
pub(crate) struct Activity {
    base: Instant,
    /// Microseconds since `base`, plus one; 0 for never.
    frame: AtomicU64,
    event: AtomicU64,
}

impl Activity {
    pub(crate) fn new(base: Instant) -> Self {
        Self { base, frame: AtomicU64::new(0), event: AtomicU64::new(0) }
    }

    pub(crate) fn frame_at(&self, now: Instant) {
        self.frame.store(self.stamp(now), Relaxed);
    }

    pub(crate) fn event_at(&self, now: Instant) {
        self.event.store(self.stamp(now), Relaxed);
    }

    fn stamp(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.base).as_micros();
        u64::try_from(since).map_or(u64::MAX, |since| since.saturating_add(1))
    }

    fn at(&self, stamp: &AtomicU64) -> Option<Instant> {
        let stamp = stamp.load(Relaxed).checked_sub(1)?;
        Some(self.base + Duration::from_micros(stamp))
    }
}
