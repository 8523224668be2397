//! The log of the gateway, with its findings.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_proto::Frame;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::record::{CallKind, CallRow, Record};
use crate::shared::lock;
use crate::{Answered, ConnectionId, Finding};

/// Findings kept; enough for any test, small beside the log itself.
const FINDINGS_LIMIT: usize = 10_000;
/// Payload bytes that the log may keep alive; older entries leave first.
const LOG_BYTES_LIMIT: usize = 32 << 20;
/// Entries a slow watcher may lag behind before it misses some.
const WATCH_LIMIT: usize = 4096;

/// One line of the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// When, counted from the start of the gateway.
    pub at: Duration,
    /// On which connection; `None` for HTTP calls.
    pub connection: Option<ConnectionId>,
    /// The event.
    pub seen: Seen,
}

/// An event in the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// An endpoint call and its outcome. `code` is `None` when the answer had none (HTML, a status, silence).
    EndpointCall {
        /// `AppID` as it was sent.
        app_id: String,
        /// Header `User-Agent`, empty when absent.
        user_agent: String,
        /// HTTP status of the answer.
        status: u16,
        /// `code` of the answer.
        code: Option<i64>,
    },
    /// A handshake that was answered with 101.
    Connected,
    /// A handshake that was refused, and why.
    HandshakeRefused(String),
    /// A ping frame.
    Ping(Arc<Frame>),
    /// A pong frame was sent.
    Pong,
    /// A WebSocket-level ping; it was answered.
    WebSocketPing,
    /// A WebSocket-level pong.
    WebSocketPong,
    /// A push went out.
    Pushed {
        /// Header `message_id`.
        message_id: String,
        /// The event type, or the frame's type header when the payload was given as bytes.
        label: String,
        /// Number of frames it took.
        frames: usize,
    },
    /// An answer.
    Answered(Answered),
    /// A frame that no client sends, or an answer to nothing.
    Received(Arc<Frame>),
    /// A WebSocket text message.
    Text(String),
    /// A binary message that is not a frame: its length.
    Noise(usize),
    /// The client sent a close frame.
    Closed {
        /// Close code, if there was one.
        code: Option<u16>,
        /// Close reason.
        reason: String,
    },
    /// The connection ended; `by_us` when the gateway ended it.
    Ended {
        /// How.
        how: String,
        /// Whether the gateway ended it.
        by_us: bool,
    },
    /// An OpenAPI call.
    OpenApi {
        /// HTTP method.
        method: String,
        /// Path without the query.
        path: String,
        /// HTTP status of the answer.
        status: u16,
        /// `code` of the answer.
        code: i64,
    },
    /// The bot sent a message.
    Sent {
        /// `om_…`.
        message_id: String,
        /// Whom it was sent to; the chat for a reply.
        receive_id: String,
        /// `interactive` for a card.
        msg_type: String,
    },
    /// Any other HTTP request, answered with 404.
    UnknownPath(String),
    /// A finding.
    Found(Finding),
}

pub(crate) struct Journal {
    started: Instant,
    /// What the interface remembers; `None` when it is not served.
    record: Option<Arc<Record>>,
    limit: usize,
    kept: Mutex<Kept>,
    watchers: broadcast::Sender<Entry>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
    findings: VecDeque<Finding>,
}

impl Journal {
    pub(crate) fn new(limit: usize, record: Option<Arc<Record>>) -> Self {
        Self {
            started: Instant::now(),
            record,
            limit,
            kept: Mutex::default(),
            watchers: broadcast::Sender::new(WATCH_LIMIT),
        }
    }

    pub(crate) fn add(&self, connection: Option<ConnectionId>, seen: Seen) {
        let entry = Entry { at: self.started.elapsed(), connection, seen };
        if let Some(record) = &self.record {
            entry.record(record);
        }
        if self.watchers.receiver_count() > 0 {
            // Fails only when the last watcher left just now.
            let _ = self.watchers.send(entry.clone());
        }
        let mut kept = lock(&self.kept);
        if let Seen::Found(finding) = &entry.seen {
            tracing::debug!(%finding, "a client did something wrong");
            if kept.findings.len() == FINDINGS_LIMIT {
                kept.findings.pop_front();
            }
            kept.findings.push_back(finding.clone());
        }
        kept.bytes += entry.weight();
        kept.entries.push_back(entry);
        while kept.entries.len() > self.limit || kept.bytes > LOG_BYTES_LIMIT {
            let Some(oldest) = kept.entries.pop_front() else { break };
            kept.bytes -= oldest.weight();
        }
    }

    pub(crate) fn record(&self) -> Option<&Arc<Record>> {
        self.record.as_ref()
    }

    /// Whether entries other than findings are recorded; load tests switch the log off.
    pub(crate) fn is_on(&self) -> bool {
        self.limit > 0 || self.watchers.receiver_count() > 0
    }

    pub(crate) fn found(&self, finding: Finding) {
        self.add(finding.connection, Seen::Found(finding));
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        lock(&self.kept).entries.iter().cloned().collect()
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        lock(&self.kept).findings.iter().cloned().collect()
    }

    pub(crate) fn frames(&self) -> Vec<Arc<Frame>> {
        lock(&self.kept).entries.iter().filter_map(|entry| entry.frame().cloned()).collect()
    }

    pub(crate) fn clear(&self) {
        let mut kept = lock(&self.kept);
        *kept = Kept::default();
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Entry> {
        self.watchers.subscribe()
    }
}

impl Entry {
    /// The frame that the client sent, if the entry is about one.
    pub fn frame(&self) -> Option<&Arc<Frame>> {
        match &self.seen {
            Seen::Ping(frame) | Seen::Received(frame) => Some(frame),
            Seen::Answered(answer) => Some(answer.shared_frame()),
            _ => None,
        }
    }

    /// Tells the interface's record what it shows of this entry.
    fn record(&self, record: &Record) {
        let call = |kind, method: &str, path: &str, status| CallRow {
            kind,
            method: method.into(),
            path: path.into(),
            status,
            text: self.seen.to_string(),
            ..CallRow::default()
        };
        match (&self.seen, self.connection) {
            (Seen::EndpointCall { app_id, user_agent, status, code }, _) => record.call(CallRow {
                app_id: app_id.clone(),
                user_agent: user_agent.clone(),
                code: *code,
                ..call(CallKind::Endpoint, "POST", "/callback/ws/endpoint", *status)
            }),
            (Seen::HandshakeRefused(_), _) => record.call(call(CallKind::Handshake, "GET", "/ws/v2", 0)),
            (Seen::OpenApi { method, path, status, code }, _) => {
                record.call(CallRow { code: Some(*code), ..call(CallKind::OpenApi, method, path, *status) });
            }
            (Seen::UnknownPath(request), _) => {
                let (method, path) = request.split_once(' ').unwrap_or_default();
                record.call(call(CallKind::Unknown, method, path, 404));
            }
            (Seen::Found(finding), _) => record.found(finding),
            (Seen::Ping(_), Some(id)) => record.connection(id, |row, now| {
                row.pings += 1;
                row.last_ping_at = Some(now);
            }),
            (Seen::Pong, Some(id)) => record.connection(id, |row, now| {
                row.pongs += 1;
                row.last_pong_at = Some(now);
            }),
            (Seen::Ended { how, by_us }, Some(id)) => record.connection(id, |row, now| {
                row.state = "ended";
                row.ended_at = Some(now);
                row.end = Some(how.clone());
                row.by_gateway = Some(*by_us);
            }),
            _ => {}
        }
    }

    fn weight(&self) -> usize {
        match &self.seen {
            Seen::Text(text) => text.len(),
            _ => self.frame().and_then(|frame| frame.payload.as_ref()).map_or(0, bytes::Bytes::len),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3}s ", self.at.as_secs_f64())?;
        match self.connection {
            Some(connection) => write!(f, "{connection:<4}")?,
            None => write!(f, "    ")?,
        }
        write!(f, "{}", self.seen)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndpointCall { app_id, user_agent, status, code } => {
                write!(f, "endpoint call of {app_id}")?;
                if !user_agent.is_empty() {
                    write!(f, " ({user_agent})")?;
                }
                match (status, code) {
                    (200, Some(0)) => f.write_str(": given a connection URL"),
                    (200, Some(code)) => write!(f, ": refused with code {code}"),
                    (status, Some(code)) => write!(f, ": refused with HTTP {status}, code {code}"),
                    (status, None) => write!(f, ": answered with HTTP {status} and no code"),
                }
            }
            Self::Connected => f.write_str("connected"),
            Self::HandshakeRefused(why) => write!(f, "handshake refused: {why}"),
            Self::Ping(_) => f.write_str("<- ping"),
            Self::Pong => f.write_str("-> pong"),
            Self::WebSocketPing => f.write_str("<- WebSocket ping"),
            Self::WebSocketPong => f.write_str("<- WebSocket pong"),
            Self::Pushed { message_id, label, frames: 1 } => write!(f, "-> {label} (message {message_id})"),
            Self::Pushed { message_id, label, frames } => {
                write!(f, "-> {label} in {frames} frames (message {message_id})")
            }
            Self::Answered(answer) => write!(f, "<- {answer}"),
            Self::Received(frame) => write!(f, "<- {frame:?}"),
            Self::Text(text) => write!(f, "<- text message of {} bytes", text.len()),
            Self::Noise(len) => write!(f, "<- {len} bytes that are no frame"),
            Self::Closed { code: Some(code), reason } => write!(f, "<- close frame {code} {reason:?}"),
            Self::Closed { code: None, .. } => f.write_str("<- close frame"),
            Self::Ended { how, .. } => write!(f, "ended: {how}"),
            Self::OpenApi { method, path, status, code } => {
                write!(f, "{method} {path}: HTTP {status}, code {code}")
            }
            Self::Sent { message_id, receive_id, msg_type } => {
                write!(f, "<- message of type {msg_type} to {receive_id} (message {message_id})")
            }
            Self::UnknownPath(path) => write!(f, "{path}: HTTP 404"),
            Self::Found(finding) => write!(f, "{finding}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FindingKind;

    #[tokio::test(start_paused = true)]
    async fn the_log_keeps_its_limit_of_entries_and_all_findings() {
        let journal = Journal::new(2, None);
        for number in 0..3 {
            journal.found(Finding::error(FindingKind::Ping, number.to_string()));
        }
        assert_eq!((journal.entries().len(), journal.findings().len()), (2, 3));
        let off = Journal::new(0, None);
        assert!(!off.is_on());
        off.found(Finding::error(FindingKind::Ping, "kept"));
        assert_eq!((off.entries().len(), off.findings().len()), (0, 1));
        let _watching = off.watch();
        assert!(off.is_on());
    }

    #[tokio::test(start_paused = true)]
    async fn findings_are_kept_up_to_their_limit() {
        let journal = Journal::new(1, None);
        for number in 0..=FINDINGS_LIMIT {
            journal.found(Finding::error(FindingKind::Ping, number.to_string()));
        }
        let findings = journal.findings();
        assert_eq!(findings.len(), FINDINGS_LIMIT);
        assert_eq!(findings[0].text, "1", "the oldest went first");
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_keeps_its_limit_of_bytes() {
        let journal = Journal::new(100, None);
        let half = "x".repeat(LOG_BYTES_LIMIT / 2);
        journal.add(None, Seen::Text(half.clone()));
        journal.add(None, Seen::Text(half));
        assert_eq!(journal.entries().len(), 2, "at the limit");
        journal.add(None, Seen::Text("x".into()));
        assert_eq!(journal.entries().len(), 2, "one byte past it the oldest is gone");
    }
}
