//! The answers of a connection that are not written yet.

use std::collections::VecDeque;
use std::sync::Arc;

use super::outbox::{Outbox, Outgoing};
use super::shared::Shared;

/// The answers that the peer may not have got. Dropping it hands them to other connections, however the driver ends.
pub(super) struct Unsent {
    /// Taken from the outbox, not yet given to the link.
    pub(super) waiting: VecDeque<Outgoing>,
    /// Given to the link, not yet flushed.
    pub(super) unflushed: Vec<Outgoing>,
    outbox: Arc<Outbox>,
    shared: Arc<Shared>,
}

impl Unsent {
    pub(super) fn new(outbox: &Arc<Outbox>, shared: &Arc<Shared>) -> Self {
        Self {
            waiting: VecDeque::new(),
            unflushed: Vec::new(),
            outbox: Arc::clone(outbox),
            shared: Arc::clone(shared),
        }
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        let mut unsent = std::mem::take(&mut self.unflushed);
        unsent.extend(self.waiting.drain(..));
        self.shared.router.closed(&self.outbox, unsent);
    }
}
