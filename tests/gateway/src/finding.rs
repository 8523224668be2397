//! A finding: a mistake of a client.

use std::fmt;

use crate::ConnectionId;

/// A mistake of a client, with the expected and the actual value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The violated rule.
    pub kind: FindingKind,
    /// The severity.
    pub severity: Severity,
    /// The expected and the actual value, in words.
    pub text: String,
    /// The connection it happened on; `None` for HTTP calls.
    pub connection: Option<ConnectionId>,
    /// The `message_id` header of the push it is about.
    pub message_id: Option<String>,
}

/// The severity of a [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The platform accepts it, because an official SDK does it; a new client should not do it.
    Warning,
    /// No official SDK does it, or a user would notice.
    Error,
}

/// The checked rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// The endpoint call is malformed: method, content type, body, header `locale`.
    EndpointCall,
    /// App id or app secret is wrong.
    Credentials,
    /// The WebSocket handshake is malformed or asks for what the platform does not offer.
    Handshake,
    /// The connection URL was used twice, changed, or never issued.
    Ticket,
    /// More connections than an app may have.
    ConnectionLimit,
    /// A ping is not as the platform's SDKs send it: method, service, numbers, headers, payload.
    Ping,
    /// Pings come in a busy loop.
    PingFlood,
    /// A WebSocket text message; every message must be binary.
    TextMessage,
    /// A binary message that is not a frame, or lacks a required field.
    NotAFrame,
    /// A frame of a method or type that no client sends.
    UnknownFrame,
    /// The WebSocket protocol was broken, for example by an unmasked frame.
    WebSocket,
    /// The answer does not repeat `SeqID`, `LogID`, `service`, `method` or a text field of the push.
    AnswerEcho,
    /// The answer does not repeat the headers of the push in order, or adds others than `biz_rt`.
    AnswerHeaders,
    /// `biz_rt` is missing, negative or not a number.
    BizRt,
    /// The payload of the answer is not `{"code":…,"data":…}`.
    AnswerPayload,
    /// `data` of the answer is missing, not base64, or not a JSON object.
    AnswerData,
    /// A message was answered more often than it was pushed.
    AnsweredTwice,
    /// An answer to a message that was never pushed.
    AnsweredUnknown,
    /// An answer although fragments of the message were still missing.
    AnsweredEarly,
    /// The answer came after the limit of 3 s.
    AnsweredLate,
    /// The answer came on another connection than the push.
    AnsweredElsewhere,
    /// The connection ended without a close frame; the platform goes on pushing to it for a while.
    NoCloseFrame,
    /// An OpenAPI call broke a documented rule, for example a card update before the answer.
    OpenApi,
}

impl Finding {
    pub(crate) fn error(kind: FindingKind, text: impl Into<String>) -> Self {
        Self { kind, severity: Severity::Error, text: text.into(), connection: None, message_id: None }
    }

    pub(crate) fn warning(kind: FindingKind, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(kind, text) }
    }

    pub(crate) fn on(mut self, connection: ConnectionId) -> Self {
        self.connection = Some(connection);
        self
    }

    pub(crate) fn about(mut self, message_id: Option<&str>) -> Self {
        self.message_id = message_id.map(Into::into);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "ERROR",
        };
        write!(f, "{severity} {:?}: {}", self.kind, self.text)?;
        match &self.message_id {
            Some(id) => write!(f, " (message {id})"),
            None => Ok(()),
        }
    }
}
