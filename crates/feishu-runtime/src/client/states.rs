//! The observer of the connection's states.

use feishu_transport::{Notifier, State, States};
use tokio_util::task::AbortOnDropHandle;

use crate::Error;

/// Maximum number of states queued for a slow observer. Further ones are skipped.
const BACKLOG: usize = 64;

/// The callback for states.
pub(super) type OnState = Box<dyn FnMut(&State) + Send>;

/// An observer of a connection's states, with their source.
pub(super) struct StateObserver {
    states: States,
    notifier: Notifier<State>,
}

impl StateObserver {
    /// Starts the thread. It ends with the client, after the queued states.
    pub(super) fn start(states: States, mut observer: OnState) -> Result<Self, Error> {
        let notifier = Notifier::start("feishu-states", BACKLOG, move |state| observer(&state));
        let notifier = notifier.map_err(|error| {
            Error::misuse(format!("cannot start the thread of the state observer: {error}"))
        })?;
        Ok(Self { states, notifier })
    }

    /// Passes states on until the returned guard is dropped.
    pub(super) fn run(self) -> AbortOnDropHandle<()> {
        let Self { mut states, notifier } = self;
        AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(state) = states.next().await {
                // A skipped state is followed by a newer one.
                let _ = notifier.notify(state);
            }
        }))
    }
}
