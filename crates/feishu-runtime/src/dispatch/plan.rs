//! The plan of a dispatcher: chooses the handler of a delivery.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use feishu_callbacks::{DecodeError, Header};
use feishu_transport::Answer;

use crate::call::{Call, Perform, Prepared};
use crate::core::Rules;
use crate::handler::{Invoke, Late, Layer, OnError, wrap};
use crate::panics::caught;
use crate::{Context, Failure};

/// The handlers of a dispatcher with their configuration, shared by all clients that use it.
pub(crate) struct Plan {
    pub(crate) rules: Arc<Rules>,
    /// The handlers, in the order of the routes in the rules.
    pub(crate) handlers: Vec<Arc<PlannedHandler>>,
    pub(crate) by_type: HashMap<Cow<'static, str>, usize>,
    pub(crate) fallback: Option<usize>,
    /// The age limit of events, and the route of older ones.
    pub(crate) stale: Option<(Duration, usize)>,
}

/// A handler with its layers and replies.
pub(crate) struct PlannedHandler {
    pub(crate) late: Late,
    pub(crate) stopping: Answer,
    pub(crate) on_error: Option<OnError>,
    /// The layers from the outermost to the innermost; those of the dispatcher first.
    pub(crate) layers: Arc<[Layer]>,
    pub(crate) invoke: Arc<dyn Invoke>,
}

/// The handler chosen for a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) route: usize,
    pub(crate) stale: bool,
}

impl Plan {
    /// The handler for a delivery, if any; `now` is the platform's time.
    pub(crate) fn choose(&self, header: &Header, now: impl FnOnce() -> SystemTime) -> Option<Chosen> {
        let found = self.by_type.get(header.event_type.as_str()).copied().or(self.fallback)?;
        if let Some((max_age, route)) = self.stale {
            let callback = self.handler(found).1.is_callback(header);
            if !callback && header.age(now()).is_some_and(|age| age > max_age) {
                return Some(Chosen { route, stale: true });
            }
        }
        Some(Chosen { route: found, stale: false })
    }

    /// The handler of a route, with the route's index.
    #[expect(
        clippy::indexing_slicing,
        reason = "an index of a route is made by the builder and never changes"
    )]
    pub(crate) fn handler(&self, route: usize) -> (usize, Arc<dyn Perform>) {
        (route, Arc::<PlannedHandler>::clone(&self.handlers[route]))
    }
}

impl Perform for PlannedHandler {
    fn prepare(&self, call: &Arc<Call>) -> Result<Prepared, DecodeError> {
        let Prepared { key, once, future } = Arc::clone(&self.invoke).prepare(call)?;
        if self.layers.is_empty() {
            return Ok(Prepared { key, once, future });
        }
        let future = Box::pin(wrap(Arc::clone(&self.layers), Context::new(Arc::clone(call)), future));
        Ok(Prepared { key, once, future })
    }

    fn is_callback(&self, header: &Header) -> bool {
        self.invoke.is_callback(header)
    }

    fn late_answer(&self, call: &Arc<Call>) -> Answer {
        match &self.late {
            Late::ByType if call.is_callback() => Answer::failed(),
            Late::ByType => Answer::empty(),
            Late::Answer(answer) => answer.clone(),
            Late::With(make) => caught(|| make(&Context::new(Arc::clone(call)))).unwrap_or_else(|panic| {
                tracing::error!(handler = %call.route().name, %panic, "the closure of `on_late_with` panicked");
                Answer::failed()
            }),
        }
    }

    fn dedup_key(&self, call: &Call) -> Option<String> {
        caught(|| self.invoke.dedup_key(call)).unwrap_or_else(|panic| {
            tracing::error!(handler = %call.route().name, %panic, "the closure of `dedup_by` panicked");
            None
        })
    }

    fn order_key(&self, call: &Call) -> Option<u64> {
        caught(|| self.invoke.order_key(call)).unwrap_or_else(|panic| {
            tracing::error!(handler = %call.route().name, %panic, "the closure of `in_order_by` panicked");
            None
        })
    }

    fn stopping_answer(&self) -> Answer {
        self.stopping.clone()
    }

    fn error_answer(&self, call: &Arc<Call>, failure: &Failure) -> Option<Answer> {
        let on_error = self.on_error.as_ref()?;
        caught(|| on_error(failure, &Context::new(Arc::clone(call)))).unwrap_or_else(|panic| {
            tracing::error!(handler = %call.route().name, %panic, "the closure of `on_error` panicked");
            None
        })
    }
}
