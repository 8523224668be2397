//! Another task for a connection whose own is blocked.

use std::fmt;
use std::sync::Arc;

/// A connection that another task can go on with.
pub(crate) trait TakeOver: Send + Sync {
    /// Starts another task in place of the one with this number, unless that was done before.
    fn take_over(self: Arc<Self>, number: u64);
}

/// Lets a connection go on while [`Inbox::deliver_here`](crate::Inbox::deliver_here) blocks its task. Cheap to clone.
#[derive(Clone)]
pub struct Takeover {
    connection: Arc<dyn TakeOver>,
    number: u64,
}

impl Takeover {
    /// `number` is that of the connection's task.
    pub(crate) fn new(connection: Arc<dyn TakeOver>, number: u64) -> Self {
        Self { connection, number }
    }

    /// Starts another task for the connection, from any thread. The blocked one ends when it returns. A second call does
    /// nothing.
    pub fn start(&self) {
        Arc::clone(&self.connection).take_over(self.number);
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Takeover").field("number", &self.number).finish_non_exhaustive()
    }
}
