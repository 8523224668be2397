//! Whether a client can be relied on, for probes.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use feishu_transport::State;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// The state of a client at one moment, for liveness and readiness probes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// How far its life has come.
    pub phase: Phase,
    /// Whether its long connection is open and was heard of lately; `None` over another transport.
    pub connected: Option<bool>,
    /// What its long connection is doing; `None` over another transport.
    pub connection: Option<State>,
    /// Handlers that run.
    pub running: usize,
}

/// How far the life of a client has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// It was built and does not run yet.
    #[default]
    Built,
    /// It runs.
    Running,
    /// It was asked to stop; handlers come to their end.
    Stopping,
    /// It has ended.
    Ended,
}

/// As an object with `live`, `ready`, `phase`, `connected`, `connection` (one line of text) and `running`.
impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut health = serializer.serialize_struct("Health", 6)?;
        health.serialize_field("live", &self.is_live())?;
        health.serialize_field("ready", &self.is_ready())?;
        health.serialize_field("phase", self.phase.as_str())?;
        health.serialize_field("connected", &self.connected)?;
        health.serialize_field("connection", &self.connection.as_ref().map(ToString::to_string))?;
        health.serialize_field("running", &self.running)?;
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
    /// Whether the process may go on as it is: false once the client has ended. For a liveness probe; an outage of the
    /// platform is no reason to restart.
    pub fn is_live(&self) -> bool {
        self.phase != Phase::Ended
    }

    /// Whether callbacks are being received. For a readiness probe, and for a roll-out that waits for the new process
    /// before it stops the old one.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Running && self.connected != Some(false)
    }
}

/// One line for a log or a person.
impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.phase.as_str();
        let ready = if self.is_ready() { "ready" } else { "not ready" };
        write!(f, "{ready}: {phase}, {} handlers at work", self.running)?;
        self.connection.as_ref().map_or(Ok(()), |connection| write!(f, ", {connection}"))
    }
}

/// A [`Phase`] that is read without a lock.
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
