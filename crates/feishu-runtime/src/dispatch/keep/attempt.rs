//! One attempt to handle an event of the inbox.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::Poll;
use std::time::Duration;

use feishu_callbacks::{Header, peek};
use feishu_transport::{Answer, Delivery, Received};
use tokio::sync::{SemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use tracing::Instrument as _;

use super::finish::Finished;
use super::{Keeper, lost};
use crate::call::Call;
#[cfg(feature = "openapi")]
use crate::card_stream::is_record;
use crate::dispatch::run::Start;
use crate::dispatch::settle::Ended;
use crate::stats::{Incident, Outcome};
use crate::{ClaimedEvent, Failure};

/// When an event is due again that found no place among the running handlers.
pub(super) const BUSY: Duration = Duration::from_secs(1);

/// The end of the handler's run.
enum Ran {
    Ended(Ended),
    /// It did not end within its time.
    TooLong,
    /// The claim could not be renewed, so another process may have the event.
    Lost,
    /// The client ended.
    Killed,
}

impl Keeper {
    /// Makes one attempt, and records its end.
    pub(super) async fn attempt(
        self: Arc<Self>,
        claimed: ClaimedEvent,
        mut valid: watch::Receiver<Option<Instant>>,
    ) {
        let landing = Landing { keeper: &self, id: claimed.event.id.clone() };
        let finished = self.handle(&claimed, &mut valid).await;
        self.finish(&claimed, finished, &mut valid).await;
        drop(landing);
    }

    async fn handle(
        self: &Arc<Self>,
        claimed: &ClaimedEvent,
        valid: &mut watch::Receiver<Option<Instant>>,
    ) -> Finished {
        let header = match peek(&claimed.event.payload) {
            Ok(header) => Arc::new(header),
            Err(error) => return Finished::dead(&format!("the payload is not a callback or event: {error}")),
        };
        let _alone = match self.suspect(claimed) {
            Ok(alone) => alone,
            Err(instead) => return instead,
        };
        #[cfg(feature = "openapi")]
        if is_record(&claimed.event.id, header.event_type.as_str()) {
            return self.resume(claimed, valid).await;
        }
        let Some(chosen) = self.plan.choose(&header, || self.core.clock.now()) else {
            return Finished::dead(&format!("there is no handler for `{}`", header.event_type));
        };
        if chosen.stale {
            self.core.incident(Incident::Stale);
            self.core.stale.log(header.event_type.as_str(), header.age(self.core.clock.now()));
        }
        let Some(pass) = self.core.admission.enter(chosen.route, claimed.event.payload.len()) else {
            return Finished::release(BUSY);
        };
        // Kept, so that what waits for the answer to be written finds that it was.
        let (call, _answer) = self.call(claimed, header, chosen.route);
        let ran = run(&call, Start::Unordered(pass), valid).await;
        let finished = self.judge(&call, claimed, ran);
        let answer = if finished.is_success() { Answer::empty() } else { Answer::failed() };
        call.answer(&answer, Outcome::Stored);
        finished
    }

    /// Of the events at which the process has died again and again, runs one at a time, so that one of them does not make
    /// the others look guilty; and gives the rest some time before. Returns what to do in place of the attempt.
    fn suspect(&self, claimed: &ClaimedEvent) -> Result<Option<SemaphorePermit<'_>>, Finished> {
        let interrupted = claimed.attempt.saturating_sub(1).saturating_sub(claimed.failures);
        if interrupted >= self.inbox.attempts {
            return Err(Finished::dead(&format!("the process ended during {interrupted} attempts")));
        }
        if interrupted < 2 {
            return Ok(None);
        }
        let lived = self.started.get().map_or(Duration::MAX, Instant::elapsed);
        match self.inbox.pause(interrupted).checked_sub(lived) {
            Some(rest) if !rest.is_zero() => Err(Finished::release(rest)),
            // Spread out, so that one of many comes soon after the other.
            _ => self
                .alone
                .try_acquire()
                .map(Some)
                .map_err(|_| Finished::release(BUSY.mul_f64(fastrand::f64()))),
        }
    }

    fn call(
        &self,
        claimed: &ClaimedEvent,
        header: Arc<Header>,
        route: usize,
    ) -> (Arc<Call>, feishu_transport::PendingAnswer) {
        let event = &claimed.event;
        let received = Received::new(event.payload.clone(), event.headers.iter().cloned());
        let (delivery, answer) = Delivery::channel(received);
        let deadline = Instant::now() + self.inbox.time_limit;
        let handler = self.plan.handler(route);
        (Call::of_inbox(&self.core, delivery, header, handler, (claimed.attempt, deadline)), answer)
    }

    fn judge(&self, call: &Arc<Call>, claimed: &ClaimedEvent, ran: Ran) -> Finished {
        let finished = match ran {
            Ran::Ended(Ended::Answered(answer) | Ended::Duplicate(answer)) if answer.is_ok() => {
                Finished::done()
            }
            Ran::Ended(Ended::Failed(Failure::Busy(_))) => Finished::release(BUSY),
            Ran::Ended(Ended::Failed(failure)) => {
                let answer = call.handler.error_answer(call, &failure);
                if answer.is_some_and(|answer| answer.is_ok()) {
                    Finished::done()
                } else if matches!(failure, Failure::Undecodable(_)) {
                    Finished::dead(&failure.to_string())
                } else {
                    self.failed_attempt(claimed, failure.to_string())
                }
            }
            Ran::Ended(_) => self.failed_attempt(claimed, "it was answered with code 500".to_owned()),
            Ran::TooLong => {
                self.failed_attempt(claimed, format!("it was not handled within {:?}", self.inbox.time_limit))
            }
            Ran::Lost => Finished::lost(),
            Ran::Killed => Finished::release(Duration::ZERO),
        };
        finished.by(call)
    }

    /// The next attempt after a failure, or none.
    pub(super) fn failed_attempt(&self, claimed: &ClaimedEvent, why: String) -> Finished {
        let failures = claimed.failures.saturating_add(1);
        if failures >= self.inbox.attempts {
            return Finished::dead(&why);
        }
        let pause = self.inbox.pause(failures);
        Finished::retry(pause.mul_f64(0.9 + 0.2 * fastrand::f64()), why)
    }
}

/// Runs the handler to its end or the end of its time.
async fn run(call: &Arc<Call>, start: Start, valid: &mut watch::Receiver<Option<Instant>>) -> Ran {
    let queued = AtomicBool::new(false);
    let span = call.span();
    let mut work = pin!(call.work(start, &queued).instrument(span));
    let ended = poll_fn(|cx| match call.poll_handler(work.as_mut(), cx, None).0 {
        Poll::Ready(ended) => Poll::Ready(Ran::Ended(ended)),
        Poll::Pending => Poll::Pending,
    });
    tokio::select! {
        biased;
        ran = ended => ran,
        () = call.core.killed().cancelled() => Ran::Killed,
        () = lost(valid) => Ran::Lost,
        () = sleep_until(call.deadline) => Ran::TooLong,
    }
}

/// An event that is being handled here.
struct Landing<'a> {
    keeper: &'a Keeper,
    id: String,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.keeper.flights().remove(&self.id);
        self.keeper.wake.notify_one();
    }
}
