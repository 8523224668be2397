//! The inbox at work: stores events before they are acknowledged, and runs their handlers from there.

mod attempt;
mod claims;
mod finish;
mod store;
#[cfg(feature = "openapi")]
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::entry::Entry;
use super::plan::Plan;
use crate::core::Core;
use crate::stats::Incident;
use crate::{EventInbox, InboxError};

use store::Arrivals;

/// The inbox of one client.
pub(super) struct Keeper {
    inbox: EventInbox,
    core: Arc<Core>,
    plan: Arc<Plan>,
    /// The way without the inbox, while its engine is away.
    entry: Arc<Entry>,
    /// The app id.
    queue: String,
    /// Identifies this client in its claims.
    owner: String,
    arrivals: Mutex<Arrivals>,
    /// The events that are being handled here.
    flights: Mutex<BTreeMap<String, Flight>>,
    /// The records of answers that are being streamed here.
    streams: Mutex<BTreeSet<String>>,
    /// Wakes the task that claims events.
    wake: Notify,
    started: OnceLock<Instant>,
    /// For one of the events at which the process has died again and again.
    alone: Semaphore,
}

/// The claim of an event that is being handled: until when it is valid; `None` once it is lost.
type Flight = watch::Sender<Option<Instant>>;

impl Keeper {
    pub(super) fn new(
        inbox: EventInbox,
        core: &Arc<Core>,
        plan: &Arc<Plan>,
        entry: &Arc<Entry>,
    ) -> Arc<Self> {
        let keeper = Arc::new(Self {
            inbox,
            core: Arc::clone(core),
            plan: Arc::clone(plan),
            entry: Arc::clone(entry),
            queue: core.app_id.as_deref().unwrap_or_default().to_owned(),
            owner: format!("{}-{:016x}", std::process::id(), fastrand::u64(..)),
            arrivals: Mutex::default(),
            flights: Mutex::default(),
            streams: Mutex::default(),
            wake: Notify::new(),
            started: OnceLock::new(),
            alone: Semaphore::new(1),
        });
        #[cfg(feature = "openapi")]
        {
            let records: std::sync::Weak<Self> = Arc::downgrade(&keeper);
            let _ = core.records.set(records);
        }
        keeper
    }

    /// Starts to handle what is in the inbox, until the client stops.
    pub(super) fn start(self: &Arc<Self>) {
        self.started.get_or_init(Instant::now);
        self.core.tasks().spawn(Arc::clone(self).claim_all());
    }

    fn flights(&self) -> MutexGuard<'_, BTreeMap<String, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bounds a call of the engine that no delivery waits for.
    async fn bounded<T>(&self, call: impl Future<Output = Result<T, InboxError>>) -> Result<T, InboxError> {
        let patience = self.inbox.patience();
        let called = timeout(patience, call).await;
        called.unwrap_or_else(|_| Err(format!("no answer within {patience:?}").into()))
    }

    /// Counts and logs a failed call of the engine.
    fn failed(&self, what: &str, error: &InboxError, then: &str) {
        self.core.incident(Incident::InboxErrors);
        tracing::warn!(what, %error, "the engine of the inbox failed; {then}");
    }
}

/// Resolves when a claim is lost, or its lease has ended.
async fn lost(valid: &mut watch::Receiver<Option<Instant>>) {
    loop {
        let Some(until) = *valid.borrow_and_update() else { return };
        tokio::select! {
            biased;
            () = sleep_until(until) => return,
            changed = valid.changed() => if changed.is_err() { return },
        }
    }
}
