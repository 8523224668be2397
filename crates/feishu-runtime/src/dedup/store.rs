//! A memory that several processes share, or that survives a restart.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

/// Why a store could not do what it was asked for. The event is then handled as if there were no store.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// A memory of handled events beyond this process; see [`Dedup::store`](crate::Dedup::store).
///
/// Every method may be called at any time from any task. A call that takes longer than
/// [`Dedup::store_timeout`](crate::Dedup::store_timeout) is dropped.
#[async_trait]
pub trait DedupStore: Send + Sync {
    /// Claims `key` for `owner`, in one step that no other process can come between. The claim holds until it is
    /// completed or failed, or until `lease` has passed, whichever is first: the process may have died. Claiming again
    /// as the same owner renews the lease, and finds [`StoredClaim::New`].
    async fn claim(&self, key: &str, owner: &str, lease: Duration) -> Result<StoredClaim, StoreError>;

    /// Handled: remembers the reply, JSON, for `keep`. Without effect when another owner has the claim by now.
    async fn complete(&self, key: &str, owner: &str, reply: &[u8], keep: Duration) -> Result<(), StoreError>;

    /// Failed: the next claim gets [`StoredClaim::Again`]. Remembered for `keep`. Without effect when another owner
    /// has the claim by now.
    async fn fail(&self, key: &str, owner: &str, keep: Duration) -> Result<(), StoreError>;
}

/// What a claim found in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredClaim {
    /// It was free, and is the caller's now.
    New,
    /// An earlier attempt failed: it is the caller's now.
    Again,
    /// Another owner is at work on it.
    InFlight,
    /// It was handled, with this reply.
    Done(Vec<u8>),
}

/// The store and how it is used.
#[derive(Clone)]
pub(crate) struct StoreRules {
    pub(crate) store: Arc<dyn DedupStore>,
    pub(crate) timeout: Duration,
    pub(crate) lease: Duration,
}

impl StoreRules {
    /// The answer of the store, or an error when it takes too long.
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
