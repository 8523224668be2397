//! The swap point for the storage of an inbox.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;

/// The error of a call to an inbox engine.
pub type InboxError = Box<dyn std::error::Error + Send + Sync>;

/// The storage of an [`EventInbox`](crate::EventInbox): a durable queue that several processes may share.
///
/// Every method may be called at any time from any task, and must be atomic. A call that takes longer than
/// [`EventInbox::timeout`](crate::EventInbox::timeout) is dropped, whether it had an effect or not. `queue` separates the
/// apps that share an engine: it is the app id, or empty for a client without one. An `owner` is one client; its claims
/// end with their lease when it dies.
#[async_trait]
pub trait InboxEngine: Send + Sync {
    /// Stores events durably, in this order. An event whose id is stored, or was handled before and is still remembered,
    /// is [`Known`](Stored::Known); past `backlog` events in the queue the others are [`Full`](Stored::Full). Returns one
    /// result for each event.
    async fn put(&self, queue: &str, events: &[InboxEvent], backlog: u64) -> Result<Vec<Stored>, InboxError>;

    /// Claims at most `max` events that are due, the oldest first, for the time of `lease`, and counts an attempt for
    /// each, durably. Of the events with one [`lane`](InboxEvent::lane) only the earliest that is left may be claimed.
    async fn claim(
        &self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>, InboxError>;

    /// Renews the leases of claimed events. Returns for each whether the owner still has the claim; one that it has lost, to
    /// another owner or because the event is gone, is not made again.
    async fn renew(
        &self,
        queue: &str,
        owner: &str,
        ids: &[String],
        lease: Duration,
    ) -> Result<Vec<bool>, InboxError>;

    /// Stores an event that this owner has claimed from the start, as its first attempt, or replaces the payload of an event
    /// that it has claimed, durably; either for the time of `lease` from now. It is how the client keeps what it began
    /// itself, such as a streamed answer, and is not refused for the backlog. The event has no lane. False, without an effect,
    /// if the owner does not have the claim of an event with this id: another owner has it, or it waits, was handled or is a
    /// dead letter.
    async fn hold(
        &self,
        queue: &str,
        owner: &str,
        event: &InboxEvent,
        lease: Duration,
    ) -> Result<bool, InboxError>;

    /// Ends a claim, durably. Has no effect if another owner has the claim, or the event is no longer there.
    async fn end(&self, queue: &str, owner: &str, id: &str, end: &ClaimEnd) -> Result<(), InboxError>;

    /// The number of events that are not handled yet, dead letters excluded.
    async fn backlog(&self, queue: &str) -> Result<u64, InboxError>;

    /// The dead letters, oldest first: at most `max`, after the `skip` first ones.
    async fn dead(&self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError>;

    /// Moves a dead letter back into the queue, with no attempts counted. False if there is none with this id.
    async fn retry_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError>;

    /// Removes a dead letter. False if there is none with this id.
    async fn purge_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError>;
}

/// A shared engine.
#[async_trait]
impl<E: InboxEngine + ?Sized> InboxEngine for Arc<E> {
    async fn put(&self, queue: &str, events: &[InboxEvent], backlog: u64) -> Result<Vec<Stored>, InboxError> {
        (**self).put(queue, events, backlog).await
    }

    async fn claim(
        &self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>, InboxError> {
        (**self).claim(queue, owner, max, lease).await
    }

    async fn renew(
        &self,
        queue: &str,
        owner: &str,
        ids: &[String],
        lease: Duration,
    ) -> Result<Vec<bool>, InboxError> {
        (**self).renew(queue, owner, ids, lease).await
    }

    async fn hold(
        &self,
        queue: &str,
        owner: &str,
        event: &InboxEvent,
        lease: Duration,
    ) -> Result<bool, InboxError> {
        (**self).hold(queue, owner, event, lease).await
    }

    async fn end(&self, queue: &str, owner: &str, id: &str, end: &ClaimEnd) -> Result<(), InboxError> {
        (**self).end(queue, owner, id, end).await
    }

    async fn backlog(&self, queue: &str) -> Result<u64, InboxError> {
        (**self).backlog(queue).await
    }

    async fn dead(&self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError> {
        (**self).dead(queue, skip, max).await
    }

    async fn retry_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        (**self).retry_dead(queue, id).await
    }

    async fn purge_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        (**self).purge_dead(queue, id).await
    }
}

/// An event as an inbox stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxEvent {
    /// What a repeat of the event is recognised by.
    pub id: String,
    /// The key of an [ordered](crate::Route::in_order_by) handler. Events with the same one are handled one at a time, in
    /// the order in which they were stored.
    pub lane: Option<u64>,
    /// The headers of the frame that carried it.
    pub headers: Vec<(String, String)>,
    /// The payload: JSON.
    pub payload: Bytes,
}

/// The result of storing an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stored {
    /// It is stored now.
    New,
    /// It was stored before.
    Known,
    /// It is not stored, because the backlog is at its bound.
    Full,
}

/// A claimed event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimedEvent {
    /// The event.
    pub event: InboxEvent,
    /// The number of this attempt, counted from 1. It grows with each claim of the event.
    pub attempt: u32,
    /// How many of the attempts before ended with [`ClaimEnd::Retry`]. The rest were interrupted: their owner died.
    pub failures: u32,
}

/// The end of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimEnd {
    /// The event was handled: it is removed, and its id remembered for this long.
    Done(Duration),
    /// The handler failed: the next attempt is due after this time.
    Retry(Duration),
    /// The handler did not run, or not to its end for a reason that is not its own: the attempt is not counted, and the
    /// event is due after this time.
    Release(Duration),
    /// The event becomes a dead letter, for this reason. An engine keeps at least the last 10 000 of a queue.
    Dead(String),
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The event.
    pub event: InboxEvent,
    /// The attempts that were made.
    pub attempts: u32,
    /// The failure of the last attempt.
    pub why: String,
    /// When it was given up, to the millisecond.
    pub at: SystemTime,
}

impl InboxEvent {
    /// Creates an event without headers and without a lane.
    pub fn new(id: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self { id: id.into(), lane: None, headers: Vec::new(), payload: payload.into() }
    }

    /// Sets the lane.
    #[must_use]
    pub fn lane(mut self, lane: impl Into<Option<u64>>) -> Self {
        self.lane = lane.into();
        self
    }

    /// Sets the headers.
    #[must_use]
    pub fn headers(mut self, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        self.headers = headers.into_iter().collect();
        self
    }
}

impl ClaimedEvent {
    /// Creates a claimed event, in an engine of your own.
    pub fn new(event: InboxEvent, attempt: u32, failures: u32) -> Self {
        Self { event, attempt, failures }
    }
}

impl DeadLetter {
    /// Creates a dead letter, in an engine of your own.
    pub fn new(event: InboxEvent, attempts: u32, why: impl Into<String>, at: SystemTime) -> Self {
        Self { event, attempts, why: why.into(), at }
    }
}

/// One line, without the payload.
impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} attempts: {}", self.event.id, self.attempts, self.why)
    }
}
