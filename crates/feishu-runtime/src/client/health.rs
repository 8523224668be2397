//! The health of a client, for liveness and readiness probes.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use feishu_transport::State;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// The state of a client at one moment, for liveness and readiness probes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The phase of its life.
    pub phase: Phase,
    /// Whether its long connection is open and has received something recently; `None` with another transport.
    pub connected: Option<bool>,
    /// The state of its long connection; `None` with another transport.
    pub connection: Option<State>,
    /// Number of running handlers.
    pub running: usize,
    /// By how many seconds the host's clock is ahead of the platform's, negative if it is behind; `None` while that is not
    /// known. Known from the `Date` of the platform's answers, else from callbacks, which arrive when they are created.
    pub clock_ahead: Option<i64>,
}

/// The phase of a client's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Built, not running yet.
    #[default]
    Built,
    /// Running.
    Running,
    /// Stopping: running handlers finish.
    Stopping,
    /// Ended.
    Ended,
}

/// Serialised as an object with `live`, `ready`, `phase`, `connected`, `connection` (one line of text) and `running`.
impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut health = serializer.serialize_struct("Health", 7)?;
        health.serialize_field("live", &self.is_live())?;
        health.serialize_field("ready", &self.is_ready())?;
        health.serialize_field("phase", self.phase.as_str())?;
        health.serialize_field("connected", &self.connected)?;
        health.serialize_field("connection", &self.connection.as_ref().map(ToString::to_string))?;
        health.serialize_field("running", &self.running)?;
        health.serialize_field("clock_ahead", &self.clock_ahead)?;
        health.end()
    }
}

impl Phase {
    /// The name of the phase in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Built => "built",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Ended => "ended",
        }
    }
}

impl Health {
    /// Whether the client has not ended, for a liveness probe. True during an outage of the platform, which a restart
    /// would not fix.
    pub fn is_live(&self) -> bool {
        self.phase != Phase::Ended
    }

    /// Whether callbacks are being received, for a readiness probe, and for a roll-out that waits for the new process
    /// before it stops the old one.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Running && self.connected != Some(false)
    }
}

/// One line for logs.
impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.phase.as_str();
        let ready = if self.is_ready() { "ready" } else { "not ready" };
        write!(f, "{ready}: {phase}, {} handlers running", self.running)?;
        self.connection.as_ref().map_or(Ok(()), |connection| write!(f, ", {connection}"))
    }
}

/// A [`Phase`] stored in an atomic.
#[derive(Debug, Default)]
pub(super) struct AtomicPhase(AtomicU8);

impl AtomicPhase {
    pub(super) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Relaxed);
    }

    pub(super) fn get(&self) -> Phase {
        match self.0.load(Relaxed) {
            0 => Phase::Built,
            1 => Phase::Running,
            2 => Phase::Stopping,
            _ => Phase::Ended,
        }
    }
}
