//! What must hold whatever a session is fed. The fuzz targets feed it what they find, the tests any bytes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use feishu_proto::{Frame, Header, Method, header_name};

use super::reassembly::FRAGMENT_OVERHEAD;
use super::{Session, Step, Verdict};
use crate::counters::Counters;
use crate::{Limits, Message, ServerSettings, Timeouts};

/// Any sequence of messages, pauses and new connections: its books balance, its limits hold, and it asks to be called
/// again only when there is something to do.
///
/// # Panics
/// If something of that does not hold.
pub fn session(start: Instant, data: &[u8]) {
    // Small enough to be reached by a few hundred bytes.
    let limits = Limits::default()
        .message_bytes(600)
        .fragments(9)
        .partial_messages(3)
        .partial_bytes(1_200)
        .completed_ids(3);
    let mut fed = Fed::new(start, limits);
    let mut script = Script(data);
    while !script.is_over() {
        fed.step(&mut script);
        fed.settle();
    }
    let Fed { session, counters, .. } = fed;
    drop(session);
    let counters = counters.read();
    assert_eq!(counters.fragments_waiting, 0, "{counters:?}");
    assert!(counters.is_consistent(), "{counters:?}");
}

/// One message torn anywhere, its fragments in any order, some of them again: it arrives once and as it was.
///
/// # Panics
/// If it does not.
pub fn reassembly(start: Instant, data: &[u8]) {
    let Some((&[sum, order, repeats], payload)) = data.split_first_chunk() else { return };
    let sum = usize::from(sum % 8) + 1;
    let cut = |index: usize| payload.len() * index / sum;
    // A walk through all fragments from anywhere, with a step that has no common divisor with their number.
    let step = [1, 3, 5, 7][usize::from(order / 8 % 4)];
    let step = if sum % step == 0 { 1 } else { step };
    let mut sequence: Vec<usize> = (0..sum).map(|nth| (usize::from(order) + nth * step) % sum).collect();
    let last = sequence.pop();
    let again: Vec<usize> = sequence.iter().copied().filter(|seq| repeats & (1 << (seq % 8)) != 0).collect();
    sequence.extend(again);
    sequence.extend(last);

    let mut fed = Fed::new(start, Limits::default());
    for seq in &sequence {
        fed.receive(fragment("m1", *seq as u64, sum as u64, &payload[cut(*seq)..cut(*seq + 1)]));
        fed.settle();
    }
    assert_eq!(fed.delivered, [Bytes::copy_from_slice(payload)]);
    assert_eq!(fed.counters.read().repeated_fragments, (sequence.len() - sum) as u64);
}

/// Bytes that are read as decisions, so that a fuzzer has a say in everything.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte; 0 at the end.
    fn byte(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *byte
    }

    /// As many bytes as there are, up to this number.
    fn take(&mut self, count: u8) -> Bytes {
        let (taken, rest) = self.0.split_at(usize::from(count).min(self.0.len()));
        self.0 = rest;
        Bytes::copy_from_slice(taken)
    }
}

/// A session that is fed by hand.
struct Fed {
    session: Session,
    counters: Arc<Counters>,
    limits: Limits,
    settings: ServerSettings,
    now: Instant,
    delivered: Vec<Bytes>,
}

impl Fed {
    fn new(now: Instant, limits: Limits) -> Self {
        let counters = Arc::new(Counters::default());
        let settings = ServerSettings::default();
        let mut session = Session::new(now, limits, Timeouts::default(), Arc::clone(&counters));
        session.connected(now, 1, &settings);
        Self { session, counters, limits, settings, now, delivered: Vec::new() }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let (kind, a, b) = (script.byte(), script.byte(), script.byte());
        match kind % 10 {
            0 => self.receive(Message::Binary(script.take(a))),
            1..=4 => {
                let sum = u64::from(script.byte() % 11);
                self.receive(fragment(&format!("m{}", a % 5), u64::from(b % 11), sum, &script.take(b)));
            }
            5 => self.receive(frame(Method::Control, &[(header_name::TYPE, "pong")], &script.take(b))),
            6 => self.receive(match a % 4 {
                0 => Message::Text(usize::from(b)),
                1 => Message::Ping(script.take(b)),
                2 => Message::Pong(script.take(b)),
                _ => Message::Close(None),
            }),
            7 => self.now += Duration::from_millis(u64::from(a) * 100),
            8 => self.now = self.session.next_timeout(a % 2 == 0),
            _ => match a % 3 {
                0 => self.session.probe_now(self.now),
                1 => self.session.written(self.now),
                _ => self.connect(),
            },
        }
    }

    fn connect(&mut self) {
        self.session.connected(self.now, 1, &self.settings);
    }

    fn receive(&mut self, message: Message) {
        match self.session.receive(self.now, message) {
            Step::Idle => {}
            Step::Deliver { frame, payload } => {
                assert!(payload.len() <= self.limits.message_bytes, "{frame:?}");
                self.delivered.push(payload);
            }
            Step::Settings(update) => {
                self.settings.merge(&update);
                self.session.apply(&self.settings);
            }
            Step::PeerCloses(_) => self.connect(),
        }
    }

    /// Does what a driver does after each message and at each timeout.
    fn settle(&mut self) {
        self.session.expire(self.now);
        self.ping();
        if self.session.verdict(self.now) != Verdict::Alive {
            self.connect();
            self.ping();
            assert_eq!(self.session.verdict(self.now), Verdict::Alive, "a new connection is alive");
        }
        drop(self.session.take_refused());
        assert!(self.session.take_refused().is_empty(), "a refused message is answered once");
        for can_ping in [true, false] {
            assert!(self.session.next_timeout(can_ping) > self.now, "it would be called without a pause");
        }
        let counters = self.counters.read();
        assert!(counters.is_consistent(), "{counters:?}");
        let fits = (self.limits.partial_bytes / FRAGMENT_OVERHEAD)
            .min(self.limits.partial_messages * self.limits.fragments);
        assert!(counters.fragments_waiting <= fits as u64, "{counters:?}");
    }

    fn ping(&mut self) {
        let pings = std::iter::from_fn(|| self.session.poll_ping(self.now)).take(3).count();
        assert!(pings <= 2, "one ping of each kind is enough");
    }
}

fn fragment(message_id: &str, seq: u64, sum: u64, payload: &[u8]) -> Message {
    let (seq, sum) = (seq.to_string(), sum.to_string());
    let headers = [
        (header_name::TYPE, "event"),
        (header_name::MESSAGE_ID, message_id),
        (header_name::SUM, &sum),
        (header_name::SEQ, &seq),
    ];
    frame(Method::Data, &headers, payload)
}

fn frame(method: Method, headers: &[(&str, &str)], payload: &[u8]) -> Message {
    let frame = Frame {
        method: method.into(),
        headers: headers.iter().map(|(key, value)| Header::new(*key, *value)).collect(),
        payload: Some(Bytes::copy_from_slice(payload)),
        ..Frame::default()
    };
    Message::Binary(frame.encode_to_vec().into())
}
