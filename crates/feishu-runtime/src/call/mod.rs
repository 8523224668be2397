//! One call of a handler, and its single answer.

mod failure;
mod perform;

use std::any::Any;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use feishu_callbacks::{Header, OddField, Reply};
use feishu_transport::{Answer, Delivery, Receipt, Received};
use serde_json::Value;
use tokio::time::Instant;

pub use failure::Failure;

pub(crate) use perform::{Perform, Prepared, Running};

use crate::core::{ClickPlace, Core, RouteRules, Rules};
use crate::stats::{Incident, Outcome};

pub(crate) type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The state of one delivery while it is handled, shared by its contexts.
pub(crate) struct Call {
    pub(crate) core: Arc<Core>,
    pub(crate) received: Arc<Received>,
    pub(crate) header: Arc<Header>,
    /// Index of the route in the rules.
    pub(crate) route: usize,
    pub(crate) handler: Arc<dyn Perform>,
    pub(crate) deadline: Instant,
    repeat: AtomicBool,
    /// The number of the attempt, counted from 1, of an event of the inbox; 0 for a delivery.
    attempt: u32,
    /// Among the clicks on its message, where late results must know of newer cards.
    place: Option<ClickPlace>,
    reply: Mutex<ReplySlot>,
    /// Whether the slot has no delivery any more, for those who ask without its lock.
    answered: AtomicBool,
    /// The result kept for a test.
    kept: Option<Mutex<Kept>>,
}

/// The result of a call, for a test.
#[derive(Default)]
pub(crate) struct Kept {
    /// The handler's typed reply.
    pub(crate) reply: Option<Box<dyn Any + Send>>,
    /// The reason why there is no reply.
    pub(crate) failure: Option<String>,
}

/// The answer, and the futures that wait for it.
struct ReplySlot {
    /// `None` after it was answered.
    delivery: Option<Delivery>,
    after: Vec<Boxed>,
    written: Written,
}

/// The progress of the answer to the platform.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// Not given yet, or being sent with a receipt pending.
    Pending,
    /// Written, or given without a receipt.
    Done,
    Lost,
}

impl ReplySlot {
    fn new(delivery: Delivery) -> Self {
        Self { delivery: Some(delivery), after: Vec::new(), written: Written::Pending }
    }
}

impl Call {
    /// Creates a call of one route. With `keep_typed` it keeps the handler's typed reply.
    pub(crate) fn new(
        core: &Arc<Core>,
        delivery: Delivery,
        header: Arc<Header>,
        (route, handler): (usize, Arc<dyn Perform>),
        keep_typed: bool,
    ) -> Arc<Self> {
        Arc::new(Self::start(core, delivery, header, (route, handler), keep_typed))
    }

    /// Creates a call for an attempt to handle an event of the inbox, which has been answered before.
    pub(crate) fn of_inbox(
        core: &Arc<Core>,
        delivery: Delivery,
        header: Arc<Header>,
        handler: (usize, Arc<dyn Perform>),
        (attempt, deadline): (u32, Instant),
    ) -> Arc<Self> {
        let call = Self::start(core, delivery, header, handler, false);
        Arc::new(Self { attempt, deadline, repeat: AtomicBool::new(attempt > 1), ..call })
    }

    fn start(
        core: &Arc<Core>,
        delivery: Delivery,
        header: Arc<Header>,
        (route, handler): (usize, Arc<dyn Perform>),
        keep_typed: bool,
    ) -> Self {
        let received = Arc::clone(delivery.received());
        let rules = core.rules.route(route);
        let tracked = rules.takes_late_results;
        Self {
            place: tracked
                .then(|| core.cards.arrive(header.event_type.as_str(), received.payload()))
                .flatten(),
            deadline: received.received_at() + rules.deadline,
            core: Arc::clone(core),
            received,
            header,
            route,
            handler,
            repeat: AtomicBool::new(false),
            attempt: 0,
            reply: Mutex::new(ReplySlot::new(delivery)),
            answered: AtomicBool::new(false),
            kept: keep_typed.then(Default::default),
        }
    }

    /// Whether the platform waits for a reply to it.
    pub(crate) fn is_callback(&self) -> bool {
        self.handler.is_callback(&self.header)
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.core.rules
    }

    pub(crate) fn route(&self) -> &RouteRules {
        self.core.rules.route(self.route)
    }

    /// Encodes a reply as JSON, after checking it for what the user's client would refuse.
    pub(crate) fn encode<R: Reply>(&self, reply: &R) -> Result<Answer, Failure> {
        for finding in reply.findings() {
            if self.rules().strict_replies {
                return Err(Failure::InvalidReply(finding.to_string()));
            }
            tracing::warn!(
                handler = %self.route().name,
                trace_id = self.received.trace_id(),
                %finding,
                "the user's client will not show this reply as intended",
            );
        }
        let json = reply.to_json().map_err(|error| Failure::InvalidReply(error.to_string()))?;
        if json != b"null" {
            return Ok(Answer::ok(json));
        }
        if self.rules().strict_replies {
            return Err(Failure::InvalidReply("the reply is `null`; return `{}` for none".to_owned()));
        }
        tracing::warn!(
            handler = %self.route().name,
            trace_id = self.received.trace_id(),
            "the handler's reply is `null`, which the user's client shows as an error; `{{}}` is sent in its place",
        );
        Ok(Answer::empty())
    }

    /// A member of the payload was left out.
    pub(crate) fn odd_member(&self, odd: &OddField) {
        self.core.incident(Incident::OddMembers);
        let trace_id = self.received.trace_id();
        self.core.odd.came(self.header.event_type.as_str(), odd, &self.route().name, trace_id);
    }

    /// Whether it is an attempt to handle an event of the inbox, whose delivery was answered before.
    pub(crate) fn is_of_inbox(&self) -> bool {
        self.attempt > 0
    }

    /// The number of the attempt, counted from 1.
    pub(crate) fn attempt(&self) -> u32 {
        if self.is_of_inbox() { self.attempt } else { 1 + u32::from(self.is_repeat()) }
    }

    /// Whether an earlier attempt failed.
    pub(crate) fn is_repeat(&self) -> bool {
        self.repeat.load(Relaxed)
    }

    pub(crate) fn set_repeat(&self) {
        self.repeat.store(true, Relaxed);
    }

    /// Whether an answer was given.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered.load(Acquire)
    }

    /// Gives the answer of a handler that has ended. False if one was given before.
    pub(crate) fn answer(self: &Arc<Self>, answer: &Answer, outcome: Outcome) -> bool {
        self.give(answer, outcome, false)
    }

    /// Gives an answer while the handler continues. False if one was given before.
    pub(crate) fn answer_early(self: &Arc<Self>, answer: &Answer, outcome: Outcome) -> bool {
        self.give(answer, outcome, true)
    }

    fn give(self: &Arc<Self>, answer: &Answer, outcome: Outcome, goes_on: bool) -> bool {
        let (delivery, wants_receipt) = {
            let mut slot = self.slot();
            let Some(delivery) = self.take_delivery(&mut slot) else { return false };
            let wants_receipt = goes_on || !slot.after.is_empty();
            if !wants_receipt {
                slot.written = Written::Done;
            }
            (delivery, wants_receipt)
        };
        if let (Some(place), Some(reply)) = (&self.place, answer.data()) {
            // A repeat gets what was sent before.
            if outcome != Outcome::Duplicate {
                place.replied(reply);
            }
        }
        let now = Instant::now();
        let is_late = outcome == Outcome::Answered && now > self.deadline;
        // Counted first, so that the count is visible once the answer is.
        self.count(if is_late { Outcome::Late } else { outcome }, answer, now);
        if wants_receipt {
            let receipt = delivery.answer_with_receipt(answer);
            self.core.spawn(Arc::clone(self).follow(receipt));
        } else {
            delivery.answer(answer);
        }
        true
    }

    /// The card that a later click on the same message has got.
    pub(crate) fn newer_card(&self) -> Option<Value> {
        self.place.as_ref()?.newer()
    }

    /// A reply whose card is sent later than the answer.
    #[cfg(feature = "openapi")]
    pub(crate) fn card_sent(&self, reply: &bytes::Bytes) {
        if let Some(place) = &self.place {
            place.replied(reply);
        }
    }

    fn count(&self, outcome: Outcome, answer: &Answer, now: Instant) {
        if self.is_of_inbox() {
            return;
        }
        let took = now.saturating_duration_since(self.received.received_at());
        self.core.count(&self.received, Some(&self.header), Some(self.route), outcome, answer, took);
    }

    /// Ends the delivery without an answer of its handler: with code 500, or as was chosen for callbacks while stopping.
    pub(crate) fn abandon(&self) {
        let delivery = self.take_delivery(&mut self.slot());
        if let Some(delivery) = delivery {
            let answer = self.stopping_answer();
            self.count(Outcome::Abandoned, &answer, Instant::now());
            delivery.answer(&answer);
        }
    }

    /// The answer to what is not handled because the client stops. An event is refused, as it comes again.
    pub(crate) fn stopping_answer(&self) -> Answer {
        let chosen = self.core.ending().is_some() && self.is_callback();
        if chosen { self.handler.stopping_answer() } else { Answer::failed() }
    }

    /// Runs `future` once the answer is written. False if too many wait already.
    pub(crate) fn after_reply(self: &Arc<Self>, future: Boxed) -> bool {
        let mut slot = self.slot();
        match slot.written {
            Written::Pending if slot.after.len() >= self.rules().limits.after_reply => return false,
            Written::Pending => slot.after.push(future),
            Written::Done => {
                drop(slot);
                self.core.spawn(future);
            }
            Written::Lost => {
                drop(slot);
                self.core.incident(Incident::AfterReplySkipped);
            }
        }
        true
    }

    /// Waits for the receipt, then starts the waiting futures.
    async fn follow(self: Arc<Self>, receipt: Receipt) {
        let written = receipt.await;
        let waiting = {
            let mut slot = self.slot();
            slot.written = if written { Written::Done } else { Written::Lost };
            std::mem::take(&mut slot.after)
        };
        for future in waiting {
            if written {
                self.core.spawn(future);
            } else {
                tracing::warn!(
                    handler = %self.route().name,
                    trace_id = self.received.trace_id(),
                    "the answer was lost; futures given to `after_reply` do not run",
                );
                self.core.incident(Incident::AfterReplySkipped);
            }
        }
    }

    /// Keeps the reply for a test, if there is one.
    pub(crate) fn keep_typed<R: Any + Send>(&self, reply: R) {
        if let Some(kept) = &self.kept {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.reply.get_or_insert_with(|| Box::new(reply));
        }
    }

    /// Keeps the failure for a test, if there is one.
    pub(crate) fn keep_failure(&self, failure: &Failure) {
        if let Some(kept) = &self.kept {
            kept.lock().unwrap_or_else(PoisonError::into_inner).failure = Some(failure.to_string());
        }
    }

    /// Takes the kept result.
    pub(crate) fn take_kept(&self) -> Kept {
        let kept = self.kept.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }

    fn take_delivery(&self, slot: &mut ReplySlot) -> Option<Delivery> {
        self.answered.store(true, Release);
        slot.delivery.take()
    }

    fn slot(&self) -> MutexGuard<'_, ReplySlot> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
