//! The swap point for deduplication across processes or restarts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

/// The error of a store call. The event is then handled without the store.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// A store of handled events outside of this process; see [`Dedup::store`](crate::Dedup::store).
///
/// Every method may be called at any time from any task. A call that takes longer than
/// [`Dedup::store_timeout`](crate::Dedup::store_timeout) is dropped.
#[async_trait]
pub trait DedupStore: Send + Sync {
    /// Claims `key` for `owner`, atomically across processes. The claim is held until it is completed or failed, or until
    /// `lease` has passed, because the process may have died. Claiming again as the same owner renews the lease and
    /// returns [`StoredClaim::New`].
    async fn claim(&self, key: &str, owner: &str, lease: Duration) -> Result<StoredClaim, StoreError>;

    /// Marks the event as handled and stores the reply, as JSON, for `keep`. Has no effect if another owner has the claim.
    async fn complete(&self, key: &str, owner: &str, reply: &[u8], keep: Duration) -> Result<(), StoreError>;

    /// Marks the event as failed for `keep`: the next claim gets [`StoredClaim::Again`]. Has no effect if another owner
    /// has the claim.
    async fn fail(&self, key: &str, owner: &str, keep: Duration) -> Result<(), StoreError>;
}

/// The result of a claim in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredClaim {
    /// The event was free; the caller now has the claim.
    New,
    /// An earlier attempt failed; the caller now has the claim.
    Again,
    /// Another owner has the claim.
    InFlight,
    /// The event was handled, with this reply.
    Done(Vec<u8>),
}

/// The store with its settings.
#[derive(Clone)]
pub(crate) struct StoreRules {
    pub(crate) store: Arc<dyn DedupStore>,
    pub(crate) timeout: Duration,
    pub(crate) lease: Duration,
}

impl StoreRules {
    /// Bounds a store call by the timeout.
    pub(crate) async fn bounded<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match timeout(self.timeout, asked).await {
            Ok(answered) => answered,
            Err(_) => Err(format!("no answer within {:?}", self.timeout).into()),
        }
    }
}
