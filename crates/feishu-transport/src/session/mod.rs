//! The protocol of one connection as a state machine without I/O: takes messages and the time, returns steps and pings.
//!
//! It has no sockets, tasks or clocks; the driver does the I/O and passes the time.

mod answer;
#[cfg(any(test, fuzzing))]
#[cfg_attr(test, allow(unreachable_pub, reason = "the fuzz targets see it"))]
pub mod fuzzed;
#[cfg(test)]
mod fuzzed_tests;
mod heartbeat;
mod reassembly;
#[cfg(test)]
mod reassembly_tests;
mod recent;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use feishu_proto::{Frame, Kind, Method, RawFrame};

use crate::counters::Counters;
use crate::{Limits, Message, ServerSettings, SettingsUpdate, Timeouts};

pub(crate) use answer::encode_answer;
pub(crate) use heartbeat::Verdict;
use heartbeat::{Heartbeat, Probe};
use reassembly::{Placed, Reassembly};

/// What the driver must do after a received message.
#[expect(
    clippy::large_enum_variant,
    reason = "frames are the usual case, and a box is an allocation for each"
)]
pub(crate) enum Step {
    /// Nothing.
    Idle,
    /// Deliver a complete message: the frame that completed it, and the whole payload.
    Deliver { frame: RawFrame, payload: Bytes },
    /// Apply the settings that the server sent.
    Settings(SettingsUpdate),
    /// Close: the peer sent a close message.
    PeerCloses(Option<(u16, String)>),
}

/// The protocol state of one reconnect loop. It is kept across reconnects, as fragments do not belong to a connection.
pub(crate) struct Session {
    heartbeat: Heartbeat,
    reassembly: Reassembly,
    counters: Arc<Counters>,
    service_id: i32,
    /// Kinds of oddities already logged on this connection; further ones are only counted.
    reported: Reported,
}

impl Session {
    pub(crate) fn new(now: Instant, limits: Limits, timeouts: Timeouts, counters: Arc<Counters>) -> Self {
        Self {
            heartbeat: Heartbeat::new(now, timeouts),
            reassembly: Reassembly::new(limits, Arc::clone(&counters)),
            counters,
            service_id: 0,
            reported: Reported::default(),
        }
    }

    /// Starts a new connection.
    pub(crate) fn connected(&mut self, now: Instant, service_id: i32, settings: &ServerSettings) {
        self.service_id = service_id;
        self.reported = Reported::default();
        self.heartbeat.connected(now, settings);
    }

    /// Applies new settings.
    pub(crate) fn apply(&mut self, settings: &ServerSettings) {
        self.heartbeat.apply(settings);
    }

    /// Probes the peer with a short deadline, after a sleep or a change of network.
    pub(crate) fn probe_now(&mut self, now: Instant) {
        self.heartbeat.probe_now(now);
    }

    /// The peer has taken bytes that waited to be written.
    pub(crate) fn written(&mut self, now: Instant) {
        self.heartbeat.written(now);
    }

    /// Handles one received message. Every message counts as a sign of life.
    pub(crate) fn receive(&mut self, now: Instant, message: Message) -> Step {
        self.counters.received.one();
        self.heartbeat.inbound(now);
        match message {
            Message::Binary(data) => self.receive_frame(now, data),
            Message::Text(len) => {
                self.counters.text_messages.one();
                if self.reported.first(Oddity::Text) {
                    tracing::warn!(len, "ignored a text message; the protocol uses only binary messages");
                }
                Step::Idle
            }
            Message::Pong(_) => {
                self.counters.websocket_control.one();
                self.heartbeat.websocket_pong();
                Step::Idle
            }
            Message::Ping(_) => {
                self.counters.websocket_control.one();
                Step::Idle
            }
            Message::Close(reason) => {
                self.counters.websocket_control.one();
                Step::PeerCloses(reason)
            }
        }
    }

    /// The ping to send, if one is due.
    pub(crate) fn poll_ping(&mut self, now: Instant) -> Option<Message> {
        match self.heartbeat.due(now)? {
            Probe::Application => {
                self.counters.pings_sent.one();
                Some(Message::Binary(Frame::ping(self.service_id).encode_to_vec().into()))
            }
            Probe::WebSocket => Some(Message::Ping(Bytes::new())),
        }
    }

    /// Whether the peer still counts as alive. Call only when no received message is waiting.
    pub(crate) fn verdict(&self, now: Instant) -> Verdict {
        self.heartbeat.verdict(now)
    }

    /// Frames of messages that are over a limit or were evicted, each to be answered with 500.
    pub(crate) fn take_refused(&mut self) -> Vec<RawFrame> {
        self.reassembly.take_refused()
    }

    /// Drops expired fragments.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.reassembly.expire(now);
    }

    /// The deadline for the next call of [`Session::verdict`], [`Session::expire`] and, if pings can be sent,
    /// [`Session::poll_ping`].
    pub(crate) fn next_timeout(&self, can_ping: bool) -> Instant {
        let heartbeat = self.heartbeat.next_timeout(can_ping);
        self.reassembly.next_timeout().map_or(heartbeat, |expiry| expiry.min(heartbeat))
    }

    fn receive_frame(&mut self, now: Instant, data: Bytes) -> Step {
        let len = data.len();
        let frame = match RawFrame::decode(data) {
            Ok(frame) => frame,
            Err(error) => {
                self.counters.undecodable.one();
                if self.reported.first(Oddity::Undecodable) {
                    tracing::warn!(len, %error, "ignored a message that is not a protobuf frame");
                }
                return Step::Idle;
            }
        };
        match (frame.method(), frame.kind()) {
            (Method::Data, Kind::Event | Kind::Card) => self.receive_data(now, frame),
            (Method::Control, Kind::Pong) => self.receive_pong(&frame.payload()),
            (Method::Control, Kind::Ping) => {
                self.counters.server_pings.one();
                Step::Idle
            }
            (Method::Data, kind) => {
                self.counters.unknown_type.one();
                if self.reported.first(Oddity::Type) {
                    tracing::warn!(r#type = kind.as_str(), "ignored a data frame of an unknown type");
                }
                Step::Idle
            }
            (method, kind) => {
                self.counters.unknown_control.one();
                if self.reported.first(Oddity::Control) {
                    tracing::warn!(?method, r#type = kind.as_str(), "ignored a frame of an unknown kind");
                }
                Step::Idle
            }
        }
    }

    fn receive_data(&mut self, now: Instant, frame: RawFrame) -> Step {
        if frame.is_encoded() && self.reported.first(Oddity::Encoding) {
            tracing::warn!(
                "a frame has an undocumented payload encoding; its payload is passed on unchanged"
            );
        }
        match self.reassembly.place(now, &frame) {
            Placed::Complete(payload) => Step::Deliver { frame, payload },
            Placed::Waiting | Placed::Refused => Step::Idle,
            Placed::Dropped(why) => {
                if self.reported.first(Oddity::Fragment) {
                    tracing::warn!(
                        message_id = frame.message_id(),
                        trace_id = frame.trace_id(),
                        why,
                        "dropped a fragment"
                    );
                }
                Step::Idle
            }
        }
    }

    fn receive_pong(&mut self, payload: &[u8]) -> Step {
        self.counters.pongs.one();
        if payload.is_empty() {
            return Step::Idle;
        }
        match serde_json::from_slice::<serde_json::Value>(payload) {
            Ok(config @ serde_json::Value::Object(_)) => Step::Settings(SettingsUpdate::from_json(&config)),
            Ok(serde_json::Value::Null) => Step::Idle,
            _ => {
                self.counters.bad_settings.one();
                if self.reported.first(Oddity::Settings) {
                    tracing::warn!(
                        len = payload.len(),
                        "cannot read the settings of a pong; the previous ones stay in force"
                    );
                }
                Step::Idle
            }
        }
    }
}

/// Oddities that are logged once per connection.
#[derive(Clone, Copy)]
enum Oddity {
    Text,
    Undecodable,
    Type,
    Control,
    Encoding,
    Fragment,
    Settings,
}

#[derive(Default)]
struct Reported(u8);

impl Reported {
    fn first(&mut self, oddity: Oddity) -> bool {
        let bit = 1 << oddity as u8;
        let first = self.0 & bit == 0;
        self.0 |= bit;
        first
    }
}
