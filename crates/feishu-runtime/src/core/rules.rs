//! The configuration of a dispatcher, without its handlers.

use std::any::Any;
use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::admission::RouteLimit;
use crate::observe::Observers;
use crate::{Dedup, Limits};

/// The configuration of a dispatcher, shared by all clients that use it.
pub(crate) struct Rules {
    /// The configuration of each handler, in the order of registration.
    pub(crate) routes: Vec<RouteRules>,
    pub(crate) limits: Limits,
    pub(crate) dedup: Dedup,
    pub(crate) stall_after: Duration,
    pub(crate) strict_replies: bool,
    pub(crate) states: Vec<Arc<dyn Any + Send + Sync>>,
    pub(crate) wall_clock: WallClock,
    pub(crate) observers: Observers,
}

pub(crate) type WallClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The configuration of one handler.
#[expect(clippy::struct_excessive_bools, reason = "choices that do not depend on each other")]
pub(crate) struct RouteRules {
    /// The event type; empty for the fallback and for stale events.
    pub(crate) event_type: Cow<'static, str>,
    pub(crate) name: Arc<str>,
    pub(crate) deadline: Duration,
    pub(crate) cancel_when_late: bool,
    pub(crate) acknowledge_first: bool,
    /// Whether deliveries are handled in the order of their arrival.
    pub(crate) is_ordered: bool,
    /// Whether late results are taken, which must know of newer cards.
    pub(crate) takes_late_results: bool,
    pub(crate) concurrency: Option<usize>,
    /// The source location of the registration.
    pub(crate) at: &'static Location<'static>,
}

impl Rules {
    #[expect(
        clippy::indexing_slicing,
        reason = "an index of a route is made by the builder and never changes"
    )]
    pub(crate) fn route(&self, index: usize) -> &RouteRules {
        &self.routes[index]
    }
}

impl RouteRules {
    pub(crate) fn limit(&self) -> RouteLimit {
        RouteLimit { running: self.concurrency, keeps: self.acknowledge_first || self.is_ordered }
    }
}
