//! Whether a client can be relied on, for probes.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use feishu_transport::State;

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
        let phase = match self.phase {
            Phase::Built => "built",
            Phase::Running => "running",
            Phase::Stopping => "stopping",
            Phase::Ended => "ended",
        };
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
