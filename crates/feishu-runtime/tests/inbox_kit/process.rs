//! A process that dies: none of its calls of the engine arrives after that.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use feishu_runtime::testing::MemoryInbox;
use feishu_runtime::{ClaimEnd, ClaimedEvent, DeadLetter, InboxEngine, InboxError, InboxEvent, Stored};
use tokio::sync::watch;
use tokio::time::timeout;

/// A process that uses the engine until it dies: then none of its calls arrives any more.
pub(crate) struct Process {
    engine: Arc<MemoryInbox>,
    dead: watch::Sender<bool>,
}

impl Process {
    pub(crate) fn new(engine: &Arc<MemoryInbox>) -> Arc<Self> {
        Arc::new(Self { engine: Arc::clone(engine), dead: watch::Sender::new(false) })
    }

    pub(crate) fn die(&self) {
        self.dead.send_replace(true);
    }

    /// Waits until it has died, for at most this time.
    pub(crate) async fn death(&self, most: Duration) {
        let _ = timeout(most, self.dead.subscribe().wait_for(|dead| *dead)).await;
        self.die();
    }

    async fn alive(&self) -> &MemoryInbox {
        if *self.dead.borrow() {
            std::future::pending::<()>().await;
        }
        &self.engine
    }
}

#[async_trait]
impl InboxEngine for Process {
    async fn put(&self, queue: &str, events: &[InboxEvent], backlog: u64) -> Result<Vec<Stored>, InboxError> {
        self.alive().await.put(queue, events, backlog).await
    }

    async fn claim(
        &self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>, InboxError> {
        self.alive().await.claim(queue, owner, max, lease).await
    }

    async fn renew(
        &self,
        queue: &str,
        owner: &str,
        ids: &[String],
        lease: Duration,
    ) -> Result<Vec<bool>, InboxError> {
        self.alive().await.renew(queue, owner, ids, lease).await
    }

    async fn hold(
        &self,
        queue: &str,
        owner: &str,
        event: &InboxEvent,
        lease: Duration,
    ) -> Result<bool, InboxError> {
        self.alive().await.hold(queue, owner, event, lease).await
    }

    async fn end(&self, queue: &str, owner: &str, id: &str, end: &ClaimEnd) -> Result<(), InboxError> {
        self.alive().await.end(queue, owner, id, end).await
    }

    async fn backlog(&self, queue: &str) -> Result<u64, InboxError> {
        self.alive().await.backlog(queue).await
    }

    async fn dead(&self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError> {
        self.alive().await.dead(queue, skip, max).await
    }

    async fn retry_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        self.alive().await.retry_dead(queue, id).await
    }

    async fn purge_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        self.alive().await.purge_dead(queue, id).await
    }
}
