//! One connection in memory: messages in transit, and active faults.

use std::collections::VecDeque;
use std::future::Future as _;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use feishu_proto::{Frame, Kind, Method};
use feishu_transport::{Error, Link, Message, SettingsUpdate};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::pings::Pings;
use crate::world::{State, World};

/// Messages that the client's end buffers before it wants a flush.
const BUFFER: usize = 4;
/// How long ago its replacement opened when a link that still writes is let go.
const RETIRED: RangeInclusive<Duration> = Duration::from_secs(3)..=Duration::from_millis(3_010);

/// A message to the client, and what it means to the run.
#[derive(Clone, Copy)]
pub(crate) enum Meaning {
    Other,
    Pong(Option<SettingsUpdate>),
    Fragment { number: u64, seq: usize },
}

/// Both ends' view of one connection.
#[allow(clippy::struct_excessive_bools, reason = "what may be wrong with a connection may be wrong at once")]
pub(crate) struct LinkState {
    pub(crate) service_id: i32,
    to_client: VecDeque<(Instant, Message, Meaning)>,
    to_platform: VecDeque<(Instant, Message)>,
    last_in: Instant,
    last_out: Instant,
    reader: Option<Waker>,
    writer: Option<Waker>,
    pub(crate) platform: Arc<Notify>,
    /// How many messages the platform still takes; any number if `None`.
    window: Option<usize>,
    /// How long the uplink takes for each message, if it is slow.
    pace: Option<Duration>,
    /// When a slow uplink takes the next one.
    next_out: Instant,
    /// Messages that have left.
    left: u64,
    /// Nothing arrives in either direction, and no end notices it.
    pub(crate) mute: bool,
    pub(crate) cut: bool,
    /// The client has a reason to give it up.
    pub(crate) faulted: bool,
    pub(crate) closed_by_client: bool,
    pub(crate) closed_by_platform: bool,
    /// Both have said that they close.
    pub(crate) over: bool,
    pub(crate) dropped: bool,
    pub(crate) answers_pings: bool,
    pings: Pings,
    /// Answers that left in the flush that is under way.
    leaving: Vec<u64>,
}

impl LinkState {
    pub(crate) fn new(service_id: i32, interval: Duration, answers_pings: bool) -> Self {
        let now = Instant::now();
        Self {
            service_id,
            to_client: VecDeque::new(),
            to_platform: VecDeque::new(),
            last_in: now,
            last_out: now,
            reader: None,
            writer: None,
            platform: Arc::default(),
            window: None,
            pace: None,
            next_out: now,
            left: 0,
            mute: false,
            cut: false,
            faulted: false,
            closed_by_client: false,
            closed_by_platform: false,
            over: false,
            dropped: false,
            answers_pings,
            pings: Pings::new(interval),
            leaving: Vec::new(),
        }
    }

    /// Whether messages go both ways.
    pub(crate) fn is_good(&self) -> bool {
        self.is_open() && !self.mute && self.window.is_none()
    }

    fn is_held_up(&self) -> bool {
        self.window.is_some() || self.pace.is_some()
    }

    /// Whether the platform would send a message here.
    pub(crate) fn is_open(&self) -> bool {
        !(self.cut || self.dropped || self.closed_by_client || self.closed_by_platform)
    }

    pub(crate) fn send(&mut self, latency: Duration, message: Message, meaning: Meaning) {
        self.last_in = self.last_in.max(Instant::now() + latency);
        self.to_client.push_back((self.last_in, message, meaning));
        wake(&mut self.reader);
    }

    /// When the next message reaches the platform.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.to_platform.front().filter(|_| !self.mute).map(|(at, _)| *at)
    }

    pub(crate) fn take_arrived(&mut self) -> Option<Message> {
        self.to_platform.pop_front().map(|(_, message)| message)
    }

    /// Whether nothing more can come of it.
    pub(crate) fn is_finished(&self) -> bool {
        self.dropped && (self.cut || self.mute || self.to_platform.is_empty())
    }

    pub(crate) fn cut(&mut self) {
        self.cut = true;
        self.faulted = true;
        self.wake_all();
    }

    pub(crate) fn mute(&mut self) {
        self.mute = true;
        self.pace = None;
        self.faulted = true;
    }

    pub(crate) fn unmute(&mut self) {
        self.mute = false;
        self.wake_all();
    }

    /// The platform takes this many more messages, or any number.
    pub(crate) fn set_window(&mut self, window: Option<usize>) {
        self.window = window;
        self.pings.held_up |= window.is_some();
        self.faulted |= window.is_some();
        wake(&mut self.writer);
    }

    /// The uplink takes a message each so often, or at once. A write that moves is no reason to give the link up.
    pub(crate) fn set_pace(&mut self, pace: Option<Duration>) {
        self.pace = pace.filter(|_| !self.mute);
        self.pings.held_up |= pace.is_some();
        wake(&mut self.writer);
    }

    /// The client gets no time: its pings come late, and that is no fault of it.
    pub(crate) fn hold_up(&mut self) {
        self.pings.held_up = true;
        self.faulted = true;
    }

    pub(crate) fn close(&mut self, latency: Duration) {
        self.closed_by_platform = true;
        self.faulted = true;
        self.send(latency, Message::Close(Some((1001, "going away".to_owned()))), Meaning::Other);
    }

    pub(crate) fn end(&mut self) {
        self.over = true;
        wake(&mut self.reader);
    }

    /// Whether a ping is due and did not come.
    pub(crate) fn ping_overdue(&self) -> Option<Duration> {
        if !self.is_open() || self.pings.held_up {
            return None;
        }
        self.pings.overdue()
    }

    fn wake_all(&mut self) {
        wake(&mut self.reader);
        wake(&mut self.writer);
        self.platform.notify_one();
    }
}

/// The client's end.
pub(crate) struct SimLink {
    world: World,
    id: u64,
    buffer: VecDeque<Message>,
    timer: Pin<Box<Sleep>>,
    write_timer: Pin<Box<Sleep>>,
    /// The last interval sent to this connection.
    interval: Duration,
}

impl SimLink {
    pub(crate) fn new(world: &World, id: u64, interval: Duration) -> Self {
        let timer = || Box::pin(sleep_until(Instant::now()));
        let (timer, write_timer) = (timer(), timer());
        Self { world: world.clone(), id, buffer: VecDeque::new(), timer, write_timer, interval }
    }
}

impl Link for SimLink {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        loop {
            let mut state = self.world.lock();
            let Some(link) = state.links.get_mut(&self.id) else { return Poll::Ready(None) };
            link.reader = Some(cx.waker().clone());
            if link.cut {
                return Poll::Ready(Some(Err(Error::lost("reset by the simulation"))));
            }
            if link.mute {
                return Poll::Pending;
            }
            match link.to_client.front().map(|(at, ..)| *at) {
                Some(at) if at <= Instant::now() => {
                    let Some((_, message, meaning)) = link.to_client.pop_front() else { continue };
                    received(&mut state, self.id, &mut self.interval, &message, meaning);
                    return Poll::Ready(Some(Ok(message)));
                }
                Some(at) => self.timer.as_mut().reset(at),
                None if link.over => return Poll::Ready(None),
                None => return Poll::Pending,
            }
            drop(state);
            ready!(self.timer.as_mut().poll(cx));
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.buffer.len() < BUFFER { Poll::Ready(Ok(())) } else { self.poll_flush(cx) }
    }

    fn start_send(&mut self, message: Message) -> Result<(), Error> {
        let mut state = self.world.lock();
        let probed_at = state.probed_at;
        let Some(link) = state.links.get_mut(&self.id) else { return Ok(()) };
        if link.closed_by_client {
            state.fail(format_args!("{message:?} was sent on link {} after the close message", self.id));
            return Ok(());
        }
        if is_ping(&message) {
            link.pings.held_up |= link.is_held_up();
            if let Some(wrong) = link.pings.sent(self.interval, probed_at) {
                state.fail(format_args!("link {}: {wrong}", self.id));
            }
            if let Some(link) = state.links.get_mut(&self.id) {
                link.pings.held_up = link.is_held_up();
            }
        } else if let Message::Close(_) = &message {
            link.closed_by_client = true;
        }
        state.note(format_args!("link {} <- {message:?}", self.id));
        drop(state);
        self.buffer.push_back(message);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut state = self.world.lock();
        let State { links, dice, weather, .. } = &mut *state;
        let Some(link) = links.get_mut(&self.id) else { return Poll::Ready(Ok(())) };
        while !self.buffer.is_empty() {
            if link.cut {
                return Poll::Ready(Err(Error::lost("reset by the simulation")));
            }
            if link.window == Some(0) {
                link.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            if let Some(pace) = link.pace {
                link.writer = Some(cx.waker().clone());
                if Instant::now() < link.next_out {
                    self.write_timer.as_mut().reset(link.next_out);
                    if self.write_timer.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                link.next_out = Instant::now() + pace;
            }
            link.left += 1;
            link.window = link.window.map(|window| window - 1);
            link.last_out = link.last_out.max(Instant::now() + weather.latency(dice));
            if let Some(message) = self.buffer.pop_front() {
                link.leaving.extend(answered_number(&message));
                link.to_platform.push_back((link.last_out, message));
            }
            link.platform.notify_one();
        }
        link.leaving.clear();
        Poll::Ready(Ok(()))
    }

    fn written(&self) -> u64 {
        self.world.lock().links.get(&self.id).map_or(0, |link| link.left)
    }
}

/// The client lets go of it.
impl Drop for SimLink {
    fn drop(&mut self) {
        let mut state = self.world.lock();
        let ending = state.ending;
        let Some(link) = state.links.get_mut(&self.id) else { return };
        link.dropped = true;
        link.platform.notify_one();
        let (slow, healthy) = (link.pace.is_some(), !(link.faulted || link.closed_by_client));
        let unknown = std::mem::take(&mut link.leaving);
        state.note(format_args!("link {} dropped", self.id));
        for number in unknown {
            state.ledger.ambiguous(number);
        }
        // One that was replaced goes without a goodbye if it still has to write then.
        let retired = slow && state.opened.iter().any(|opened| RETIRED.contains(&opened.elapsed()));
        if healthy && !ending && !retired {
            state.fail(format_args!("link {} was healthy, and was given up", self.id));
        }
    }
}

/// The client reads a message.
fn received(state: &mut State, id: u64, interval: &mut Duration, message: &Message, meaning: Meaning) {
    match meaning {
        Meaning::Other => state.note(format_args!("link {id} -> {message:?}")),
        Meaning::Pong(update) => {
            state.note(format_args!("link {id} -> pong {update:?}"));
            if let Some(update) = update {
                *interval = state.merge(&update).ping_interval;
                if let Some(link) = state.links.get_mut(&id) {
                    link.pings.interval(*interval);
                }
            }
        }
        Meaning::Fragment { number, seq } => {
            state.note(format_args!("link {id} -> m{number} fragment {seq}"));
            let limits = state.limits;
            state.ledger.received(number, seq, id, &limits);
        }
    }
}

fn is_ping(message: &Message) -> bool {
    let Message::Binary(data) = message else { return false };
    Frame::decode(data.clone())
        .is_ok_and(|frame| frame.kind() == Kind::Ping && Method::from(frame.method) == Method::Control)
}

/// The message that an answer on the wire belongs to.
fn answered_number(message: &Message) -> Option<u64> {
    let Message::Binary(data) = message else { return None };
    let frame = Frame::decode(data.clone()).ok()?;
    crate::messages::number_of(frame.message_id()?)
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
