//! The limits and timeouts of a client, with the reason for each default.

use std::time::Duration;

/// Limits on received data. Memory is never reserved by a length in a header. A message over a limit is answered with code
/// 500 at once, counted, and logged with its size and the name of the limit; [`Limits::frame_bytes`] ends the connection.
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
    /// Maximum bytes of one WebSocket message. 32 MiB by default: [`Limits::message_bytes`] in one frame with its headers,
    /// with a margin. A larger one ends the connection, because the WebSocket library cannot skip it.
    pub frame_bytes: usize,
    /// Maximum bytes of one complete message. 17 MiB by default: 16 MiB of content with its envelope, far above every
    /// documented payload, while the smallest bound of an official SDK (1 MiB) is known to be too small.
    pub message_bytes: usize,
    /// Maximum fragments of one message. 2048 by default: 17 MiB in pieces of 9 KiB.
    pub fragments: usize,
    /// Maximum number of incomplete messages. 256 by default; the oldest is evicted first.
    pub partial_messages: usize,
    /// Maximum bytes of all incomplete messages together. 72 MiB by default: four of the largest; the oldest is evicted
    /// first.
    pub partial_bytes: usize,
    /// How long an incomplete message waits for its next fragment. 10 s by default; official SDKs wait 5 s to 5 min.
    pub partial_idle: Duration,
    /// How long an incomplete message may take in total. 30 s by default: ten times what the platform waits for an answer.
    pub partial_age: Duration,
    /// Number of ids of completed messages that are remembered, to drop late repeats of their fragments. 1024 by default.
    pub completed_ids: usize,
    /// Bytes of unanswered messages on a connection above which reading pauses for 50 ms at a time, so that a burst waits
    /// at the platform and not in memory. 16 MiB by default: 250 messages of 64 KiB.
    pub unanswered_bytes: usize,
    /// Maximum bytes of an HTTP response, that of the endpoint call included. 256 KiB by default; those of the endpoint call
    /// have less than 2 KiB. `OpenApi` of `feishu-runtime` has a bound of its own.
    pub response_bytes: usize,
    /// Bytes of the header of an answer to a call. 64 KiB by default, and never less than 8 KiB.
    pub header_bytes: usize,
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
    unanswered_bytes: usize,
    response_bytes: usize,
    header_bytes: usize,
});

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 32 << 20,
            message_bytes: 17 << 20,
            fragments: 2048,
            partial_messages: 256,
            partial_bytes: 72 << 20,
            partial_idle: Duration::from_secs(10),
            partial_age: Duration::from_secs(30),
            completed_ids: 1024,
            unanswered_bytes: 16 << 20,
            response_bytes: 256 << 10,
            header_bytes: 64 << 10,
        }
    }
}

/// The deadlines of a client. Every wait on the network has one.
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
    /// For name look-up and TCP connect, over all addresses of the name. 10 s by default.
    pub connect: Duration,
    /// For opening a tunnel through a proxy. 10 s by default.
    pub proxy: Duration,
    /// For the TLS handshake. 10 s by default.
    pub tls: Duration,
    /// For an HTTP call, from its first byte to the last byte of the response, after connecting. 10 s by default, and a
    /// second more for each 128 KiB of the request's body.
    pub call: Duration,
    /// How long an HTTP connection is kept open for the next call. 20 s by default, less than servers usually keep one; zero
    /// keeps none. The endpoint call always opens its own connection.
    pub keep_alive: Duration,
    /// For the WebSocket handshake, after connecting. 10 s by default.
    pub handshake: Duration,
    /// How long a write may be stuck before the connection is given up. 10 s by default, as in the Go SDK. One that moves, if
    /// slowly, may take longer.
    pub write: Duration,
    /// How long a probe may be unanswered before the connection is given up. 20 s by default; a shorter time would give up
    /// links that only lose packets.
    pub probe: Duration,
    /// How long nothing must have arrived before a WebSocket ping probes the peer. 15 s by default.
    pub probe_after: Duration,
    /// How long a probe after a sleep, a stopped process or a change of network may be unanswered. 5 s by default.
    pub wake_probe: Duration,
    /// How long the peer's part of the closing handshake is awaited. 2 s by default.
    pub close: Duration,
    /// How long an answer is kept for another connection, counted from the arrival of its message. 3 s by default, after
    /// which the platform ignores it.
    pub answer: Duration,
    /// How long a connection must have been open for an outage to count as over. 30 s by default.
    pub stable: Duration,
}

crate::__setters!(Timeouts {
    connect: Duration,
    proxy: Duration,
    tls: Duration,
    call: Duration,
    keep_alive: Duration,
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
            keep_alive: seconds(20),
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
