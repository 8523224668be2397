//! What a dispatcher knows once it is built: routes and rules. Shared by all clients that use it.

use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use feishu_callbacks::Header;

use crate::admission::RouteLimit;
use crate::handler::{Invoke, Late, Layer, OnError};
use crate::observe::Observers;
use crate::{Dedup, Limits};

/// Routes and rules.
pub(crate) struct Plan {
    pub(crate) routes: Vec<PlannedRoute>,
    pub(crate) by_type: HashMap<Cow<'static, str>, usize>,
    pub(crate) fallback: Option<usize>,
    /// Events older than this go to that route.
    pub(crate) stale: Option<(Duration, usize)>,
    pub(crate) limits: Limits,
    pub(crate) dedup: Dedup,
    pub(crate) stall_after: Duration,
    pub(crate) strict_replies: bool,
    pub(crate) states: Vec<Arc<dyn Any + Send + Sync>>,
    pub(crate) wall_clock: WallClock,
    pub(crate) observers: Observers,
}

pub(crate) type WallClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// One handler and what was chosen for it.
pub(crate) struct PlannedRoute {
    /// Empty for a fallback and for stale events.
    pub(crate) event_type: Cow<'static, str>,
    pub(crate) name: Arc<str>,
    pub(crate) deadline: Duration,
    pub(crate) late: Late,
    pub(crate) on_error: Option<OnError>,
    /// From the outermost to the innermost; those of the dispatcher first.
    pub(crate) layers: Arc<[Layer]>,
    pub(crate) cancel_when_late: bool,
    pub(crate) acknowledge_first: bool,
    pub(crate) concurrency: Option<usize>,
    pub(crate) invoke: Arc<dyn Invoke>,
    pub(crate) at: &'static Location<'static>,
}

/// Where a delivery goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) route: usize,
    pub(crate) stale: bool,
}

impl Plan {
    /// The handler for a delivery; `None` when there is none.
    pub(crate) fn choose(&self, header: &Header) -> Option<Chosen> {
        let found = self.by_type.get(header.event_type.as_str()).copied().or(self.fallback)?;
        if let Some((max_age, route)) = self.stale {
            let callback = self.route(found).invoke.is_callback(header);
            if !callback && header.age((self.wall_clock)()).is_some_and(|age| age > max_age) {
                return Some(Chosen { route, stale: true });
            }
        }
        Some(Chosen { route: found, stale: false })
    }

    #[expect(clippy::indexing_slicing, reason = "an index of a route is made by this plan and never changes")]
    pub(crate) fn route(&self, index: usize) -> &PlannedRoute {
        &self.routes[index]
    }
}

impl PlannedRoute {
    pub(crate) fn limit(&self) -> RouteLimit {
        RouteLimit { running: self.concurrency, keeps: self.acknowledge_first || self.invoke.is_ordered() }
    }
}
