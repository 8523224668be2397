//! The platform's rate limits, held by the client: a call waits for its turn before it is made.

mod bucket;
mod lane;
mod queue;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use feishu_callbacks::openapi::ApiCode;
use tokio::time::{Instant, sleep_until};

use crate::RateCounts;

use lane::Lane;
pub(crate) use lane::{Place, Target};
use queue::{Grant, Queue, Targets, Waiter};

/// Calls of one lane that may wait.
const MAX_WAITING: usize = 8192;
/// The wait after a refusal that names none; each further one without a success between doubles it, up to the last.
const BLOCKED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(16));
/// The wait of one card, message or receiver after a refusal that names none.
const TARGET_BLOCKED: Duration = Duration::from_secs(1);

/// How much a call matters among those that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Before those that matter less, in the order of arrival.
    First,
    /// Only when no other call waits: the next words of a stream.
    Later,
}

/// Why a call was not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// Too many calls wait already.
    Full,
    /// The platform takes no calls for longer than the caller waits.
    Blocked(Duration),
}

/// The allowances of one app.
pub(crate) struct Rates {
    app_id: Arc<str>,
    table: Mutex<Table>,
    throttled: AtomicU64,
    refused: AtomicU64,
    crowded: AtomicU64,
}

#[derive(Default)]
struct Table {
    queues: [Option<Box<Queue>>; Lane::COUNT],
    targets: Targets,
    next_id: u64,
}

impl Table {
    fn queue(&mut self, lane: Lane, now: Instant) -> (Option<&mut Queue>, &mut Targets) {
        let queue = self.queues.get_mut(lane as usize);
        let queue =
            queue.map(|queue| &mut **queue.get_or_insert_with(|| Box::new(Queue::new(lane.rules(), now))));
        (queue, &mut self.targets)
    }
}

impl Rates {
    pub(super) fn new(app_id: &str) -> Self {
        Self {
            app_id: app_id.into(),
            table: Mutex::default(),
            throttled: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            crowded: AtomicU64::new(0),
        }
    }

    /// Waits until the call may be made. `again` is for a call that was refused before, which comes before others.
    ///
    /// Cancel safe: a dropped waiter loses its place, and what it was allowed goes to the next.
    pub(crate) async fn enter(
        &self,
        place: &Place,
        urgency: Urgency,
        again: bool,
        patience: Option<Duration>,
    ) -> Result<(), Crowded> {
        let Some(lane) = place.lane else { return Ok(()) };
        let now = Instant::now();
        let waiting = {
            let mut table = self.lock();
            table.next_id += 1;
            let id = table.next_id;
            let (Some(queue), targets) = table.queue(lane, now) else { return Ok(()) };
            if queue.pass(place.target.as_ref(), targets, now) {
                return Ok(());
            }
            let until =
                queue.blocked_until().unwrap_or(now).max(targets.ready_at(place.target.as_ref(), now));
            let blocked = until.saturating_duration_since(now);
            let crowded = match patience {
                Some(patience) if blocked > patience => Some(Crowded::Blocked(blocked)),
                _ if queue.len() >= MAX_WAITING && !again => Some(Crowded::Full),
                _ => None,
            };
            if let Some(crowded) = crowded {
                self.count(&self.crowded, "crowded");
                return Err(crowded);
            }
            let grant = Arc::new(Grant::default());
            let waiter = Waiter { id, target: place.target.clone(), grant: Arc::clone(&grant) };
            queue.join(waiter, urgency == Urgency::Later, again);
            // It may be able to go although others wait, whose cards or chats must wait longer.
            if queue.advance(targets, now).is_some_and(|next| next > now) && !grant.is_given() {
                queue.wake_leader();
            }
            Waiting { rates: self, lane, target: place.target.as_ref(), id, grant, is_over: false }
        };
        self.count(&self.throttled, "throttled");
        waiting.granted().await;
        Ok(())
    }

    /// The platform refused a call for its rate: nothing more is let through for a time.
    pub(crate) fn refused(&self, place: &Place, code: ApiCode, reset_after: Option<Duration>) {
        self.count(&self.refused, "refused");
        let Some(lane) = place.lane else { return };
        let now = Instant::now();
        let mut table = self.lock();
        let (Some(queue), targets) = table.queue(lane, now) else { return };
        match &place.target {
            Some(target) if is_about_target(code) => {
                targets.drain(target, now + reset_after.unwrap_or(TARGET_BLOCKED), now);
            }
            _ => {
                let doubled = BLOCKED.0 * 2_u32.pow(queue.strikes.min(8));
                queue.strikes = queue.strikes.saturating_add(1);
                queue.drain(now + reset_after.unwrap_or_else(|| doubled.min(BLOCKED.1)), now);
            }
        }
    }

    /// The platform took a call.
    pub(crate) fn accepted(&self, place: &Place) {
        let Some(lane) = place.lane else { return };
        let mut table = self.lock();
        if let Some(Some(queue)) = table.queues.get_mut(lane as usize) {
            queue.strikes = 0;
        }
    }

    pub(crate) fn read(&self) -> RateCounts {
        let table = self.lock();
        let waiting: usize = table.queues.iter().flatten().map(|queue| queue.len()).sum();
        RateCounts {
            waiting: waiting as u64,
            throttled: self.throttled.load(Relaxed),
            refused: self.refused.load(Relaxed),
            crowded: self.crowded.load(Relaxed),
        }
    }

    fn count(&self, counter: &AtomicU64, what: &'static str) {
        counter.fetch_add(1, Relaxed);
        crate::meter::rate(&self.app_id, what);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a code means the limit of one card, message or chat, and not that of the app.
fn is_about_target(code: ApiCode) -> bool {
    matches!(code.0, 230_020 | 11_232 | 2_200)
}

/// A call that waits. One waiter of a lane looks at the time for all.
struct Waiting<'a> {
    rates: &'a Rates,
    lane: Lane,
    target: Option<&'a Target>,
    id: u64,
    grant: Arc<Grant>,
    /// Whether the call is made.
    is_over: bool,
}

impl Waiting<'_> {
    async fn granted(mut self) {
        loop {
            let look_at = {
                let now = Instant::now();
                let mut table = self.rates.lock();
                let (Some(queue), targets) = table.queue(self.lane, now) else { return };
                let next = queue.advance(targets, now);
                if self.grant.is_given() {
                    self.is_over = true;
                    queue.resign(self.id);
                    return;
                }
                next.filter(|_| queue.leads(self.id))
            };
            match look_at {
                Some(at) => tokio::select! {
                    () = self.grant.wake.notified() => {}
                    () = sleep_until(at) => {}
                },
                None => self.grant.wake.notified().await,
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let now = Instant::now();
        let mut table = self.rates.lock();
        let (Some(queue), targets) = table.queue(self.lane, now) else { return };
        if self.grant.is_given() {
            queue.give_back();
            targets.give_back(self.target);
        }
        queue.leave(self.id);
        queue.advance(targets, now);
        queue.wake_leader();
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets = self.lock().targets.len();
        f.debug_struct("Rates")
            .field("counts", &self.read())
            .field("targets", &targets)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "rates_tests.rs"]
mod tests;
