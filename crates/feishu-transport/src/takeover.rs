//! Another task for a connection whose own is blocked.

use std::fmt;
use std::sync::Arc;

/// Lets a connection go on while [`Inbox::deliver_here`](crate::Inbox::deliver_here) blocks its task. Cheap to clone.
#[derive(Clone)]
pub struct Takeover {
    start: Arc<dyn Fn() + Send + Sync>,
}

impl Takeover {
    pub(crate) fn new(start: impl Fn() + Send + Sync + 'static) -> Self {
        Self { start: Arc::new(start) }
    }

    /// Starts another task for the connection, from any thread. The blocked one ends when it returns. A second call does
    /// nothing, nor does one after the connection has ended.
    pub fn start(&self) {
        (self.start)();
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Takeover").finish_non_exhaustive()
    }
}
