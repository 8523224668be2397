//! How much a peer may make a client hold, and how long a client waits: every bound by name, with its reason.

use std::time::Duration;

/// Bounds on what is received. Nothing is allocated from a number in a header; whatever goes past a bound is dropped,
/// counted, and never ends the connection, unless the WebSocket library itself must refuse it.
///
/// ```
/// use feishu_transport::Limits;
///
/// let limits = Limits::default().message_bytes(1 << 20).fragments(64);
/// assert_eq!((limits.message_bytes, limits.fragments), (1 << 20, 64));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one WebSocket message. 32 MiB: a message of [`Limits::message_bytes`] in one frame, with headers and to
    /// spare. A larger one ends the connection, as the library below cannot skip it.
    pub frame_bytes: usize,
    /// Bytes of one message when it is whole. 16 MiB: no documented payload comes near, and the smallest official
    /// bound (1 MiB) is known to be too small.
    pub message_bytes: usize,
    /// Fragments of one message. 1024: 16 MiB in pieces of 16 KiB.
    pub fragments: usize,
    /// Messages that are incomplete at one time. 256; the oldest goes first.
    pub partial_messages: usize,
    /// Bytes in all incomplete messages together. 64 MiB: four of the largest; the oldest goes first.
    pub partial_bytes: usize,
    /// How long an incomplete message waits for its next fragment. 10 s: official SDKs wait 5 s to 5 min.
    pub partial_idle: Duration,
    /// How long an incomplete message may take in all. 30 s: ten times what the platform waits for an answer.
    pub partial_age: Duration,
    /// Ids of completed messages that are remembered to swallow late repeats of their fragments. 1024.
    pub completed_ids: usize,
    /// Bytes of the endpoint's answer, and of any answer to a call. 256 KiB; real ones have less than 2 KiB.
    pub response_bytes: usize,
}

crate::__setters!(Limits {
    frame_bytes: usize,
    message_bytes: usize,
    fragments: usize,
    partial_messages: usize,
    partial_bytes: usize,
    partial_idle: Duration,
    partial_age: Duration,
    completed_ids: usize,
    response_bytes: usize,
});

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 32 << 20,
            message_bytes: 16 << 20,
            fragments: 1024,
            partial_messages: 256,
            partial_bytes: 64 << 20,
            partial_idle: Duration::from_secs(10),
            partial_age: Duration::from_secs(30),
            completed_ids: 1024,
            response_bytes: 256 << 10,
        }
    }
}

/// Deadlines. Every wait on the network has one.
///
/// ```
/// use std::time::Duration;
/// use feishu_transport::Timeouts;
///
/// let timeouts = Timeouts::default().connect(Duration::from_secs(3)).tls(Duration::from_secs(3));
/// assert_eq!(timeouts.connect, timeouts.tls);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Name look-up and TCP connect, over all addresses of the name. 10 s.
    pub connect: Duration,
    /// The tunnel through a proxy. 10 s.
    pub proxy: Duration,
    /// The TLS handshake. 10 s.
    pub tls: Duration,
    /// A call from its first byte to the last byte of the answer, after connecting. 10 s.
    pub call: Duration,
    /// The WebSocket handshake, after connecting. 10 s.
    pub handshake: Duration,
    /// From a write that the network does not take to giving up the connection. 10 s, as Go's SDK.
    pub write: Duration,
    /// From an unanswered probe to giving up the connection. 20 s: less gives up links that merely lose packets.
    pub probe: Duration,
    /// Silence after which a WebSocket ping asks whether the peer is still there. 15 s.
    pub probe_after: Duration,
    /// The deadline of a probe after a sleep or a change of network. 5 s.
    pub wake_probe: Duration,
    /// How long the peer's half of the closing handshake is awaited. 2 s.
    pub close: Duration,
    /// How long an answer is of use, counted from the arrival of its message. 3 s, the platform's own patience.
    pub answer: Duration,
    /// How long a connection must have been up for an outage to count as over. 30 s.
    pub stable: Duration,
}

crate::__setters!(Timeouts {
    connect: Duration,
    proxy: Duration,
    tls: Duration,
    call: Duration,
    handshake: Duration,
    write: Duration,
    probe: Duration,
    probe_after: Duration,
    wake_probe: Duration,
    close: Duration,
    answer: Duration,
    stable: Duration,
});

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            proxy: seconds(10),
            tls: seconds(10),
            call: seconds(10),
            handshake: seconds(10),
            write: seconds(10),
            probe: seconds(20),
            probe_after: seconds(15),
            wake_probe: seconds(5),
            close: seconds(2),
            answer: seconds(3),
            stable: seconds(30),
        }
    }
}
