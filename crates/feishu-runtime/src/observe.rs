//! Observers of a dispatcher, called on their own threads.

use std::sync::Arc;
use std::time::Duration;

use feishu_callbacks::Header;
use feishu_transport::{Answer, Notifier, Received};

use crate::stats::{AttemptEnd, Outcome};

/// Maximum number of calls queued for a slow observer. Further ones are dropped and counted.
const BACKLOG: usize = 1024;

/// Watches deliveries and answers, for your own logs, audits or dashboards. It cannot change them.
///
/// It is called in order on a separate thread and delays nothing. A slow observer misses calls, which are counted as
/// [`observer_missed`](crate::IncidentCounts::observer_missed). By default each method does nothing.
///
/// ```
/// use feishu_runtime::prelude::*;
/// use feishu_runtime::{AnswerInfo, Observer};
///
/// struct Audit;
///
/// impl Observer for Audit {
///     fn answered(&mut self, answer: &AnswerInfo) {
///         println!("{:?}: {:?} after {:?}", answer.delivery.handler, answer.outcome, answer.took);
///     }
/// }
///
/// let dispatcher = Dispatcher::builder().observe(Audit).build()?;
/// # Ok::<(), feishu_runtime::Error>(())
/// ```
pub trait Observer: Send + 'static {
    /// Called for a delivery with a handler, before the handler runs.
    fn received(&mut self, delivery: &DeliveryInfo) {
        let _ = delivery;
    }

    /// Called for a delivery without a handler.
    fn unhandled(&mut self, delivery: &DeliveryInfo) {
        let _ = delivery;
    }

    /// Called when a delivery was answered, whatever the outcome.
    fn answered(&mut self, answer: &AnswerInfo) {
        let _ = answer;
    }

    /// Called when an attempt to handle an event of the inbox has ended.
    fn attempted(&mut self, attempt: &AttemptInfo) {
        let _ = attempt;
    }
}

/// Information on a delivery, for an [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeliveryInfo {
    /// The header of the payload; `None` if it is unreadable.
    pub header: Option<Arc<Header>>,
    /// The received message: payload, headers and metadata.
    pub received: Arc<Received>,
    /// The name of the handler; `None` if there is none.
    pub handler: Option<Arc<str>>,
}

/// Information on an answered delivery, for an [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnswerInfo {
    /// The delivery.
    pub delivery: DeliveryInfo,
    /// The outcome of the delivery.
    pub outcome: Outcome,
    /// The answer.
    pub answer: Answer,
    /// Time from the arrival to the answer.
    pub took: Duration,
}

/// Information on an attempt to handle an event of the inbox, for an [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptInfo {
    /// The event.
    pub delivery: DeliveryInfo,
    /// The number of the attempt, counted from 1.
    pub attempt: u32,
    /// How it ended.
    pub end: AttemptEnd,
    /// Time from its start to its end.
    pub took: Duration,
}

/// One call of an observer.
pub(crate) enum Observed {
    Received(DeliveryInfo),
    Unhandled(DeliveryInfo),
    Answered(AnswerInfo),
    Attempted(AttemptInfo),
}

/// The observers of a dispatcher, each with its own queue.
#[derive(Debug, Default)]
pub(crate) struct Observers(Vec<Notifier<Arc<Observed>>>);

impl Observers {
    /// Starts the threads. They end with the dispatcher, after the queued calls.
    pub(crate) fn start(observers: Vec<Box<dyn Observer>>) -> std::io::Result<Self> {
        let start = |mut observer: Box<dyn Observer>| {
            Notifier::start("feishu-observer", BACKLOG, move |observed: Arc<Observed>| match &*observed {
                Observed::Received(delivery) => observer.received(delivery),
                Observed::Unhandled(delivery) => observer.unhandled(delivery),
                Observed::Answered(answer) => observer.answered(answer),
                Observed::Attempted(attempt) => observer.attempted(attempt),
            })
        };
        observers.into_iter().map(start).collect::<Result<_, _>>().map(Self)
    }

    /// Queues a call for every observer and returns how many missed it. `observed` is called only if there is an observer.
    pub(crate) fn notify(&self, observed: impl FnOnce() -> Observed) -> usize {
        if self.0.is_empty() {
            return 0;
        }
        let observed = Arc::new(observed());
        self.0.iter().filter(|observer| !observer.notify(Arc::clone(&observed))).count()
    }
}
