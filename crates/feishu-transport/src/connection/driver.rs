//! Drives one open connection: the link's I/O, the session's protocol and the outbox's answers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep_until};

use super::closing::Closing;
use super::doubt::Doubt;
use super::ending::{Ending, judge};
use super::hold::{Hold, Turn};
use super::outbox::Outbox;
use super::shared::Shared;
use super::stall::Stall;
use super::unsent::Unsent;
use crate::session::{Session, Step};
use crate::state::Activity;
use crate::{Answer, Delivery, Error, Link, Message, Received, ReplyPath, Stage};

/// One open connection, driven by its [task](super::task).
pub(super) struct Driver {
    link: Box<dyn Link>,
    session: Session,
    outbox: Arc<Outbox>,
    unsent: Unsent,
    path: Arc<dyn ReplyPath>,
    activity: Arc<Activity>,
    shared: Arc<Shared>,
    io: Io,
}

struct Io {
    needs_flush: bool,
    stall: Stall,
    timer: Pin<Box<Sleep>>,
    doubt: Doubt,
    closing: Closing,
    hold: Hold,
    /// What is read in this turn.
    turn: Turn,
    /// Whether the driver has yielded to ready handlers since the last answer came.
    yielded: bool,
}

/// What came of reading.
pub(super) enum Receive {
    /// A message for the inbox.
    Delivery(Delivery),
    /// There is nothing more to read for now.
    Drained,
    /// Reading pauses; the timer or an answer goes on.
    Held,
}

impl Driver {
    pub(super) fn new(
        link: Box<dyn Link>,
        session: Session,
        outbox: Arc<Outbox>,
        path: Arc<dyn ReplyPath>,
        activity: Arc<Activity>,
        shared: Arc<Shared>,
    ) -> Self {
        let io = Io {
            needs_flush: false,
            stall: Stall::default(),
            timer: Box::pin(sleep_until(Instant::now())),
            doubt: Doubt::default(),
            closing: Closing::No,
            hold: Hold::default(),
            turn: Turn::UntilOver,
            yielded: false,
        };
        let unsent = Unsent::new(&outbox, &shared);
        Self { link, session, outbox, unsent, path, activity, shared, io }
    }

    /// The session, for the next connection.
    pub(super) fn into_session(self) -> Session {
        self.session
    }

    /// Begins a turn, which ends with [`Driver::write`]: answers that are given in between need not wake the task.
    pub(super) fn begin(&mut self) {
        self.outbox.hold_wakes();
        self.io.turn = self.io.hold.turn(self.is_over());
    }

    /// Reads up to the next message for the inbox. An `Err` ends the connection.
    pub(super) fn receive(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<Receive, Ending> {
        let received = self.read(now, cx);
        if received.is_err() {
            // The answers then go out on another connection.
            self.refuse();
        }
        received
    }

    fn read(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<Receive, Ending> {
        match self.io.turn {
            Turn::Pause => return Ok(Receive::Held),
            Turn::UntilOver if self.is_over() => {
                self.io.hold.begin();
                return Ok(Receive::Held);
            }
            Turn::UntilOver | Turn::All => {}
        }
        loop {
            let message = match self.link.poll_next(cx) {
                Poll::Pending => return Ok(Receive::Drained),
                Poll::Ready(Some(Ok(message))) => message,
                Poll::Ready(Some(Err(error))) => return Err(self.gone(error)),
                Poll::Ready(None) => return Err(self.gone(Error::lost("closed by the peer"))),
            };
            self.activity.frame_at(now);
            match self.session.receive(now.into_std(), message) {
                Step::Idle => {}
                Step::Deliver { frame, payload } => {
                    self.activity.event_at(now);
                    let received = Received::from_frame(frame, payload, now, Arc::clone(&self.outbox.info));
                    if let Some(delivery) = self.delivery(received) {
                        return Ok(Receive::Delivery(delivery));
                    }
                }
                Step::Settings(update) => self.session.apply(&self.shared.merge_settings(&update)),
                Step::PeerCloses(reason) => self.peer_closes(now, reason)?,
            }
        }
    }

    /// What follows reading: judge, ping, answer, flush, close. `drained` says that there was nothing more to read. An `Err`
    /// ends the connection.
    pub(super) fn write(&mut self, drained: bool, cx: &mut Context<'_>) -> Result<(), Ending> {
        self.refuse();
        let now = Instant::now();
        if drained {
            // Only after reading: a peer is silent only if nothing is waiting to be read.
            let verdict = judge(&self.session, now);
            if self.io.doubt.is_over(verdict.is_err(), self.io.timer.is_elapsed(), now) {
                return verdict;
            }
        }
        self.session.expire(now.into_std());
        self.take_orders(cx, now);
        self.send(cx, now)?;
        self.flush(cx, now)?;
        self.close_when_due(cx, now, drained)?;
        self.arm_timer(cx);
        Ok(())
    }

    /// Whether unanswered messages hold too many bytes.
    fn is_over(&self) -> bool {
        self.outbox.pending_bytes() > self.shared.config.limits.unanswered_bytes as u64
    }

    /// The delivery of a message; `None` if it was answered here.
    fn delivery(&self, received: Received) -> Option<Delivery> {
        self.outbox.delivered(received.payload().len());
        self.shared.router.delivered();
        let delivery = Delivery::new(received, Arc::clone(&self.path));
        if self.is_unanswerable() {
            // No handler runs in vain: an event comes again elsewhere.
            self.shared.counters.refused_while_stopping.one();
            delivery.answer(&Answer::failed());
            return None;
        }
        Some(delivery)
    }

    /// Answers messages that were too large with 500.
    fn refuse(&mut self) {
        for frame in self.session.take_refused() {
            self.outbox.delivered(0);
            self.shared.router.refused();
            let received =
                Received::from_frame(frame, Bytes::new(), Instant::now(), Arc::clone(&self.outbox.info));
            Delivery::new(received, Arc::clone(&self.path)).answer(&Answer::failed());
        }
    }

    /// Whether an answer can neither be written here any more nor go out on another connection, now or in the grace.
    fn is_unanswerable(&self) -> bool {
        matches!(self.io.closing, Closing::AwaitingPeer(_) | Closing::Replying(..))
            && self.shared.is_stopping()
            && self.shared.is_over()
            && !self.shared.router.has_open()
    }

    /// Handles the peer's close message: pending answers move to other connections, our reply is written here.
    fn peer_closes(&mut self, now: Instant, reason: Option<(u16, String)>) -> Result<(), Ending> {
        if matches!(self.io.closing, Closing::AwaitingPeer(_)) {
            return Err(Ending::Released);
        }
        let detail = match reason {
            Some((code, reason)) if reason.is_empty() => format!("closed by the peer with code {code}"),
            Some((code, reason)) => format!("closed by the peer with code {code}: {reason:?}"),
            None => "closed by the peer".to_owned(),
        };
        let until = now + self.shared.config.timeouts.close;
        self.io.closing = Closing::Replying(until, Error::lost(detail));
        self.io.needs_flush = true;
        self.take_no_more_answers();
        Ok(())
    }

    /// Closes the outbox: pending and later answers go out on another connection.
    fn take_no_more_answers(&mut self) {
        self.shared.router.closed(&self.outbox, std::mem::take(&mut self.unsent.waiting).into());
    }

    /// Classifies an error or the end of the link: expected while closing, otherwise a loss.
    fn gone(&mut self, error: Error) -> Ending {
        match std::mem::replace(&mut self.io.closing, Closing::No) {
            Closing::AwaitingPeer(_) => Ending::Released,
            Closing::Replying(_, reason) => Ending::lost(reason),
            Closing::No | Closing::Retiring(_) => Ending::lost(error),
        }
    }

    fn take_orders(&mut self, cx: &mut Context<'_>, now: Instant) {
        if matches!(self.io.closing, Closing::Replying(..)) {
            return;
        }
        let had_answers = !self.unsent.waiting.is_empty();
        let Poll::Ready(orders) = self.outbox.poll_take(cx, &mut self.unsent.waiting) else { return };
        if orders.probe {
            self.session.probe_now(now.into_std());
        }
        if let (Some(patience), Closing::No | Closing::Retiring(_)) = (orders.retire, &self.io.closing) {
            self.io.closing = Closing::Retiring(now + patience);
        }
        if !had_answers {
            self.io.yielded = false;
        }
    }

    /// Writes pings and answers to the link until it accepts no more.
    fn send(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), Ending> {
        if matches!(self.io.closing, Closing::AwaitingPeer(_) | Closing::Replying(..)) {
            return Ok(());
        }
        if self.io.stall.is_on() {
            // The link has enough to write. What waits here can still be dropped, and a ping's deadline has not begun.
            self.shared.router.expire_waiting(&mut self.unsent.waiting, now);
            return Ok(());
        }
        while self.is_ready(cx)? {
            let Some(ping) = self.session.poll_ping(now.into_std()) else { break };
            self.start_send(ping)?;
        }
        if self.unsent.waiting.is_empty() {
            return Ok(());
        }
        if self.outbox.pending() > 0 && !std::mem::replace(&mut self.io.yielded, true) {
            // Other handlers are running: yield once, so that answers that are about to come share the same flush.
            cx.waker().wake_by_ref();
            return Ok(());
        }
        while !self.unsent.waiting.is_empty() && self.is_ready(cx)? {
            if let Some(outgoing) = self.unsent.waiting.pop_front() {
                self.start_send(Message::Binary(outgoing.wire.clone()))?;
                self.unsent.unflushed.push(outgoing);
            }
        }
        Ok(())
    }

    fn is_ready(&mut self, cx: &mut Context<'_>) -> Result<bool, Ending> {
        match self.link.poll_ready(cx) {
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Ready(Err(error)) => Err(self.gone(error)),
            Poll::Pending => {
                self.io.needs_flush = true;
                Ok(false)
            }
        }
    }

    fn start_send(&mut self, message: Message) -> Result<(), Ending> {
        self.io.needs_flush = true;
        self.link.start_send(message).map_err(|error| self.gone(error))
    }

    fn flush(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), Ending> {
        if !self.io.needs_flush {
            return Ok(());
        }
        match self.link.poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                self.io.needs_flush = false;
                if self.io.stall.ended() {
                    self.session.written(now.into_std());
                    // A ping may have waited for this.
                    cx.waker().wake_by_ref();
                }
                self.shared.counters.answers_written.add(self.unsent.unflushed.len() as u64);
                for outgoing in self.unsent.unflushed.drain(..) {
                    if let Some(confirm) = outgoing.confirm {
                        confirm.written();
                    }
                }
                if !self.unsent.waiting.is_empty() {
                    cx.waker().wake_by_ref();
                }
                Ok(())
            }
            Poll::Ready(Err(error)) => Err(self.gone(error)),
            Poll::Pending => {
                if self.io.stall.goes_on(self.link.written(), now) {
                    // The peer takes bytes. A ping may wait behind them, so its answer comes later.
                    self.session.written(now.into_std());
                }
                let limit = self.shared.config.timeouts.write;
                if self.io.stall.until(limit).is_some_and(|until| until <= now) {
                    return Err(self.gone(Error::timed_out(Stage::Write, limit)));
                }
                Ok(())
            }
        }
    }

    /// Closes once nothing waits for an answer. `drained` says that all that has arrived has been taken: the platform
    /// gives a click to this connection for as long as it is open.
    fn close_when_due(&mut self, cx: &mut Context<'_>, now: Instant, drained: bool) -> Result<(), Ending> {
        let written = !self.io.needs_flush && self.unsent.waiting.is_empty();
        match &self.io.closing {
            Closing::Retiring(until) => {
                if now < *until && !(drained && written && self.outbox.pending() == 0) {
                    return Ok(());
                }
                self.take_no_more_answers();
                if !self.is_ready(cx)? {
                    return Err(Ending::Released);
                }
                self.start_send(Message::Close(Some((1000, String::new()))))?;
                self.io.closing = Closing::AwaitingPeer(now + self.shared.config.timeouts.close);
                self.flush(cx, now)
            }
            Closing::AwaitingPeer(until) if now >= *until => Err(Ending::Released),
            Closing::Replying(until, _) if written || now >= *until => Err(self.gone(Error::lost(""))),
            Closing::No | Closing::AwaitingPeer(_) | Closing::Replying(..) => Ok(()),
        }
    }

    /// Sets the timer to the next deadline. A timer that would fire too early is kept: deadlines move with every
    /// message, and resetting a timer costs more than one unnecessary turn.
    fn arm_timer(&mut self, cx: &mut Context<'_>) {
        loop {
            // A link that accepts no bytes wakes the driver once it does; due pings wait until then.
            let write = self.io.stall.until(self.shared.config.timeouts.write);
            let can_ping = write.is_none() && matches!(self.io.closing, Closing::No | Closing::Retiring(_));
            let mut next = Instant::from_std(self.session.next_timeout(can_ping));
            next = self.io.doubt.until.map_or(next, |until| until.max(next));
            for due in [write, self.io.closing.until(), self.io.hold.until].into_iter().flatten() {
                next = next.min(due);
            }
            let timer = self.io.timer.as_mut();
            if timer.is_elapsed() || next < timer.deadline() {
                self.io.timer.as_mut().reset(next);
            }
            match self.io.timer.as_mut().poll(cx) {
                Poll::Pending => return,
                Poll::Ready(()) if next <= Instant::now() => return cx.waker().wake_by_ref(),
                Poll::Ready(()) => {}
            }
        }
    }
}
