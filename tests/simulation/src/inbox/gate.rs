//! The way of one process to the engine: slow, failing before or after the effect, cut off, or of a dead process.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use feishu_runtime::{ClaimEnd, ClaimedEvent, DeadLetter, InboxEngine, InboxError, InboxEvent, Stored};
use tokio::time::{Instant, sleep};

use super::rules::Line;
use super::{Stage, lock};

/// The engine, as one process reaches it.
pub(super) struct Gate {
    stage: Arc<Stage>,
    process: u64,
    dead: AtomicBool,
    /// Until when nothing passes.
    cut: Mutex<Option<Instant>>,
}

impl Gate {
    pub(super) fn new(stage: &Arc<Stage>, process: u64) -> Arc<Self> {
        Arc::new(Self {
            stage: Arc::clone(stage),
            process,
            dead: AtomicBool::new(false),
            cut: Mutex::new(None),
        })
    }

    pub(super) fn die(&self) {
        self.dead.store(true, Relaxed);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Relaxed)
    }

    /// Cuts the process off for a time.
    pub(super) fn cut(&self, time: Duration) {
        self.stage.write(Line::CutOff { process: self.process });
        *lock(&self.cut) = Some(Instant::now() + time);
    }

    /// The way to the engine, and the way back.
    async fn way(&self) -> Result<(), InboxError> {
        if self.stage.is_troubled() {
            let (delay, fails) = self.stage.roll(|dice| (dice.millis(0, 150), dice.one_in(60)));
            sleep(delay).await;
            if fails {
                return Err("the connection broke".into());
            }
        }
        let cut = *lock(&self.cut);
        if let Some(left) = cut.map(|until| until.saturating_duration_since(Instant::now())) {
            if !left.is_zero() {
                sleep(left).await;
                return Err("nothing came for a long time".into());
            }
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn pass<T>(
        &self,
        call: impl Future<Output = Result<T, InboxError>> + Send,
    ) -> Result<T, InboxError> {
        self.way().await?;
        let done = call.await?;
        self.way().await?;
        Ok(done)
    }
}

#[async_trait]
impl InboxEngine for Gate {
    async fn put(&self, queue: &str, events: &[InboxEvent], backlog: u64) -> Result<Vec<Stored>, InboxError> {
        self.pass(self.stage.engine.put(queue, events, backlog)).await
    }

    async fn claim(
        &self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>, InboxError> {
        self.pass(self.stage.engine.claim(queue, owner, max, lease)).await
    }

    async fn renew(
        &self,
        queue: &str,
        owner: &str,
        ids: &[String],
        lease: Duration,
    ) -> Result<Vec<bool>, InboxError> {
        self.pass(self.stage.engine.renew(queue, owner, ids, lease)).await
    }

    async fn hold(
        &self,
        queue: &str,
        owner: &str,
        event: &InboxEvent,
        lease: Duration,
    ) -> Result<bool, InboxError> {
        self.pass(self.stage.engine.hold(queue, owner, event, lease)).await
    }

    async fn end(&self, queue: &str, owner: &str, id: &str, end: &ClaimEnd) -> Result<(), InboxError> {
        self.pass(self.stage.engine.end(queue, owner, id, end)).await
    }

    async fn backlog(&self, queue: &str) -> Result<u64, InboxError> {
        self.stage.engine.backlog(queue).await
    }

    async fn dead(&self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError> {
        self.stage.engine.dead(queue, skip, max).await
    }

    async fn retry_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        self.stage.engine.retry_dead(queue, id).await
    }

    async fn purge_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        self.stage.engine.purge_dead(queue, id).await
    }
}
