//! Graceful shutdown: the request and its deadline.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The longest grace period. A longer one is cut to it, as an `Instant` that far away cannot be represented.
const MAX_GRACE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A shutdown signal with a deadline, for the part that runs. The other end is the [`ShutdownHandle`].
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Option<Instant>>);

/// Requests a graceful stop. Cheap to clone. A request cannot be undone, and also counts if made before the start.
#[derive(Clone, Debug)]
pub struct ShutdownHandle(Arc<watch::Sender<Option<Instant>>>);

impl Shutdown {
    /// Creates a shutdown signal and the handle that requests it.
    pub fn new() -> (ShutdownHandle, Self) {
        let (sender, receiver) = watch::channel(None);
        (ShutdownHandle(Arc::new(sender)), Self(receiver))
    }

    /// Resolves once a stop is requested, with its deadline. It never resolves if every handle is dropped without a
    /// request.
    ///
    /// # Cancel safety
    ///
    /// Safe: a request is not lost.
    pub async fn requested(&mut self) -> Instant {
        match self.0.wait_for(Option::is_some).await.map(|deadline| *deadline) {
            Ok(Some(deadline)) => deadline,
            _ => std::future::pending().await,
        }
    }

    /// Resolves once a stop is requested and its deadline has passed. A later request that brings the deadline forward
    /// is taken into account.
    ///
    /// # Cancel safety
    ///
    /// Safe: a request is not lost.
    pub async fn over(&mut self) {
        loop {
            let deadline = self.requested().await;
            tokio::select! {
                biased;
                () = sleep_until(deadline) => return,
                changed = self.0.changed() => if changed.is_err() {
                    // Without a handle the deadline cannot change any more.
                    return sleep_until(deadline).await;
                },
            }
        }
    }

    /// The deadline of the stop; `None` while no stop is requested.
    pub fn deadline(&self) -> Option<Instant> {
        *self.0.borrow()
    }
}

impl ShutdownHandle {
    /// Requests a stop and gives running work `grace` to finish. A later request can shorten the deadline but not extend
    /// it.
    pub fn stop(&self, grace: Duration) {
        self.stop_by(Instant::now() + grace.min(MAX_GRACE));
    }

    /// Requests a stop by `deadline`. A later request can shorten the deadline but not extend it.
    pub fn stop_by(&self, deadline: Instant) {
        self.0.send_if_modified(|current| {
            let sooner = current.is_none_or(|current| deadline < current);
            if sooner {
                *current = Some(deadline);
            }
            sooner
        });
    }

    /// Whether a stop was requested.
    pub fn is_requested(&self) -> bool {
        self.0.borrow().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_later_stop_brings_the_deadline_forward_and_never_puts_it_off() {
        let start = Instant::now();
        let (handle, mut shutdown) = Shutdown::new();
        assert_eq!((shutdown.deadline(), handle.is_requested()), (None, false));
        handle.stop(10 * SECOND);
        let over = tokio::spawn(async move {
            shutdown.over().await;
            Instant::now()
        });
        tokio::time::sleep(3 * SECOND).await;
        // Shorter than the first grace, and yet later than its deadline.
        handle.stop(8 * SECOND);
        handle.stop(2 * SECOND);
        handle.stop(4 * SECOND);
        assert_eq!(over.await.unwrap().duration_since(start).as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_outlives_its_handle_and_any_grace_can_be_given() {
        let (handle, mut shutdown) = Shutdown::new();
        handle.stop(Duration::MAX);
        assert!(shutdown.requested().await > Instant::now() + 1_000_000 * SECOND);
        handle.stop(SECOND);
        drop(handle);
        let before = Instant::now();
        shutdown.over().await;
        assert_eq!(before.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn requested_never_resolves_without_a_request() {
        let (handle, mut shutdown) = Shutdown::new();
        drop(handle);
        assert!(tokio::time::timeout(SECOND, shutdown.requested()).await.is_err());
    }
}
