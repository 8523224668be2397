//! Stores events in the order of their arrival, what comes together in one call, and acknowledges them.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use feishu_transport::Answer;
use tokio::time::{Instant, timeout};

use super::Keeper;
use crate::admission::Permit;
use crate::call::Call;
use crate::dispatch::identity::Identity;
use crate::dispatch::settle::Ended;
use crate::stats::Outcome;
use crate::{InboxError, InboxEvent, Stored};

/// Events in one call of the engine, and about how many bytes of payload.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 << 20;
/// What an event must have left of its time to be stored.
const LEAST: Duration = Duration::from_millis(20);

/// The events that are not stored yet.
#[derive(Default)]
pub(super) struct Arrivals {
    waiting: VecDeque<Arrival>,
    /// Whether a task is storing them.
    storing: bool,
}

/// An event that waits to be stored, abandoned if it is dropped.
struct Arrival {
    call: Arc<Call>,
    _permit: Permit,
    /// Whether it has another way.
    passed_on: bool,
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if !self.passed_on {
            self.call.abandon();
        }
    }
}

impl Keeper {
    /// Takes an event, in the order of the calls.
    pub(in crate::dispatch) fn take(self: &Arc<Self>, call: &Arc<Call>) {
        let Some(permit) = self.core.admission.enter_later(call.route, call.received.payload().len()) else {
            return refuse(
                call,
                Outcome::Shed,
                "too many events wait to be stored in the inbox; see `Limits`",
            );
        };
        let mut arrivals = self.arrivals();
        arrivals.waiting.push_back(Arrival { call: Arc::clone(call), _permit: permit, passed_on: false });
        let is_first = !std::mem::replace(&mut arrivals.storing, true);
        drop(arrivals);
        if is_first {
            self.core.tasks().spawn(Arc::clone(self).store_all());
        }
    }

    async fn store_all(self: Arc<Self>) {
        let mut storing = Storing { keeper: self, is_done: false };
        let keeper = Arc::clone(&storing.keeper);
        loop {
            let batch = keeper.next();
            if batch.is_empty() {
                storing.is_done = true;
                return;
            }
            tokio::select! {
                biased;
                () = keeper.core.killed().cancelled() => return,
                () = keeper.store(batch) => {}
            }
        }
    }

    /// The next events to store. If there are none, the next arrival starts a task again.
    fn next(&self) -> Vec<Arrival> {
        let mut arrivals = self.arrivals();
        let mut bytes = 0;
        let mut batch = Vec::new();
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Some(arrival) = arrivals.waiting.pop_front() else { break };
            bytes += arrival.call.received.payload().len();
            batch.push(arrival);
        }
        arrivals.storing = !batch.is_empty();
        batch
    }

    /// Stores events, and answers each.
    async fn store(&self, mut batch: Vec<Arrival>) {
        let now = Instant::now();
        batch.retain_mut(|arrival| {
            let in_time = now + LEAST <= arrival.call.deadline;
            if !in_time {
                self.away(arrival, "there was no time left to store it");
            }
            in_time
        });
        let Some(deadline) = batch.iter().map(|arrival| arrival.call.deadline).min() else { return };
        let wait = self.inbox.timeout.min(deadline - now);
        let events: Vec<_> = batch.iter().map(|arrival| self.event(&arrival.call)).collect();
        let put = self.inbox.engine.put(&self.queue, &events, self.inbox.backlog);
        let stored = match timeout(wait, put).await {
            Ok(Ok(stored)) if stored.len() == batch.len() => Ok(stored),
            Ok(Ok(_)) => Err(InboxError::from("it returned another number of results than events")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(format!("no answer within {wait:?}").into()),
        };
        match stored {
            Ok(stored) => {
                for (arrival, stored) in batch.iter().zip(stored) {
                    acknowledge(&arrival.call, stored);
                }
                self.wake.notify_one();
            }
            Err(error) => {
                let then = if self.inbox.handle_when_away {
                    "events are handled without it"
                } else {
                    "events are refused, and come again"
                };
                self.failed("put", &error, then);
                for arrival in &mut batch {
                    self.away(arrival, "the engine of the inbox failed");
                }
            }
        }
    }

    /// Handles an event without the inbox, or refuses it.
    fn away(&self, arrival: &mut Arrival, why: &'static str) {
        if self.inbox.handle_when_away {
            arrival.passed_on = true;
            self.entry.take(&arrival.call, None);
        } else {
            refuse(&arrival.call, Outcome::Unstored, why);
        }
    }

    fn event(&self, call: &Call) -> InboxEvent {
        let own = || format!("{:032x}", fastrand::u128(..));
        let id = match Identity::of(call) {
            Some(identity) if self.core.rules.dedup.on => identity.to_string(),
            // Every delivery is handled.
            Some(identity) => format!("{identity}:{}", own()),
            None => own(),
        };
        let headers = call.received.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        InboxEvent::new(id, call.received.payload().clone()).lane(lane(call)).headers(headers)
    }

    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lane of an event: its key, for its handler.
fn lane(call: &Call) -> Option<u64> {
    let route = call.route();
    let key = route.is_ordered.then(|| call.handler.order_key(call))??;
    let mut hasher = DefaultHasher::new();
    let handler = if route.event_type.is_empty() { &*route.name } else { &*route.event_type };
    (handler, key).hash(&mut hasher);
    Some(hasher.finish())
}

fn acknowledge(call: &Arc<Call>, stored: Stored) {
    match stored {
        Stored::New => drop(call.answer(&Answer::empty(), Outcome::Stored)),
        Stored::Known => call.settle(Ended::Duplicate(Answer::empty()), None),
        Stored::Full => {
            refuse(
                call,
                Outcome::Shed,
                "the backlog of the inbox is at its bound; see `EventInbox::backlog`",
            );
        }
    }
}

/// Answers with code 500, whatever `on_error` says, because an event that is acknowledged does not come again.
fn refuse(call: &Arc<Call>, outcome: Outcome, why: &'static str) {
    call.answer(&Answer::failed(), outcome);
    tracing::warn!(
        handler = %call.route().name,
        event_type = %call.header.event_type,
        trace_id = call.received.trace_id(),
        outcome = outcome.as_str(),
        "event refused: {why}; the platform sends it again",
    );
}

/// The task that stores. If it is dropped, what waits is abandoned, and the next arrival starts another.
struct Storing {
    keeper: Arc<Keeper>,
    is_done: bool,
}

impl Drop for Storing {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let mut arrivals = self.keeper.arrivals();
        arrivals.storing = false;
        let left = std::mem::take(&mut arrivals.waiting);
        drop(arrivals);
        drop(left);
    }
}
