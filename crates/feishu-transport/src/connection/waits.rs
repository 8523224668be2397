//! What the reconnect loop waits for beside the network: a stop, a wake-up, a time.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::shared::Shared;

/// What a stop asks of a connection: nothing, or to close once it is idle, at the latest then.
pub(super) type CloseSignal = watch::Receiver<Option<Instant>>;

/// Resolves once a stop was requested, with the time by which the connection must be closed.
pub(super) async fn closing(close: &mut CloseSignal) -> Instant {
    match close.wait_for(Option::is_some).await.map(|until| *until) {
        Ok(Some(until)) => until,
        // The client is gone, and this with it.
        _ => std::future::pending().await,
    }
}

/// Resolves once an open connection is to close as soon as it is idle.
pub(super) async fn time_to_close(close: &mut CloseSignal, shared: &Shared, bridging: bool) {
    if bridging {
        return giving_up(close, shared).await;
    }
    closing(close).await;
}

/// Resolves once a stop was requested and a connection that is not there has nothing to be opened for any more.
pub(super) async fn giving_up(close: &mut CloseSignal, shared: &Shared) {
    loop {
        let until = closing(close).await;
        tokio::select! {
            biased;
            () = shared.router.nothing_owed() => return,
            () = sleep_until(until) => return,
            _ = close.changed() => {}
        }
    }
}

pub(super) async fn sleep_until_or_never(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Resolves some time after a wake-up: an attempt begun before it may hang on a network that is gone.
pub(super) async fn outdated(wake: &mut watch::Receiver<u64>, patience: Duration) {
    if wake.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    sleep(patience).await;
}
