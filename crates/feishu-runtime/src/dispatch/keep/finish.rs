//! The end of an attempt: recorded in the engine, counted and logged.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use feishu_callbacks::EventId;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::{Keeper, lost};
use crate::call::Call;
use crate::observe::{AttemptInfo, Observed};
use crate::stats::AttemptEnd;
use crate::{ClaimEnd, ClaimedEvent};

/// The pause before the end of an attempt is recorded again that the engine did not take, which doubles up to the last.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long a client that ends waits for the engine.
const LAST: Duration = Duration::from_millis(700);

/// Characters of a dead letter's reason.
const MAX_WHY: usize = 1000;

/// The end of an attempt.
pub(super) struct Finished {
    end: AttemptEnd,
    /// What the engine gets; `None` if the claim is another's.
    record: Option<ClaimEnd>,
    why: String,
    /// The call, if the handler was chosen.
    call: Option<Arc<Call>>,
}

impl Finished {
    fn new(end: AttemptEnd, record: Option<ClaimEnd>, why: String) -> Self {
        Self { end, record, why, call: None }
    }

    pub(super) fn done() -> Self {
        // How long the id is remembered is filled in when it is recorded.
        Self::new(AttemptEnd::Succeeded, Some(ClaimEnd::Done(Duration::ZERO)), String::new())
    }

    pub(super) fn retry(after: Duration, why: String) -> Self {
        Self::new(AttemptEnd::Failed, Some(ClaimEnd::Retry(after)), why)
    }

    pub(super) fn dead(why: &str) -> Self {
        let why: String = why.chars().take(MAX_WHY).collect();
        Self::new(AttemptEnd::Dead, Some(ClaimEnd::Dead(why.clone())), why)
    }

    pub(super) fn release(after: Duration) -> Self {
        Self::new(AttemptEnd::Released, Some(ClaimEnd::Release(after)), String::new())
    }

    pub(super) fn lost() -> Self {
        Self::new(AttemptEnd::Lost, None, String::new())
    }

    pub(super) fn by(self, call: &Arc<Call>) -> Self {
        Self { call: Some(Arc::clone(call)), ..self }
    }

    #[cfg(feature = "openapi")]
    pub(super) fn is_dead(&self) -> bool {
        self.end == AttemptEnd::Dead
    }

    pub(super) fn is_success(&self) -> bool {
        self.end == AttemptEnd::Succeeded
    }
}

impl Keeper {
    /// Counts and logs the end of an attempt, and records it for as long as that takes.
    pub(super) async fn finish(
        &self,
        claimed: &ClaimedEvent,
        finished: Finished,
        valid: &mut watch::Receiver<Option<Instant>>,
    ) {
        self.note(claimed, &finished);
        let Some(mut record) = finished.record else { return };
        if let ClaimEnd::Done(keep) = &mut record {
            *keep = self.core.rules.dedup.bounds.retention;
        }
        self.record(&claimed.event.id, &record, lost(valid)).await;
    }

    /// Records the end of a claim, until the engine has taken it or the claim is gone.
    pub(super) async fn record(&self, id: &str, record: &ClaimEnd, gone: impl Future<Output = ()>) {
        let engine = &self.inbox.engine;
        let mut gone = pin!(gone);
        let mut pause = AGAIN.0;
        loop {
            let ended = tokio::select! {
                biased;
                ended = self.bounded(engine.end(&self.queue, &self.owner, id, record)) => ended,
                () = self.core.killed().cancelled() => break,
            };
            let Err(error) = ended else { return };
            self.failed("end", &error, "it is asked again until the claim ends");
            tokio::select! {
                biased;
                () = self.core.killed().cancelled() => break,
                () = &mut gone => return,
                () = sleep(pause) => pause = (2 * pause).min(AGAIN.1),
            }
        }
        // The client ends: once more, so that the next one need not wait for the lease.
        let _ = timeout(LAST, engine.end(&self.queue, &self.owner, id, record)).await;
    }

    fn note(&self, claimed: &ClaimedEvent, finished: &Finished) {
        let core = &self.core;
        let end = finished.end;
        core.stats.attempt(end);
        let call = finished.call.as_ref();
        if let Some(call) = call {
            let took = Instant::now().saturating_duration_since(call.received.received_at());
            crate::meter::attempt(core.app_label(Some(&call.header)), &call.route().name, end, took);
            core.observe(|| {
                let delivery = core.describe(&call.received, Some(&call.header), Some(call.route));
                Observed::Attempted(AttemptInfo { delivery, attempt: claimed.attempt, end, took })
            });
        }
        let handler = call.map(|call| call.route().name.as_ref());
        let event_type = call.map(|call| call.header.event_type.as_str());
        let event_id = call.and_then(|call| call.header.event_id.as_ref()).map(EventId::as_str);
        let trace_id = call.and_then(|call| call.received.trace_id());
        let (attempt, why) = (claimed.attempt, finished.why.as_str());
        match end {
            AttemptEnd::Succeeded => {
                tracing::debug!(
                    handler,
                    event_type,
                    event_id,
                    trace_id,
                    attempt,
                    "event of the inbox handled"
                );
            }
            AttemptEnd::Released => {
                tracing::debug!(
                    handler,
                    event_type,
                    event_id,
                    trace_id,
                    attempt,
                    "event goes back into the inbox"
                );
            }
            AttemptEnd::Failed => {
                let next = finished.record.as_ref().and_then(|record| match record {
                    ClaimEnd::Retry(after) => Some(*after),
                    _ => None,
                });
                tracing::warn!(
                    handler,
                    event_type,
                    event_id,
                    trace_id,
                    attempt,
                    error = why,
                    ?next,
                    "the handler of an event of the inbox failed; it runs again",
                );
            }
            AttemptEnd::Dead => tracing::error!(
                handler,
                event_type,
                event_id,
                trace_id,
                attempt,
                error = why,
                "an event of the inbox was given up; it is among the dead letters",
            ),
            AttemptEnd::Lost => tracing::warn!(
                handler,
                event_type,
                event_id,
                trace_id,
                attempt,
                "the claim of an event could not be renewed in time, so its handler was cancelled; it runs again",
            ),
        }
    }
}
