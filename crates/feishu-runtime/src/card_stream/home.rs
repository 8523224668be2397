//! The client in which a stream runs.

use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Holds, Records};

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a stream needs of its client.
pub(crate) struct Home {
    /// Runs the task of the stream, which the client waits for.
    pub(crate) spawn: Box<dyn FnOnce(Boxed) + Send>,
    /// Resolves when a stream must be interrupted so that its card can be closed before the client ends: with when that is.
    pub(crate) closing: Pin<Box<dyn Future<Output = Instant> + Send>>,
    pub(crate) holds: Arc<Holds>,
    /// The inbox, if there is one.
    pub(crate) records: Option<Arc<dyn Records>>,
    /// Whether the handler runs again from the inbox if the process dies.
    pub(crate) runs_again: bool,
}
