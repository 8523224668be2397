//! The task that claims events of the inbox, renews the claims, and starts the attempts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep_until};

use super::Keeper;

/// The pause after a failed claim, which doubles up to the last.
const AWAY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How often the backlog is read.
const COUNT: Duration = Duration::from_secs(5);

impl Keeper {
    /// Claims and renews until the client stops and its attempts have ended.
    pub(super) async fn claim_all(self: Arc<Self>) {
        let mut renewal = interval(self.inbox.lease / 3);
        let mut count = interval(COUNT);
        let mut pause = AWAY.0;
        // A time and not a pause, because renewals come in between.
        let mut next = Instant::now();
        loop {
            let stopping = self.core.stopping().is_cancelled();
            if stopping && self.flights().is_empty() && self.streams().is_empty() {
                return;
            }
            tokio::select! {
                biased;
                () = self.core.killed().cancelled() => return,
                _ = renewal.tick() => self.renew().await,
                () = self.core.stopping().cancelled(), if !stopping => {}
                _ = count.tick(), if !stopping => self.count().await,
                () = self.woken(next) => {
                    if stopping {
                        // No more claims: only renewals, until the attempts have ended.
                        next = Instant::now() + self.inbox.poll;
                        continue;
                    }
                    let wait = self.claim().await;
                    next = Instant::now() + wait.unwrap_or(pause);
                    pause = if wait.is_some() { AWAY.0 } else { (2 * pause).min(AWAY.1) };
                }
            }
        }
    }

    /// Waits for new events or the end of an attempt, at most until this time.
    async fn woken(&self, until: Instant) {
        tokio::select! {
            biased;
            () = self.wake.notified() => {}
            () = sleep_until(until) => {}
        }
    }

    /// Claims events and starts them. Returns how long to wait for the next call; `None` if the engine failed.
    async fn claim(self: &Arc<Self>) -> Option<Duration> {
        let free = self.inbox.running.saturating_sub(self.flights().len());
        if free == 0 {
            return Some(self.inbox.poll);
        }
        // From before the call, because the engine counts from within it.
        let until = Instant::now() + self.inbox.lease;
        let claim = self.inbox.engine.claim(&self.queue, &self.owner, free, self.inbox.lease);
        let claimed = match self.bounded(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                self.failed("claim", &error, "what it holds waits");
                return None;
            }
        };
        let is_full = claimed.len() >= free;
        for claimed in claimed {
            let id = claimed.event.id.clone();
            if self.streams().contains(&id) {
                // Its lease had ended, as the engine was away, and the stream goes on here.
                continue;
            }
            let valid = watch::Sender::new(Some(until));
            let flight = valid.subscribe();
            // One that is running here is renewed by this claim, as when the clock of the engine jumped.
            let mut flights = self.flights();
            if let Some(running) = flights.get(&id) {
                running.send_replace(Some(until));
                continue;
            }
            flights.insert(id, valid);
            drop(flights);
            self.core.tasks().spawn(Arc::clone(self).attempt(claimed, flight));
        }
        Some(if is_full { Duration::ZERO } else { self.inbox.poll })
    }

    /// Renews the claims of all events that are being handled here.
    async fn renew(&self) {
        let mut ids: Vec<String> = self.flights().keys().cloned().collect();
        ids.extend(self.streams().iter().cloned());
        if ids.is_empty() {
            return;
        }
        let until = Instant::now() + self.inbox.lease;
        let renewal = self.inbox.engine.renew(&self.queue, &self.owner, &ids, self.inbox.lease);
        match self.bounded(renewal).await {
            Ok(held) => {
                let flights = self.flights();
                for (id, is_held) in ids.iter().zip(held) {
                    if let Some(flight) = flights.get(id) {
                        flight.send_replace(is_held.then_some(until));
                    }
                }
            }
            Err(error) => {
                self.failed("renew", &error, "what is not renewed before the lease ends is cancelled");
            }
        }
    }

    async fn count(&self) {
        // A failure shows at the claims.
        if let Ok(backlog) = self.bounded(self.inbox.engine.backlog(&self.queue)).await {
            self.core.stats.backlog(backlog);
            crate::meter::backlog(self.core.app_label(None), backlog);
        }
    }
}
