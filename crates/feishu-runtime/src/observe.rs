//! Observers of a dispatcher: what they are called with, and on which thread.

use std::sync::Arc;
use std::time::Duration;

use feishu_callbacks::Header;
use feishu_transport::{Answer, Notifier, Received};

use crate::stats::Outcome;

/// Calls that wait for a slow observer. More than these are left out and counted.
const BACKLOG: usize = 1024;

/// Watches what a dispatcher does, without a part in it: for logs of your own, audits, dashboards.
///
/// It is called on a thread of its own, in order, and delays nothing. One that is too slow misses calls, which is counted
/// as [`observer_missed`](crate::IncidentCounts::observer_missed). Each method does nothing by default.
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
    /// A delivery was read and has a handler, which has not run yet.
    fn received(&mut self, delivery: &DeliveryInfo) {
        let _ = delivery;
    }

    /// A delivery has no handler.
    fn unhandled(&mut self, delivery: &DeliveryInfo) {
        let _ = delivery;
    }

    /// A delivery was answered, whatever the outcome.
    fn answered(&mut self, answer: &AnswerInfo) {
        let _ = answer;
    }
}

/// A delivery, for an [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeliveryInfo {
    /// What the payload says about itself; `None` when it says nothing readable.
    pub header: Option<Arc<Header>>,
    /// The payload and everything that came beside it.
    pub received: Arc<Received>,
    /// The name of the handler; `None` when there is none.
    pub handler: Option<Arc<str>>,
}

/// An answered delivery, for an [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnswerInfo {
    /// What was answered.
    pub delivery: DeliveryInfo,
    /// Its outcome.
    pub outcome: Outcome,
    /// The answer.
    pub answer: Answer,
    /// Time from the arrival to the answer.
    pub took: Duration,
}

/// One call of an observer.
pub(crate) enum Observed {
    Received(DeliveryInfo),
    Unhandled(DeliveryInfo),
    Answered(AnswerInfo),
}

/// The observers of a dispatcher, each behind a queue of its own.
#[derive(Debug, Default)]
pub(crate) struct Observers(Vec<Notifier<Arc<Observed>>>);

impl Observers {
    /// Starts the threads. They end with the dispatcher, after what was waiting.
    pub(crate) fn start(observers: Vec<Box<dyn Observer>>) -> std::io::Result<Self> {
        let start = |mut observer: Box<dyn Observer>| {
            Notifier::start("feishu-observer", BACKLOG, move |observed: Arc<Observed>| match &*observed {
                Observed::Received(delivery) => observer.received(delivery),
                Observed::Unhandled(delivery) => observer.unhandled(delivery),
                Observed::Answered(answer) => observer.answered(answer),
            })
        };
        observers.into_iter().map(start).collect::<Result<_, _>>().map(Self)
    }

    /// Queues a call for every observer; how many missed it. `observed` is made only if there is one.
    pub(crate) fn notify(&self, observed: impl FnOnce() -> Observed) -> usize {
        if self.0.is_empty() {
            return 0;
        }
        let observed = Arc::new(observed());
        self.0.iter().filter(|observer| !observer.notify(Arc::clone(&observed))).count()
    }
}
