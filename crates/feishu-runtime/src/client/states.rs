//! Calling an observer with the states of the connection.

use feishu_transport::{Notifier, State, States};
use tokio_util::task::AbortOnDropHandle;

use crate::Error;

/// States that wait for a slow observer; of more than these, the newest are left out.
const BACKLOG: usize = 64;

/// Called with each state.
pub(super) type OnState = Box<dyn FnMut(&State) + Send>;

/// An observer of a connection's states, and where they come from.
pub(super) struct StateObserver {
    states: States,
    notifier: Notifier<State>,
}

impl StateObserver {
    /// Starts the thread. It ends with the client, after what was waiting.
    pub(super) fn start(states: States, mut observer: OnState) -> Result<Self, Error> {
        let notifier = Notifier::start("feishu-states", BACKLOG, move |state| observer(&state));
        let notifier = notifier
            .map_err(|error| Error::misuse(format!("no thread for the observer of the state: {error}")))?;
        Ok(Self { states, notifier })
    }

    /// Passes states on until what is returned is dropped.
    pub(super) fn run(self) -> AbortOnDropHandle<()> {
        let Self { mut states, notifier } = self;
        AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(state) = states.next().await {
                // A state that is left out is followed by a newer one.
                let _ = notifier.notify(state);
            }
        }))
    }
}
