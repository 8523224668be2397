//! Telling the program what the connection does, on a thread that nobody waits for.

use std::sync::mpsc;

use feishu_transport::{State, StateWatch};
use tokio_util::task::AbortOnDropHandle;

use crate::Error;

/// States that wait for a slow hook; of more than these, the newest are left out.
const BACKLOG: usize = 64;

/// The states of a connection, as they change.
pub(super) type States = StateWatch;

/// Called with each state.
pub(super) type OnState = Box<dyn FnMut(&State) + Send>;

/// A hook for the states of a connection, and where they come from.
pub(super) struct StateHook {
    states: StateWatch,
    sender: mpsc::SyncSender<State>,
}

impl StateHook {
    /// Starts the thread. It ends with the client, after what was waiting.
    pub(super) fn start(states: StateWatch, mut hook: OnState) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::sync_channel(BACKLOG);
        let thread = std::thread::Builder::new().name("feishu-states".to_owned());
        let started = thread.spawn(move || {
            for state in receiver {
                if let Err(panic) = crate::panics::caught(|| hook(&state)) {
                    tracing::error!(%panic, "the state hook panicked");
                }
            }
        });
        started.map_err(|error| Error::misuse(format!("no thread for the state hook: {error}")))?;
        Ok(Self { states, sender })
    }

    /// Tells states until what is returned is dropped.
    pub(super) fn tell(self) -> AbortOnDropHandle<()> {
        let Self { mut states, sender } = self;
        AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(state) = states.changed().await {
                drop(sender.try_send(state));
            }
        }))
    }
}
