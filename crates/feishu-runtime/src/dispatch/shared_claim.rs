//! The claim of one call in the shared store.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use feishu_transport::Answer;
use tokio::time::{Instant, sleep};

use super::identity::Identity;
use crate::call::Call;
use crate::core::Core;
use crate::dedup::{StoreError, StoreRules, StoredClaim};
use crate::stats::Incident;

/// How often the store is polled while another process handles the event.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// A claim held by this process. Dropping it marks the event as failed.
pub(crate) struct SharedClaim {
    core: Arc<Core>,
    rules: StoreRules,
    key: String,
    owner: String,
    ended: bool,
}

/// The result of requesting a claim.
pub(crate) enum SharedEnd {
    Claimed(SharedClaim),
    /// The store failed, or the event has no id: the handler runs without a claim.
    Unavailable,
    /// Another process has handled the event, or did not finish before the deadline.
    Elsewhere(Answer),
}

impl SharedClaim {
    /// Claims the event of a call. Waits while another process handles it, until the call's deadline at the latest.
    pub(crate) async fn claim(call: &Call, rules: &StoreRules) -> SharedEnd {
        let Some(identity) = Identity::of(call) else { return SharedEnd::Unavailable };
        Self::claim_key(call, rules, &identity.to_string(), true).await
    }

    /// Claims any key for a call; with `waits` it waits for another process that has it.
    pub(crate) async fn claim_key(call: &Call, rules: &StoreRules, key: &str, waits: bool) -> SharedEnd {
        // Apps may share a store and receive the same message.
        let app = call.header.app_id.as_ref().map_or("", |id| id.as_str());
        let key = format!("{app}:{key}");
        let owner = format!("{:016x}", fastrand::u64(..));
        loop {
            let asked = rules.bounded(rules.store.claim(&key, &owner, rules.lease)).await;
            match asked {
                Ok(found @ (StoredClaim::New | StoredClaim::Again)) => {
                    if found == StoredClaim::Again && waits {
                        call.set_repeat();
                    }
                    let core = Arc::clone(&call.core);
                    return SharedEnd::Claimed(Self { core, rules: rules.clone(), key, owner, ended: false });
                }
                Ok(StoredClaim::Done(reply)) => return SharedEnd::Elsewhere(Answer::ok(reply)),
                Ok(StoredClaim::InFlight) => {
                    let left = call.deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() || !waits {
                        return SharedEnd::Elsewhere(Answer::failed());
                    }
                    sleep(ASK_AGAIN.min(left)).await;
                }
                Err(error) => {
                    store_failed(&call.core, "claim", &*error);
                    return SharedEnd::Unavailable;
                }
            }
        }
    }

    /// Renews the lease while it is polled.
    pub(crate) async fn keep(&self) -> Infallible {
        loop {
            sleep(self.rules.lease / 3).await;
            let renewed =
                self.rules.bounded(self.rules.store.claim(&self.key, &self.owner, self.rules.lease)).await;
            if let Err(error) = renewed {
                store_failed(&self.core, "renew", &*error);
            }
        }
    }

    /// Marks the event as handled; other processes give the same answer.
    pub(crate) fn complete(mut self, answer: &Answer) {
        self.ended = true;
        let reply = answer.data().cloned().unwrap_or_default();
        self.tell("complete", move |rules, key, owner, keep| async move {
            rules.bounded(rules.store.complete(&key, &owner, &reply, keep)).await
        });
    }

    /// Updates the store in a separate task, which the client waits for when it stops.
    fn tell<F, Fut>(&self, what: &'static str, tell: F)
    where
        F: FnOnce(StoreRules, String, String, Duration) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), StoreError>> + Send,
    {
        let (core, rules) = (Arc::clone(&self.core), self.rules.clone());
        let (key, owner) = (self.key.clone(), self.owner.clone());
        let keep = core.rules.dedup.bounds.retention;
        self.core.spawn(async move {
            if let Err(error) = tell(rules, key, owner, keep).await {
                store_failed(&core, what, &*error);
            }
        });
    }
}

impl Drop for SharedClaim {
    fn drop(&mut self) {
        // Without a runtime the store cannot be called; the lease will expire.
        if !self.ended && tokio::runtime::Handle::try_current().is_ok() {
            self.tell("fail", |rules, key, owner, keep| async move {
                rules.bounded(rules.store.fail(&key, &owner, keep)).await
            });
        }
    }
}

fn store_failed(core: &Core, what: &str, error: &(dyn std::error::Error + Send + Sync)) {
    core.incident(Incident::StoreErrors);
    tracing::warn!(what, %error, "the dedup store failed; the event is handled without it");
}
