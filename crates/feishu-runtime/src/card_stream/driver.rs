//! The task of one stream: makes the calls that its state wants, one at a time.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument as _;

use super::keeping::{Keeping, RecordEnd};
use super::machine::{Act, Done, Machine, Step, Verdict, Way};
use super::shared::{Phase, Shared};
use super::{Delivered, Holds, Home, StreamError};
use crate::openapi::Urgency;
use crate::stats::Fate;
use crate::{CallError, OpenApi};

type Opened = oneshot::Sender<Result<(), StreamError>>;
type Ended = oneshot::Sender<Result<Delivered, StreamError>>;

pub(super) struct Driver {
    api: OpenApi,
    machine: Machine,
    shared: Arc<Shared>,
    home: Option<Home>,
    holds: Option<Arc<Holds>>,
    opened: Option<Opened>,
    ended: Option<Ended>,
    /// The record in the inbox of the client, if it has one.
    keeping: Option<Keeping>,
    last_error: Option<CallError>,
}

impl Driver {
    pub(super) fn new(
        api: OpenApi,
        machine: Machine,
        shared: Arc<Shared>,
        home: Option<Home>,
        opened: Opened,
        ended: Ended,
    ) -> Self {
        api.fates().stream_began();
        let keeping = home.as_ref().and_then(|home| {
            let records = home.records.clone()?;
            Some(Keeping::new(records, &machine.seed, home.runs_again))
        });
        Self {
            keeping,
            api,
            machine,
            shared,
            holds: home.as_ref().map(|home| Arc::clone(&home.holds)),
            home,
            opened: Some(opened),
            ended: Some(ended),
            last_error: None,
        }
    }

    /// Brings a stream to its end that another process began. The end is not counted, and the record is the caller's.
    pub(super) async fn resumed(
        api: OpenApi,
        machine: Machine,
        keeping: Keeping,
    ) -> (Option<Done>, Option<CallError>) {
        api.fates().stream_began();
        let shared = Arc::new(Shared::ended(machine.text.clone()));
        let mut driver = Self {
            api,
            machine,
            shared,
            home: None,
            holds: None,
            opened: None,
            ended: None,
            keeping: Some(keeping),
            last_error: None,
        };
        driver.work().await;
        (driver.machine.done, driver.last_error.take())
    }

    /// Runs it in a task: one that the client waits for, if there is one.
    pub(super) fn spawn(mut self) {
        match self.home.take() {
            Some(Home { spawn, closing, .. }) => spawn(Box::pin(self.run(closing))),
            None => drop(tokio::spawn(self.run(std::future::pending::<Instant>()).in_current_span())),
        }
    }

    async fn run(mut self, closing: impl Future<Output = Instant>) {
        let shared = Arc::clone(&self.shared);
        let words = self.machine.options.interrupted.clone();
        // Beside the work, which may be waiting for an answer.
        let closing = async move {
            let end = closing.await;
            if shared.interrupt(&words) {
                tracing::warn!("a streamed card is closed before its end, as the client stops");
            }
            // Half of the time is left to the handler, which must hear of it to end well.
            sleep_until(end - end.saturating_duration_since(Instant::now()) / 2).await;
            if !shared.slot().is_kept {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = closing => {}
            () = self.work() => {}
        }
        self.conclude().await;
    }

    async fn work(&mut self) {
        loop {
            self.look();
            self.keep().await;
            match self.machine.next(Instant::now()) {
                Step::Done => return,
                Step::Wait(None) => self.shared.wake.notified().await,
                Step::Wait(Some(until)) => tokio::select! {
                    () = other_than_text(&self.shared, &self.machine) => {}
                    () = sleep_until(until) => {}
                },
                Step::Call(act) => self.call(act).await,
            }
        }
    }

    /// Takes what came since: text, the end, clicks.
    fn look(&mut self) {
        let slot = self.shared.slot();
        let text = (slot.text != self.machine.text).then(|| slot.text.clone());
        let (held_until, has_ended) = (slot.held_until(), slot.phase != Phase::Grows);
        // A long text takes a while to divide, and `push` must not wait for it.
        drop(slot);
        if let Some(text) = text {
            self.machine.set_text(text);
        }
        self.machine.hold(held_until);
        if has_ended && !self.machine.has_ended {
            self.machine.end();
        }
    }

    /// Stores what another process must know, if there is an inbox.
    async fn keep(&mut self) {
        let Some(keeping) = &mut self.keeping else { return };
        let interrupted = self.shared.slot().phase == Phase::Interrupted;
        keeping.store(&self.machine, interrupted).await;
        self.shared.slot().is_kept = keeping.can_take_over(&self.machine);
    }

    /// Lets the inbox bring the card to its end. False if there is none, or the text is not final.
    async fn hand_over(&mut self) -> bool {
        let interrupted = self.shared.slot().phase == Phase::Interrupted;
        let Some(keeping) = self.keeping.as_mut().filter(|_| self.machine.has_ended) else { return false };
        keeping.take_over(&self.machine, interrupted).await
    }

    fn is_kept(&self) -> bool {
        self.keeping.as_ref().is_some_and(Keeping::has_text)
    }

    fn end_record(&mut self, end: RecordEnd) {
        if let Some(keeping) = &mut self.keeping {
            keeping.end(end);
        }
    }

    async fn call(&mut self, act: Act) {
        let place = self.machine.rates(act);
        let began = Instant::now();
        let is_its_turn = self.wait_for_turn(act).await;
        self.machine.waited(began.elapsed());
        if !is_its_turn {
            return;
        }
        // The text of now, not that of when it began to wait.
        self.look();
        self.keep().await;
        let Some(request) = self.machine.take(Instant::now()) else { return };
        let result = request.send(&self.api, &place).await;
        let result = result.map_err(|error| {
            let verdict = Verdict::of(&error);
            tracing::debug!(?act, ?verdict, %error, "a call of a streamed card was refused");
            if verdict == Verdict::NoScope && matches!(act, Act::Create(_)) {
                self.api.fates().lacks_cards_now();
            }
            self.last_error = Some(error);
            verdict
        });
        self.machine.answered(Instant::now(), result);
        self.after(act);
    }

    /// Waits until the rates allow the call; false if something else is to be done meanwhile.
    async fn wait_for_turn(&mut self, act: Act) -> bool {
        let place = self.machine.rates(act);
        let is_urgent = self.machine.is_urgent(act);
        let urgency = if is_urgent { Urgency::First } else { Urgency::Later };
        let again = self.machine.failures > 0;
        let api = self.api.clone();
        let mut turn = pin!(api.rates().enter(&place, urgency, again, None));
        loop {
            tokio::select! {
                biased;
                entered = &mut turn => {
                    if entered.is_err() {
                        self.machine.crowded(Instant::now());
                    }
                    return entered.is_ok();
                }
                () = other_than_text(&self.shared, &self.machine) => {}
            }
            self.look();
            let is_same = self.machine.next(Instant::now()) == Step::Call(act);
            if !is_same || self.machine.is_urgent(act) != is_urgent {
                return false;
            }
        }
    }

    fn after(&mut self, act: Act) {
        if matches!(act, Act::Send(_)) {
            let messages = self.machine.messages();
            if let (Some(holds), Some(message)) = (&self.holds, messages.last()) {
                holds.add(message, &self.shared);
            }
            self.shared.slot().messages = messages;
        }
        if self.machine.is_open() {
            if let Some(opened) = self.opened.take() {
                drop(opened.send(Ok(())));
            }
        }
    }

    /// Records the end, and tells the handle.
    async fn conclude(&mut self) {
        let phase = self.shared.slot().phase;
        let by_patch = self.machine.way == Way::Patch;
        if matches!(self.machine.done, Some(Done::Late) | None) && self.hand_over().await {
            let stops = self.machine.done.is_none();
            tracing::warn!(
                error = self.last_error.take().map(|error| error.to_string()),
                "the platform has not taken the end of a streamed card; the inbox tries it again"
            );
            self.kept();
            self.end_record(if stops { RecordEnd::Released } else { RecordEnd::Again });
            return;
        }
        if self.machine.done != Some(Done::Shown) {
            let error = self.last_error.take().map_or_else(StreamError::gone, StreamError::call);
            tracing::error!(%error, "a streamed card was not brought to its end");
            self.api.fates().one(Fate::Failed);
            self.shared.slot().failed = Some(error.clone());
            if let Some(opened) = self.opened.take() {
                drop(opened.send(Err(error.clone())));
            }
            if let Some(ended) = self.ended.take() {
                drop(ended.send(Err(error)));
            }
            // A text that was refused would be again. Else the card is closed later, as far as its record goes.
            let refused = self.machine.done == Some(Done::Failed);
            self.end_record(if refused { RecordEnd::Done } else { RecordEnd::Again });
            return;
        }
        self.api.fates().one(match phase {
            Phase::Interrupted => Fate::Abandoned,
            _ if by_patch => Fate::ByFallback,
            _ => Fate::Delivered,
        });
        self.tell(false);
        self.end_record(RecordEnd::Done);
    }

    fn kept(&mut self) {
        self.api.fates().one(Fate::Kept);
        self.tell(true);
    }

    fn tell(&mut self, kept: bool) {
        let delivered = Delivered {
            messages: self.machine.messages(),
            by_patch: self.machine.way == Way::Patch,
            updates: self.machine.updates,
            kept,
        };
        if let Some(ended) = self.ended.take() {
            drop(ended.send(Ok(delivered)));
        }
    }
}

/// Resolves when the end or a click came. More text alone changes nothing while it cannot be sent yet.
async fn other_than_text(shared: &Shared, machine: &Machine) {
    loop {
        shared.wake.notified().await;
        let slot = shared.slot();
        let has_ended = slot.phase != Phase::Grows;
        if has_ended != machine.has_ended || slot.held_until() != machine.held_until {
            return;
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.ended.is_some() && self.is_kept() {
            self.kept();
        } else if self.ended.is_some() {
            // The client ended, or the runtime.
            self.api.fates().one(Fate::Abandoned);
            tracing::error!("a streamed card was given up, as the client ended; its text may not be whole");
        }
        if let Some(holds) = &self.holds {
            holds.remove(&self.machine.messages());
        }
        self.api.fates().stream_ended();
    }
}
