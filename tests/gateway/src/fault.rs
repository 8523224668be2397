//! Fault injection: scripted misbehaviour of the platform.

use std::time::Duration;

use bytes::Bytes;

use crate::Outgoing;

/// A fault to inject with [`Gateway::fault`](crate::Gateway::fault).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    // --- Endpoint calls, while the fault is active
    /// The endpoint call is refused with HTTP 200 and a code that is not 0.
    EndpointRefuses(Refusal),
    /// The endpoint call is answered with this HTTP status and this body.
    EndpointStatus(u16, String),
    /// The endpoint call is answered with HTTP 200 and a page of HTML, as a captive portal does.
    EndpointHtml,
    /// The endpoint call is never answered.
    EndpointHangs,
    /// The endpoint call is answered with a JSON body of this many bytes.
    EndpointHuge(usize),
    /// Code 0, but no `data`.
    EndpointNoData,
    /// Code 0, but `URL` is this text: empty, no URL, another host, another `service_id`.
    EndpointUrl(String),
    /// Code 0, but the URL has no `service_id`.
    EndpointUrlWithoutServiceId,
    /// The endpoint call is answered with HTTP 200 and exactly this body.
    EndpointBody(String),
    /// The endpoint call succeeds with this delay.
    EndpointDelay(Duration),

    // --- Handshakes, while the fault is active
    /// The handshake is refused.
    HandshakeRefused(HandshakeRefusal),
    /// The handshake is never answered.
    HandshakeHangs,
    /// The handshake succeeds with this delay.
    HandshakeDelay(Duration),
    /// The handshake succeeds and the stream is cut immediately.
    HandshakeThenCut,
    /// These frames leave in the same write as the 101 answer.
    FramesWithHandshake(Vec<Outgoing>),

    // --- Pongs, while the fault is active
    /// Pings are not answered.
    NoPongs,
    /// Pongs come with this delay.
    PongDelay(Duration),
    /// Pongs carry this payload instead of the settings.
    PongPayload(Bytes),

    // --- Every connection that is open now
    /// Nothing is read or written any more, the stream stays open. Undone by [`Gateway::heal`](crate::Gateway::heal).
    Stall,
    /// The stream ends without a close frame; on TCP with a reset.
    Cut,
    /// A close frame with this code and reason.
    Close(u16, String),
    /// A binary message that is not a frame.
    Noise(Bytes),
    /// A text message.
    Text(String),
    /// A WebSocket-level ping.
    WebSocketPing,

    // --- Pushes, while the fault is active
    /// Pushes leave with this delay, as on a slow network: the 3 s run from the moment without it.
    Slow(Duration),

    // --- Callbacks and OpenAPI, while the fault is active
    /// The app version with the callback subscription is not published: clicks and previews come in frames of type
    /// `card`, as it was seen in production.
    Unpublished,
    /// OpenAPI calls whose path contains the text are answered with this HTTP status, code and message.
    OpenApi {
        /// Part of the path, for example `card/update`; empty for all.
        path: String,
        /// HTTP status.
        status: u16,
        /// `code` of the body.
        code: i64,
        /// `msg` of the body.
        msg: String,
    },
}

/// How the endpoint call is refused: HTTP 200, a code, a message.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub(crate) code: i64,
    pub(crate) msg: String,
    pub(crate) data: Absent,
}

/// What a refusal has instead of `data`. All three were seen in production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Absent {
    /// `"data":null`.
    Null,
    /// No member `data`.
    Missing,
    /// `"data":{"URL":""}`.
    EmptyUrl,
}

impl Refusal {
    /// A refusal with a code and the platform's usual words for it; `data` is null.
    pub fn code(code: i64) -> Self {
        let msg = match code {
            1 => "system busy",
            403 => "forbidden",
            514 => "authentication failed",
            1_000_040_343 => "internal error",
            1_000_040_345 => "app_id or app_secret is invalid",
            1_000_040_346 => "app_id is invalid",
            1_000_040_350 => "the number of connections exceeded the limit",
            1_000_040_351 => "Incorrect domain name",
            _ => "refused",
        };
        Self { code, msg: msg.into(), data: Absent::Null }
    }

    /// Another message.
    pub fn msg(mut self, msg: impl Into<String>) -> Self {
        self.msg = msg.into();
        self
    }

    /// Sets the replacement of `data`.
    pub fn data(mut self, data: Absent) -> Self {
        self.data = data;
        self
    }
}

/// How a handshake is refused.
///
/// The platform puts the reason in `Handshake-Status`, `Handshake-Msg` and `Handshake-Autherrcode`. Which HTTP status
/// goes with it is not documented; here it is 200 unless [`HandshakeRefusal::http`] says otherwise.
#[derive(Clone, Debug)]
pub struct HandshakeRefusal {
    pub(crate) http: u16,
    pub(crate) status: Option<i64>,
    pub(crate) msg: Option<String>,
    pub(crate) auth_code: Option<i64>,
}

impl HandshakeRefusal {
    /// A refusal with this `Handshake-Status` and the usual words for it.
    pub fn status(status: i64) -> Self {
        let msg = match status {
            403 => "forbidden",
            514 => "auth failed",
            _ => "refused",
        };
        Self { http: 200, status: Some(status), msg: Some(msg.into()), auth_code: None }
    }

    /// 514 with the sub-code 1000040350: the app has too many connections.
    pub fn connection_limit() -> Self {
        Self::status(514).auth_code(1_000_040_350).msg("exceed_conn_limit")
    }

    /// A refusal with an HTTP status and none of the three headers, as a proxy would answer.
    pub fn plain(http: u16) -> Self {
        Self { http, status: None, msg: None, auth_code: None }
    }

    /// The HTTP status.
    pub fn http(mut self, status: u16) -> Self {
        self.http = status;
        self
    }

    /// `Handshake-Msg`.
    pub fn msg(mut self, msg: impl Into<String>) -> Self {
        self.msg = Some(msg.into());
        self
    }

    /// No `Handshake-Msg`.
    pub fn without_msg(mut self) -> Self {
        self.msg = None;
        self
    }

    /// `Handshake-Autherrcode`.
    pub fn auth_code(mut self, code: i64) -> Self {
        self.auth_code = Some(code);
        self
    }
}

/// The part of the platform that an active fault affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Endpoint,
    Handshake,
    Pong,
    Push,
    Callback,
    OpenApi,
    /// Affects open connections at once, and is not kept.
    Now,
}

impl Fault {
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::EndpointRefuses(_)
            | Self::EndpointStatus(..)
            | Self::EndpointHtml
            | Self::EndpointHangs
            | Self::EndpointHuge(_)
            | Self::EndpointNoData
            | Self::EndpointUrl(_)
            | Self::EndpointUrlWithoutServiceId
            | Self::EndpointBody(_)
            | Self::EndpointDelay(_) => Place::Endpoint,
            Self::HandshakeRefused(_)
            | Self::HandshakeHangs
            | Self::HandshakeDelay(_)
            | Self::HandshakeThenCut
            | Self::FramesWithHandshake(_) => Place::Handshake,
            Self::NoPongs | Self::PongDelay(_) | Self::PongPayload(_) => Place::Pong,
            Self::Unpublished => Place::Callback,
            Self::OpenApi { .. } => Place::OpenApi,
            Self::Slow(_) => Place::Push,
            Self::Stall
            | Self::Cut
            | Self::Close(..)
            | Self::Noise(_)
            | Self::Text(_)
            | Self::WebSocketPing => Place::Now,
        }
    }
}
