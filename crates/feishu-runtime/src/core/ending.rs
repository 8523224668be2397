//! A stop that was asked for, and which deliveries are still handled.

use std::time::Duration;

use feishu_transport::Shutdown;
use tokio::time::Instant;

/// A stop that is under way.
pub(crate) struct Ending {
    since: Instant,
    stop: Shutdown,
}

impl Ending {
    pub(crate) fn new(stop: Shutdown) -> Self {
        Self { since: Instant::now(), stop }
    }

    /// When the grace is over.
    #[cfg(feature = "openapi")]
    pub(crate) fn over(&self) -> Option<Instant> {
        self.stop.deadline()
    }

    /// Whether the handler of a callback that comes now is still run. It is not when it might be cut off by the end of the
    /// grace: then the last callbacks are answered at once, and the connection comes to rest. A grace that is shorter than
    /// a deadline is used to its end.
    pub(crate) fn serves(&self, deadline: Duration) -> bool {
        let now = Instant::now();
        let over = self.stop.deadline().unwrap_or(now);
        now + deadline <= over || now < self.since + deadline
    }
}
