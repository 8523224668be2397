//! The dispatcher: routes each delivery to its handler and answers it.

mod build;
mod builder;
mod entry;
mod identity;
mod intake;
mod keep;
mod order;
mod plan;
mod run;
mod settle;
mod shared_claim;
mod subscriptions;
mod unhandled;

use std::fmt;
use std::sync::Arc;

pub use builder::DispatcherBuilder;
pub use subscriptions::{Subscription, Subscriptions};

pub(crate) use intake::Intake;

use plan::Plan;

use crate::EventInbox;

/// Handlers by type, with their limits and deadlines. Cheap to clone; several clients may share one, each with its own
/// counters, queues and deduplication memory.
#[derive(Clone)]
pub struct Dispatcher {
    plan: Arc<Plan>,
}

impl Dispatcher {
    /// Starts building a dispatcher.
    pub fn builder() -> DispatcherBuilder {
        DispatcherBuilder::new()
    }

    /// The types with a handler.
    pub fn event_types(&self) -> impl Iterator<Item = &str> {
        self.plan.by_type.keys().map(AsRef::as_ref)
    }

    /// What the app must subscribe to in the developer console for these handlers, and the scopes that it needs. A client
    /// with a long connection logs it at its start, at the level debug.
    pub fn subscriptions(&self) -> Subscriptions {
        self.event_types().collect()
    }

    /// Creates the inbox of one client.
    pub(crate) fn intake(&self, app_id: Option<Arc<str>>, inbox: Option<EventInbox>) -> Intake {
        Intake::new(&self.plan, app_id, inbox)
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut types: Vec<_> = self.event_types().collect();
        types.sort_unstable();
        f.debug_struct("Dispatcher").field("event_types", &types).finish_non_exhaustive()
    }
}
