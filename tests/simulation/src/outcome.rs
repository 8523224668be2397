//! The result of a seed.

use std::fmt;
use std::time::Duration;

/// What happened in one run, or in several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Runs.
    pub seeds: u64,
    /// Virtual time that passed.
    pub time: Duration,
    /// Attempts to connect.
    pub attempts: u64,
    /// Connections made.
    pub connections: u64,
    /// Messages that were handled.
    pub handled: u64,
    /// Answers that the platform received.
    pub answered: u64,
    /// Answers that were lost, and counted as such.
    pub lost: u64,
    /// Answers that arrived twice, as it was not known that the first had been written.
    pub ambiguous: u64,
    /// Everything that happened, if that was asked for.
    pub trace: Vec<String>,
}

impl Summary {
    /// Adds another run; its trace is not kept.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.time += other.time;
        self.attempts += other.attempts;
        self.connections += other.connections;
        self.handled += other.handled;
        self.answered += other.answered;
        self.lost += other.lost;
        self.ambiguous += other.ambiguous;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.time.as_secs_f64() / 86_400.0;
        write!(
            f,
            "{} seeds, {days:.1} days of virtual time: {} attempts, {} connections, {} messages handled, {} answers \
             received, {} lost, {} twice",
            self.seeds,
            self.attempts,
            self.connections,
            self.handled,
            self.answered,
            self.lost,
            self.ambiguous
        )
    }
}

/// Something that must always hold did not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The seed that shows it.
    pub seed: u64,
    /// When, from the start of the run.
    pub at: Duration,
    /// What did not hold.
    pub what: String,
    /// Everything that happened before, if that was asked for.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {} after {:?}: {}", self.seed, self.at, self.what)
    }
}

impl std::error::Error for Failure {}
