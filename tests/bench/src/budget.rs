//! How long a whole run may take, and what it prints meanwhile.

use std::time::{Duration, Instant};

pub(crate) struct Budget {
    started: Instant,
    time: Duration,
}

impl Budget {
    pub(crate) fn start(time: Duration) -> Self {
        Self { started: Instant::now(), time }
    }

    /// No further round is begun once this is true.
    pub(crate) fn is_spent(&self) -> bool {
        self.started.elapsed() > self.time
    }

    /// Prints a line about progress, apart from the report.
    pub(crate) fn say(&self, line: &str) {
        eprintln!("{:>4} s  {line}", self.started.elapsed().as_secs());
    }
}
