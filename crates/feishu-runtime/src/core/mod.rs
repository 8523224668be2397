//! State shared by all deliveries of one client.

mod begin;
mod cards;
mod clock;
mod ending;
mod odd;
mod rules;
mod stale;
mod unhandled;

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use feishu_callbacks::Header;
use feishu_transport::{Answer, Received, Shutdown};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

#[cfg(feature = "openapi")]
pub(crate) use cards::click_message;
pub(crate) use cards::{Cards, ClickPlace};
pub(crate) use ending::Ending;
pub(crate) use rules::{RouteRules, Rules, WallClock};

use crate::admission::Admission;
use crate::dedup::Memory;
use crate::observe::{AnswerInfo, DeliveryInfo, Observed};
use crate::panics::poll_caught;
use crate::stall::StallGuard;
use crate::stats::{Incident, Ledger, Outcome, Stats};

use begin::Pace;
use clock::Clock;
use odd::OddMembers;
use stale::StaleRate;
use unhandled::Unhandled;

/// State shared by all deliveries of a client. It lives as long as the client, across connections.
pub(crate) struct Core {
    /// The app id, if the client belongs to one app.
    pub(crate) app_id: Option<Arc<str>>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) stats: Ledger,
    pub(crate) admission: Arc<Admission>,
    /// The table of repeats; `None` if deduplication is off.
    pub(crate) memory: Option<Arc<Memory>>,
    pub(crate) unhandled: Unhandled,
    /// The calls of the app, where the client has credentials.
    #[cfg(feature = "openapi")]
    pub(crate) api: OnceLock<crate::OpenApi>,
    /// The streams whose cards may be clicked on; there once the first one is sent.
    #[cfg(feature = "openapi")]
    pub(crate) streams: OnceLock<Arc<crate::card_stream::Holds>>,
    /// Where streams keep their records, if the client has an inbox.
    #[cfg(feature = "openapi")]
    pub(crate) records: OnceLock<std::sync::Weak<dyn crate::card_stream::Records>>,
    pub(crate) odd: OddMembers,
    pub(crate) cards: Arc<Cards>,
    pace: Pace,
    pub(crate) clock: Clock,
    pub(crate) stale: StaleRate,
    tasks: TaskTracker,
    stopping: CancellationToken,
    /// There once the client was asked to stop.
    ending: OnceLock<Ending>,
    killed: CancellationToken,
    /// The same, as it is asked for each call: the token has a lock.
    is_killed: AtomicBool,
    blocking: Arc<Semaphore>,
    pub(crate) stall_guard: StallGuard,
}

impl Core {
    pub(crate) fn new(rules: Arc<Rules>, app_id: Option<Arc<str>>) -> Arc<Self> {
        Arc::new(Self {
            app_id,
            stats: Ledger::new(rules.routes.len()),
            admission: Admission::new(rules.limits, rules.routes.iter().map(RouteRules::limit)),
            memory: rules.dedup.on.then(|| Memory::new(rules.dedup.bounds)),
            unhandled: Unhandled::default(),
            #[cfg(feature = "openapi")]
            api: OnceLock::new(),
            #[cfg(feature = "openapi")]
            streams: OnceLock::new(),
            #[cfg(feature = "openapi")]
            records: OnceLock::new(),
            odd: OddMembers::default(),
            cards: Arc::default(),
            pace: Pace::new(rules.routes.len()),
            clock: Clock::new(Arc::clone(&rules.wall_clock)),
            stale: StaleRate::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            ending: OnceLock::new(),
            killed: CancellationToken::new(),
            is_killed: AtomicBool::new(false),
            blocking: Arc::new(Semaphore::new(rules.limits.blocking.min(Semaphore::MAX_PERMITS))),
            stall_guard: StallGuard::default(),
            rules,
        })
    }

    /// Starts a task that ends with the client. A panic in it is caught and logged.
    pub(crate) fn spawn(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) {
        let core = Arc::clone(self);
        let task = async move {
            let mut future = Box::pin(future);
            let ended = std::future::poll_fn(|cx| poll_caught(future.as_mut(), cx));
            tokio::select! {
                biased;
                () = core.killed.cancelled() => {}
                ended = ended => if let Err(panic) = ended {
                    core.incident(Incident::AfterReplyPanicked);
                    tracing::error!(%panic, "a future given to `after_reply` panicked");
                },
            }
        };
        self.tasks.spawn(task.in_current_span());
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Cancelled when a stop is requested.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// The client was asked to stop.
    pub(crate) fn begin_stop(&self, stop: Shutdown) {
        self.ending.get_or_init(|| Ending::new(stop));
        self.stopping.cancel();
    }

    /// What a stop means for deliveries; `None` while none was asked for.
    pub(crate) fn ending(&self) -> Option<&Ending> {
        self.ending.get()
    }

    /// Ends all tasks.
    pub(crate) fn kill(&self) {
        self.is_killed.store(true, Release);
        self.killed.cancel();
    }

    /// Cancelled when all tasks must end.
    pub(crate) fn killed(&self) -> &CancellationToken {
        &self.killed
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.is_killed.load(Acquire)
    }

    pub(crate) fn blocking(&self) -> &Arc<Semaphore> {
        &self.blocking
    }

    /// Records the outcome of a delivery: counts it, logs it and notifies the observers.
    pub(crate) fn count(
        &self,
        received: &Arc<Received>,
        header: Option<&Arc<Header>>,
        route: Option<usize>,
        outcome: Outcome,
        answer: &Answer,
        took: Duration,
    ) {
        self.stats.settled(outcome, route.map(|route| (route, took)));
        let handler = route.map(|route| &self.rules.route(route).name);
        crate::meter::settled(|| self.app_label(header), outcome, handler, took);
        tracing::debug!(
            event_type = header.map(|header| header.event_type.as_str()),
            handler = handler.map(AsRef::as_ref),
            trace_id = received.trace_id(),
            outcome = outcome.as_str(),
            code = answer.code(),
            ?took,
            "answered",
        );
        self.observe(|| {
            Observed::Answered(AnswerInfo {
                delivery: self.describe(received, header, route),
                outcome,
                answer: answer.clone(),
                took,
            })
        });
    }

    /// Notifies the observers, and counts missed calls.
    pub(crate) fn observe(&self, observed: impl FnOnce() -> Observed) {
        for _ in 0..self.rules.observers.notify(observed) {
            self.incident(Incident::ObserverMissed);
        }
    }

    pub(crate) fn describe(
        &self,
        received: &Arc<Received>,
        header: Option<&Arc<Header>>,
        route: Option<usize>,
    ) -> DeliveryInfo {
        DeliveryInfo {
            header: header.cloned(),
            received: Arc::clone(received),
            handler: route.map(|route| Arc::clone(&self.rules.route(route).name)),
        }
    }

    /// Counts an incident.
    pub(crate) fn incident(&self, incident: Incident) {
        self.stats.incident(incident);
        crate::meter::incident(self.app_id.as_ref(), incident);
    }

    /// The app id for a metric's label: the client's, else that of the payload.
    pub(crate) fn app_label(&self, header: Option<&Arc<Header>>) -> Arc<str> {
        let named = || header.and_then(|header| header.app_id.as_ref()).map_or("", |id| id.as_str()).into();
        self.app_id.clone().unwrap_or_else(named)
    }

    pub(crate) fn read_stats(&self) -> Stats {
        let load = self.admission.read();
        let (remembered, remembered_bytes) = self.memory.as_ref().map_or((0, 0), |memory| memory.size());
        let describe = |route| {
            let route = self.rules.route(route);
            (route.name.as_ref().to_owned(), route.event_type.clone().into_owned())
        };
        #[cfg(not(feature = "openapi"))]
        let calls = Stats::default();
        #[cfg(feature = "openapi")]
        let calls = self.api.get().map(crate::OpenApi::read_counts).unwrap_or_default();
        Stats {
            streamed: calls.streamed,
            streaming: calls.streaming,
            sent: calls.sent,
            rates: calls.rates,
            running: load.running,
            queued: load.queued,
            held_bytes: load.held_bytes,
            remembered,
            remembered_bytes,
            unhandled: self.unhandled.read(),
            odd_members: self.odd.read(),
            ..self.stats.read(describe)
        }
    }
}
