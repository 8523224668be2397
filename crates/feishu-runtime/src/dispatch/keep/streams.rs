//! The records of streamed answers in the inbox: held while they stream, and brought to an end after that.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::finish::Finished;
use super::{Keeper, lost};
use crate::card_stream::{RecordEnd, Records, Resumed, resume};
use crate::stats::Fate;
use crate::{ClaimEnd, ClaimedEvent, InboxEvent};

#[async_trait]
impl Records for Keeper {
    async fn hold(&self, id: &str, json: Vec<u8>) -> bool {
        let is_running = self.flights().contains_key(id);
        if !is_running {
            // Before the call, which may have an effect without an answer.
            self.streams().insert(id.to_owned());
        }
        let event = InboxEvent::new(id, json);
        let hold = self.inbox.engine.hold(&self.queue, &self.owner, &event, self.inbox.lease);
        match self.bounded(hold).await {
            Ok(is_held) => is_held,
            Err(error) => {
                self.failed("hold", &error, "a streamed answer goes on without a record");
                false
            }
        }
    }

    fn end(self: Arc<Self>, id: String, end: RecordEnd) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let end = match end {
            RecordEnd::Done => ClaimEnd::Done(self.core.rules.dedup.bounds.retention),
            RecordEnd::Again => ClaimEnd::Retry(self.inbox.pause(1)),
            RecordEnd::Released => ClaimEnd::Release(Duration::ZERO),
        };
        let tasks = self.core.tasks().clone();
        let ending = async move {
            self.record(&id, &end, std::future::pending()).await;
            self.streams().remove(&id);
            self.wake.notify_one();
        };
        tasks.spawn_on(ending, &runtime);
    }
}

impl Keeper {
    /// Brings a card to its end whose process ended before, or for which the platform had no answer.
    pub(super) async fn resume(
        self: &Arc<Self>,
        claimed: &ClaimedEvent,
        valid: &mut watch::Receiver<Option<Instant>>,
    ) -> Finished {
        let Some(api) = self.core.api.get() else {
            let why = "a streamed answer is to be brought to its end, and the client has no app secret; give it an \
                       `OpenApi` with `ClientBuilder::api`";
            return self.failed_attempt(claimed, why.to_owned());
        };
        let records: Arc<dyn Records> = Arc::<Self>::clone(self);
        let until = Instant::now() + self.inbox.time_limit;
        let resumed = tokio::select! {
            biased;
            resumed = resume(api, &claimed.event.payload, claimed.attempt, records) => resumed,
            () = self.core.killed().cancelled() => return Finished::release(Duration::ZERO),
            () = lost(valid) => return Finished::lost(),
            () = sleep_until(until) => {
                Resumed::Later(format!("the platform did not take it within {:?}", self.inbox.time_limit))
            }
        };
        let finished = match resumed {
            Resumed::Shown => return Finished::done(),
            Resumed::Later(why) => self.failed_attempt(claimed, why),
            Resumed::Refused(why) => Finished::dead(&why),
        };
        if finished.is_dead() {
            api.fates().one(Fate::Failed);
        }
        finished
    }
}
