//! The settings of an inbox, and its dead letters.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::engine::{DeadLetter, InboxEngine, InboxError};

/// An inbox: it stores each event before it is acknowledged, and runs its handler from there until it has succeeded, also
/// after a crash. Off unless it is given to [`ClientBuilder::inbox`](crate::ClientBuilder::inbox).
///
/// - Each event with a handler is stored, then acknowledged at once; then its handler runs. Callbacks never go through it.
/// - At least once: the event is removed when its handler has succeeded and that is recorded. A handler that succeeded
///   runs again only if the process died between its success and the record, or could not reach the engine for longer
///   than the [lease](Self::lease).
/// - An attempt that fails is repeated after a [backoff](Self::backoff). After so many [attempts](Self::attempts) the
///   event becomes a dead letter, and the rest goes on.
/// - Events with one key of [`in_order_by`](crate::Route::in_order_by) are handled one at a time, in the order in which
///   they were stored, across all processes that share the engine. The key is hashed by the standard library, so
///   processes that share an engine should be built by one version of Rust, for one kind of machine.
/// - An answer that a handler streams into a card is kept as an event of the type `feishu_runtime.stream` until the platform has
///   taken its end; see [`CardStream`](crate::CardStream). It counts in the backlog and among the attempts.
///
/// A handler sees the number of its attempt in [`Context::attempt`](crate::Context::attempt). For a handler that runs from
/// the inbox, [`Context::deadline`](crate::Context::deadline) is its [time limit](Self::time_limit); the route's own
/// deadline, `on_late` and `cancel_when_late` do not apply, as the event has been acknowledged. An answer of `on_error`
/// with code 200 ends the event as a success.
#[derive(Clone)]
#[must_use]
pub struct EventInbox {
    pub(crate) engine: Arc<dyn InboxEngine>,
    pub(crate) attempts: u32,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) running: usize,
    pub(crate) time_limit: Duration,
    pub(crate) backlog: u64,
    pub(crate) timeout: Duration,
    pub(crate) lease: Duration,
    pub(crate) poll: Duration,
    pub(crate) handle_when_away: bool,
}

impl EventInbox {
    /// Creates an inbox with the default settings.
    pub fn new(engine: impl InboxEngine + 'static) -> Self {
        Self {
            engine: Arc::new(engine),
            attempts: 8,
            backoff: (Duration::from_secs(1), Duration::from_secs(300)),
            running: 256,
            time_limit: Duration::from_secs(600),
            backlog: 100_000,
            timeout: Duration::from_secs(1),
            lease: Duration::from_secs(30),
            poll: Duration::from_millis(500),
            handle_when_away: false,
        }
    }

    /// Sets after how many failed attempts an event becomes a dead letter; 8 by default, which with the default backoff
    /// takes two minutes. As many attempts may be interrupted by the end of the process; from the second interruption on,
    /// the next attempt waits until the new process has run for the backoff, and such events run one at a time: so one that
    /// kills the process leaves time for the rest, and does not take others with it again and again. At least 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets the pause after a failed attempt, which doubles with each failure, up to `most`, and is varied by a tenth; 1 s
    /// up to 5 min by default.
    pub fn backoff(mut self, first: Duration, most: Duration) -> Self {
        self.backoff = (first, most.max(first));
        self
    }

    /// Sets how many events one client handles from the inbox at a time; 256 by default, a quarter of
    /// [`Limits::running`](crate::Limits::running), which includes them. At least 1.
    pub fn running(mut self, running: usize) -> Self {
        self.running = running.max(1);
        self
    }

    /// Sets how long a handler may run; 10 min by default. After that it is cancelled, which counts as a failed attempt. A
    /// [blocking](crate::Route::blocking) handler cannot be cancelled: its result is ignored.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets how many events may wait; 100 000 by default. Further ones are refused with code 500, and the platform sends
    /// them again. Dead letters do not count.
    pub fn backlog(mut self, events: u64) -> Self {
        self.backlog = events;
        self
    }

    /// Sets how long storing an event may take; 1 s by default, and never longer than until its handler's deadline. Then the
    /// engine counts as away.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long the claim of an event stays valid without renewal; 30 s by default. It is renewed while the handler
    /// runs, so it ends only after the process has died. A handler whose claim could not be renewed in time is cancelled,
    /// because another process may have the event. At least 1 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// Sets how often the engine is asked for events that other processes have stored, and for those whose backoff is over;
    /// every 500 ms by default. The client's own new events are asked for at once.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll.max(Duration::from_millis(1));
        self
    }

    /// While the engine is away, handles events without the inbox, as a client without one does, in place of refusing them.
    /// By default they are refused with code 500, and the platform sends them again: after 15 s, 5 min, 1 h and 6 h.
    /// An event handled without the inbox may run beside earlier ones with its key that are in it.
    pub fn handle_when_away(mut self) -> Self {
        self.handle_when_away = true;
        self
    }

    /// The events of one app in this inbox; see [`ClientHandle::inbox`](crate::ClientHandle::inbox) for those of a client.
    pub fn of_app(&self, app_id: impl Into<String>) -> InboxQueue {
        InboxQueue { engine: Arc::clone(&self.engine), app_id: app_id.into() }
    }

    /// How long one call of the engine may take that no delivery waits for.
    pub(crate) fn patience(&self) -> Duration {
        (self.lease / 6).min(Duration::from_secs(5))
    }

    /// The pause after so many failures, counted from 1.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        let (first, most) = self.backoff;
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        first.saturating_mul(factor.max(1)).min(most)
    }
}

impl<E: InboxEngine + 'static> From<E> for EventInbox {
    fn from(engine: E) -> Self {
        Self::new(engine)
    }
}

impl fmt::Debug for EventInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventInbox")
            .field("attempts", &self.attempts)
            .field("running", &self.running)
            .field("backlog", &self.backlog)
            .finish_non_exhaustive()
    }
}

/// The events of one app in an inbox: how many wait, and the dead letters.
///
/// Each call asks the engine, and fails if it is away or takes longer than 5 s.
#[derive(Clone)]
pub struct InboxQueue {
    engine: Arc<dyn InboxEngine>,
    app_id: String,
}

/// The deadline of one call of [`InboxQueue`].
const CALL: Duration = Duration::from_secs(5);
/// Dead letters that are read at a time.
const PAGE: usize = 100;

impl InboxQueue {
    /// The number of events that are not handled yet, dead letters excluded.
    ///
    /// # Errors
    ///
    /// If the engine fails.
    pub async fn backlog(&self) -> Result<u64, InboxError> {
        within(self.engine.backlog(&self.app_id)).await
    }

    /// The dead letters, oldest first: at most `max`, after the `skip` first ones.
    ///
    /// # Errors
    ///
    /// If the engine fails.
    pub async fn dead_letters(&self, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError> {
        within(self.engine.dead(&self.app_id, skip, max)).await
    }

    /// Puts a dead letter back into the inbox, behind the others with its key, with no attempts counted. False if there is
    /// none with this id.
    ///
    /// # Errors
    ///
    /// If the engine fails.
    pub async fn retry(&self, id: &str) -> Result<bool, InboxError> {
        within(self.engine.retry_dead(&self.app_id, id)).await
    }

    /// Puts all dead letters back into the inbox, the oldest first, and returns how many there were.
    ///
    /// # Errors
    ///
    /// If the engine fails; some may have been put back.
    pub async fn retry_all(&self) -> Result<u64, InboxError> {
        let mut count = 0;
        for id in self.all().await? {
            count += u64::from(self.retry(&id).await?);
        }
        Ok(count)
    }

    /// Removes a dead letter. False if there is none with this id.
    ///
    /// # Errors
    ///
    /// If the engine fails.
    pub async fn purge(&self, id: &str) -> Result<bool, InboxError> {
        within(self.engine.purge_dead(&self.app_id, id)).await
    }

    /// Removes all dead letters, and returns how many there were.
    ///
    /// # Errors
    ///
    /// If the engine fails; some may have been removed.
    pub async fn purge_all(&self) -> Result<u64, InboxError> {
        let mut count = 0;
        for id in self.all().await? {
            count += u64::from(self.purge(&id).await?);
        }
        Ok(count)
    }

    /// The ids of all dead letters. Read first, as those that are retried may become dead letters again.
    async fn all(&self) -> Result<Vec<String>, InboxError> {
        let mut ids = Vec::new();
        loop {
            let page = self.dead_letters(ids.len(), PAGE).await?;
            let is_last = page.len() < PAGE;
            ids.extend(page.into_iter().map(|letter| letter.event.id));
            if is_last {
                return Ok(ids);
            }
        }
    }
}

impl fmt::Debug for InboxQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxQueue").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// Bounds a call by its deadline.
async fn within<T>(call: impl Future<Output = Result<T, InboxError>>) -> Result<T, InboxError> {
    timeout(CALL, call)
        .await
        .unwrap_or_else(|_| Err(format!("the inbox gave no answer within {CALL:?}").into()))
}

#[cfg(test)]
mod tests {
    use super::super::memory::MemoryInbox;
    use super::*;

    #[tokio::test]
    async fn pause_doubles_up_to_its_bound() {
        let second = Duration::from_secs(1);
        let inbox = EventInbox::new(MemoryInbox::new()).backoff(second, 60 * second);
        let pauses: Vec<_> =
            [1, 2, 3, 7, 40, u32::MAX].map(|failures| inbox.pause(failures).as_secs()).into();
        assert_eq!(pauses, [1, 2, 4, 60, 60, 60]);
    }
}
