//! From a delivery to its handler: the dispatcher, its routes, and the way of one call.

mod build;
mod builder;
mod intake;
mod order;
mod plan;
mod run;
mod settle;
mod shared_claim;
mod unhandled;

use std::fmt;
use std::sync::Arc;

pub use builder::DispatcherBuilder;

pub(crate) use intake::Intake;

use plan::Plan;

/// Handlers by type, and the rules they run under. Cheap to clone; several clients may share one, each with its own
/// limits, counts and memory.
#[derive(Clone)]
pub struct Dispatcher {
    plan: Arc<Plan>,
}

impl Dispatcher {
    /// A dispatcher without handlers, to add to.
    pub fn builder() -> DispatcherBuilder {
        DispatcherBuilder::new()
    }

    /// The types that have a handler.
    pub fn event_types(&self) -> impl Iterator<Item = &str> {
        self.plan.by_type.keys().map(AsRef::as_ref)
    }

    /// The inbox of one client.
    pub(crate) fn intake(&self, app_id: Option<Arc<str>>) -> Intake {
        Intake::new(&self.plan, app_id)
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut types: Vec<_> = self.event_types().collect();
        types.sort_unstable();
        f.debug_struct("Dispatcher").field("event_types", &types).finish_non_exhaustive()
    }
}
