//! An inbox engine in memory, for tests.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::time::Instant;

use super::engine::{ClaimEnd, ClaimedEvent, DeadLetter, InboxEngine, InboxError, InboxEvent, Stored};
use super::table::{Claim, Ended, Table, millis};

/// An [`InboxEngine`] in memory, for tests: it follows tokio's paused clock, and forgets all when it is dropped.
pub struct MemoryInbox {
    inner: Mutex<Inner>,
    start: Instant,
}

#[derive(Default)]
struct Inner {
    table: Table,
    events: HashMap<u64, InboxEvent>,
    dead: HashMap<u64, (u32, String, SystemTime)>,
    /// Of the test: every call fails while this is set.
    away: Option<Away>,
}

#[derive(Clone, Copy)]
enum Away {
    Fails,
    Hangs,
}

impl MemoryInbox {
    /// Creates an empty engine. Its clock starts now.
    pub fn new() -> Self {
        Self { inner: Mutex::default(), start: Instant::now() }
    }

    /// From now on every call fails.
    pub fn fail(&self) {
        self.inner().away = Some(Away::Fails);
    }

    /// From now on no call returns.
    pub fn hang(&self) {
        self.inner().away = Some(Away::Hangs);
    }

    /// Calls work again; one that hangs stays so until it is dropped.
    pub fn recover(&self) {
        self.inner().away = None;
    }

    async fn ready(&self) -> Result<u64, InboxError> {
        let away = self.inner().away;
        match away {
            None => Ok(millis(self.start.elapsed())),
            Some(Away::Fails) => Err("the engine was made to fail".into()),
            Some(Away::Hangs) => std::future::pending().await,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl InboxEngine for MemoryInbox {
    async fn put(&self, queue: &str, events: &[InboxEvent], backlog: u64) -> Result<Vec<Stored>, InboxError> {
        let now = self.ready().await?;
        let inner = &mut *self.inner();
        while inner.table.queue(queue).forget(now).is_some() {}
        let put = |event: &InboxEvent| {
            let (stored, number) = inner.table.put(queue, &event.id, event.lane, now, backlog);
            if let Some(number) = number {
                inner.events.insert(number, event.clone());
            }
            stored
        };
        Ok(events.iter().map(put).collect())
    }

    async fn claim(
        &self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>, InboxError> {
        let now = self.ready().await?;
        let inner = &mut *self.inner();
        let claimed = inner.table.queue(queue).claim(owner, max, now, lease);
        let with_event = |Claim { number, attempt, failures }| {
            Some(ClaimedEvent { event: inner.events.get(&number)?.clone(), attempt, failures })
        };
        Ok(claimed.into_iter().filter_map(with_event).collect())
    }

    async fn renew(
        &self,
        queue: &str,
        owner: &str,
        ids: &[String],
        lease: Duration,
    ) -> Result<Vec<bool>, InboxError> {
        let until = self.ready().await?.saturating_add(millis(lease));
        let mut inner = self.inner();
        let queue = inner.table.queue(queue);
        Ok(ids.iter().map(|id| queue.renew(owner, id, until)).collect())
    }

    async fn hold(
        &self,
        queue: &str,
        owner: &str,
        event: &InboxEvent,
        lease: Duration,
    ) -> Result<bool, InboxError> {
        let now = self.ready().await?;
        let inner = &mut *self.inner();
        let until = now.saturating_add(millis(lease));
        let Some((number, _)) = inner.table.hold(queue, owner, &event.id, now, until) else {
            return Ok(false);
        };
        inner.events.insert(number, InboxEvent { lane: None, ..event.clone() });
        Ok(true)
    }

    async fn end(&self, queue: &str, owner: &str, id: &str, end: &ClaimEnd) -> Result<(), InboxError> {
        let now = self.ready().await?;
        let inner = &mut *self.inner();
        match inner.table.queue(queue).end(owner, id, end, now) {
            Ended::Removed { number, .. } => drop(inner.events.remove(&number)),
            Ended::Dead { number, attempts, dropped } => {
                let why = if let ClaimEnd::Dead(why) = end { why.clone() } else { String::new() };
                inner.dead.insert(number, (attempts, why, SystemTime::now()));
                if let Some(dropped) = dropped {
                    inner.dead.remove(&dropped);
                    inner.events.remove(&dropped);
                }
            }
            Ended::Nothing | Ended::Waits { .. } => {}
        }
        Ok(())
    }

    async fn backlog(&self, queue: &str) -> Result<u64, InboxError> {
        self.ready().await?;
        Ok(self.inner().table.queue(queue).len() as u64)
    }

    async fn dead(&self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError> {
        self.ready().await?;
        let inner = &mut *self.inner();
        let letter = |number: u64| {
            let (attempts, why, at) = inner.dead.get(&number)?.clone();
            Some(DeadLetter { event: inner.events.get(&number)?.clone(), attempts, why, at })
        };
        Ok(inner.table.queue(queue).dead(skip, max).into_iter().filter_map(letter).collect())
    }

    async fn retry_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        let now = self.ready().await?;
        let inner = &mut *self.inner();
        let lane = |number| inner.events.get(&number).and_then(|event| event.lane);
        let Some((old, new)) = inner.table.revive(queue, id, now, lane) else { return Ok(false) };
        inner.dead.remove(&old);
        if let Some(event) = inner.events.remove(&old) {
            inner.events.insert(new, event);
        }
        Ok(true)
    }

    async fn purge_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        self.ready().await?;
        let inner = &mut *self.inner();
        let Some(number) = inner.table.queue(queue).take_dead(id) else { return Ok(false) };
        inner.dead.remove(&number);
        inner.events.remove(&number);
        Ok(true)
    }
}

impl Default for MemoryInbox {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryInbox").finish_non_exhaustive()
    }
}
