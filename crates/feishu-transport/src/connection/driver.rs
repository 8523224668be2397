//! Drives one open connection: the link's I/O, the session's protocol and the outbox's answers, in one poll.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use feishu_proto::RawFrame;
use tokio::time::{Instant, Sleep, sleep_until};

use super::closing::Closing;
use super::doubt::Doubt;
use super::ending::{Ending, judge};
use super::hold::{Hold, Turn};
use super::outbox::{Outbox, Outgoing};
use super::shared::Shared;
use super::stall::Stall;
use crate::session::{Session, Step};
use crate::state::Activity;
use crate::{Answer, Delivery, Error, Inbox, Link, Message, Received, ReplyPath, Stage};

/// Maximum number of messages read from the link before answers are written.
const RECEIVE_BATCH: usize = 64;
/// One open connection: a future that resolves when the connection ends.
pub(super) struct Driver {
    pub(super) link: Box<dyn Link>,
    pub(super) session: Option<Session>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) path: Arc<dyn ReplyPath>,
    pub(super) inbox: Arc<dyn Inbox>,
    pub(super) activity: Arc<Activity>,
    pub(super) shared: Arc<Shared>,
    io: Io,
}

struct Io {
    /// Taken from the outbox, not yet given to the link.
    waiting: VecDeque<Outgoing>,
    /// Given to the link, not yet flushed.
    unflushed: Vec<Outgoing>,
    needs_flush: bool,
    stall: Stall,
    timer: Pin<Box<Sleep>>,
    doubt: Doubt,
    closing: Closing,
    hold: Hold,
    /// Whether the driver has yielded to ready handlers since the last answer came.
    yielded: bool,
}

/// What receiving ended with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Receive {
    /// There is nothing more to read for now.
    Drained,
    /// There may be more.
    More,
    /// Reading pauses; the timer or an answer goes on.
    Held,
}

impl Driver {
    pub(super) fn new(
        link: Box<dyn Link>,
        session: Session,
        outbox: Arc<Outbox>,
        path: Arc<dyn ReplyPath>,
        inbox: Arc<dyn Inbox>,
        activity: Arc<Activity>,
        shared: Arc<Shared>,
    ) -> Self {
        let io = Io {
            waiting: VecDeque::new(),
            unflushed: Vec::new(),
            needs_flush: false,
            stall: Stall::default(),
            timer: Box::pin(sleep_until(Instant::now())),
            doubt: Doubt::default(),
            closing: Closing::No,
            hold: Hold::default(),
            yielded: false,
        };
        Self { link, session: Some(session), outbox, path, inbox, activity, shared, io }
    }

    /// One turn: receive, judge, ping, answer, flush, close. An `Err` ends the connection.
    fn turn(&mut self, session: &mut Session, cx: &mut Context<'_>) -> Result<(), Ending> {
        let received = self.receive(session, cx);
        // Also at the end of the connection: the answers then go out on another one.
        self.refuse(session.take_refused());
        let received = received?;
        let drained = received == Receive::Drained;
        let now = Instant::now();
        if drained {
            // Only after reading: a peer is silent only if nothing is waiting to be read.
            let verdict = judge(session, now);
            if self.io.doubt.is_over(verdict.is_err(), self.io.timer.is_elapsed(), now) {
                return verdict;
            }
        }
        session.expire(now.into_std());
        self.take_orders(session, cx, now);
        self.send(session, cx, now)?;
        self.flush(session, cx, now)?;
        self.close_when_due(session, cx, now, drained)?;
        if received == Receive::More {
            cx.waker().wake_by_ref();
        }
        self.arm_timer(session, cx);
        Ok(())
    }

    /// Reads messages from the link.
    fn receive(&mut self, session: &mut Session, cx: &mut Context<'_>) -> Result<Receive, Ending> {
        let mut now = None;
        let turn = self.io.hold.turn(self.is_over());
        if turn == Turn::Pause {
            return Ok(Receive::Held);
        }
        for _ in 0..RECEIVE_BATCH {
            if turn == Turn::UntilOver && self.is_over() {
                self.io.hold.begin();
                return Ok(Receive::Held);
            }
            let message = match self.link.poll_next(cx) {
                Poll::Pending => return Ok(Receive::Drained),
                Poll::Ready(Some(Ok(message))) => message,
                Poll::Ready(Some(Err(error))) => return Err(self.gone(error)),
                Poll::Ready(None) => return Err(self.gone(Error::lost("closed by the peer"))),
            };
            let now = *now.get_or_insert_with(|| {
                let now = Instant::now();
                self.activity.frame_at(now);
                now
            });
            match session.receive(now.into_std(), message) {
                Step::Idle => {}
                Step::Deliver { frame, payload } => {
                    self.activity.event_at(now);
                    self.deliver(Received::from_frame(frame, payload, now, Arc::clone(&self.outbox.info)));
                }
                Step::Settings(update) => session.apply(&self.shared.merge_settings(&update)),
                Step::PeerCloses(reason) => self.peer_closes(now, reason)?,
            }
        }
        Ok(Receive::More)
    }

    /// Whether unanswered messages hold too many bytes.
    fn is_over(&self) -> bool {
        self.outbox.pending_bytes() > self.shared.config.limits.unanswered_bytes
    }

    fn deliver(&self, received: Received) {
        self.outbox.delivered(received.payload().len());
        self.shared.router.delivered();
        let delivery = Delivery::new(received, Arc::clone(&self.path));
        if self.is_unanswerable() {
            // No handler runs in vain: an event comes again elsewhere.
            self.shared.counters.refused_while_stopping.one();
            return delivery.answer(&Answer::failed());
        }
        self.inbox.deliver(delivery);
    }

    /// Answers messages that were too large with 500.
    fn refuse(&self, frames: Vec<RawFrame>) {
        for frame in frames {
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
        self.shared.router.closed(&self.outbox, std::mem::take(&mut self.io.waiting).into());
    }

    /// Classifies an error or the end of the link: expected while closing, otherwise a loss.
    fn gone(&mut self, error: Error) -> Ending {
        match std::mem::replace(&mut self.io.closing, Closing::No) {
            Closing::AwaitingPeer(_) => Ending::Released,
            Closing::Replying(_, reason) => Ending::lost(reason),
            Closing::No | Closing::Retiring(_) => Ending::lost(error),
        }
    }

    fn take_orders(&mut self, session: &mut Session, cx: &mut Context<'_>, now: Instant) {
        if matches!(self.io.closing, Closing::Replying(..)) {
            return;
        }
        let had_answers = !self.io.waiting.is_empty();
        let Poll::Ready(orders) = self.outbox.poll_take(cx, &mut self.io.waiting) else { return };
        if orders.probe {
            session.probe_now(now.into_std());
        }
        if let (Some(patience), Closing::No | Closing::Retiring(_)) = (orders.retire, &self.io.closing) {
            self.io.closing = Closing::Retiring(now + patience);
        }
        if !had_answers {
            self.io.yielded = false;
        }
    }

    /// Writes pings and answers to the link until it accepts no more.
    fn send(&mut self, session: &mut Session, cx: &mut Context<'_>, now: Instant) -> Result<(), Ending> {
        if matches!(self.io.closing, Closing::AwaitingPeer(_) | Closing::Replying(..)) {
            return Ok(());
        }
        if self.io.stall.is_on() {
            // The link has enough to write. What waits here can still be dropped, and a ping's deadline has not begun.
            self.shared.router.expire_waiting(&mut self.io.waiting, now);
            return Ok(());
        }
        while self.is_ready(cx)? {
            let Some(ping) = session.poll_ping(now.into_std()) else { break };
            self.start_send(ping)?;
        }
        if self.io.waiting.is_empty() {
            return Ok(());
        }
        if self.outbox.pending() > 0 && !std::mem::replace(&mut self.io.yielded, true) {
            // Other handlers are running: yield once, so that answers that are about to come share the same flush.
            cx.waker().wake_by_ref();
            return Ok(());
        }
        while !self.io.waiting.is_empty() && self.is_ready(cx)? {
            if let Some(outgoing) = self.io.waiting.pop_front() {
                self.start_send(Message::Binary(outgoing.wire.clone()))?;
                self.io.unflushed.push(outgoing);
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

    fn flush(&mut self, session: &mut Session, cx: &mut Context<'_>, now: Instant) -> Result<(), Ending> {
        if !self.io.needs_flush {
            return Ok(());
        }
        match self.link.poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                self.io.needs_flush = false;
                if self.io.stall.ended() {
                    session.written(now.into_std());
                }
                self.shared.counters.answers_written.add(self.io.unflushed.len() as u64);
                for outgoing in self.io.unflushed.drain(..) {
                    if let Some(confirm) = outgoing.confirm {
                        confirm.written();
                    }
                }
                if !self.io.waiting.is_empty() {
                    cx.waker().wake_by_ref();
                }
                Ok(())
            }
            Poll::Ready(Err(error)) => Err(self.gone(error)),
            Poll::Pending => {
                if self.io.stall.goes_on(self.link.written(), now) {
                    // The peer takes bytes. A ping may wait behind them, so its answer comes later.
                    session.written(now.into_std());
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
    fn close_when_due(
        &mut self,
        session: &mut Session,
        cx: &mut Context<'_>,
        now: Instant,
        drained: bool,
    ) -> Result<(), Ending> {
        let written = !self.io.needs_flush && self.io.waiting.is_empty();
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
                self.flush(session, cx, now)
            }
            Closing::AwaitingPeer(until) if now >= *until => Err(Ending::Released),
            Closing::Replying(until, _) if written || now >= *until => Err(self.gone(Error::lost(""))),
            Closing::No | Closing::AwaitingPeer(_) | Closing::Replying(..) => Ok(()),
        }
    }

    /// Sets the timer to the next deadline. A timer that would fire too early is kept: deadlines move with every
    /// message, and resetting a timer costs more than one unnecessary turn.
    fn arm_timer(&mut self, session: &Session, cx: &mut Context<'_>) {
        loop {
            // A link that accepts no bytes wakes the driver once it does; due pings wait until then.
            let write = self.io.stall.until(self.shared.config.timeouts.write);
            let can_ping = write.is_none() && matches!(self.io.closing, Closing::No | Closing::Retiring(_));
            let mut next = Instant::from_std(session.next_timeout(can_ping));
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

impl Future for Driver {
    /// With the session, for the next connection.
    type Output = (Session, Ending);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(mut session) = this.session.take() else { return Poll::Pending };
        match this.turn(&mut session, cx) {
            Ok(()) => {
                this.session = Some(session);
                Poll::Pending
            }
            Err(ending) => Poll::Ready((session, ending)),
        }
    }
}

/// Hands unsent answers to other connections, however the driver ends.
impl Drop for Driver {
    fn drop(&mut self) {
        let mut unsent = std::mem::take(&mut self.io.unflushed);
        unsent.extend(self.io.waiting.drain(..));
        self.shared.router.closed(&self.outbox, unsent);
    }
}
