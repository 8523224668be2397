//! What the interface remembers: deliveries, connections, calls and findings, and the stream of their changes.

mod delivery;
mod events;
mod hidden;
mod rows;
mod table;
mod words;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_proto::Frame;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

pub(crate) use self::delivery::{Answer, Asked, Attempt, Delivery, Pushed, State, Way};
pub(crate) use self::events::follow;
pub(crate) use self::hidden::hide;
pub(crate) use self::rows::{CallKind, CallRow, ConnectionRow, FindingRow};
pub(crate) use self::words::VerdictView;

use self::events::{Events, Next};
use self::table::{Row, Table};
use crate::envelope::since_epoch;
use crate::peer::Peer;
use crate::shared::lock;
use crate::{ConnectionId, Finding};

/// Rows of each table but the deliveries.
const ROWS_LIMIT: usize = 2000;
/// Bytes of payloads that the deliveries keep alive.
const DELIVERIES_BYTES: usize = 32 << 20;
/// Bytes of texts in each other table.
const ROWS_BYTES: usize = 4 << 20;

pub(crate) struct Record {
    started: Instant,
    /// When that was, in milliseconds since 1970.
    started_at: f64,
    inner: Mutex<Inner>,
    newest: watch::Sender<u64>,
}

struct Inner {
    events: Events,
    deliveries: Table<Delivery>,
    connections: Table<ConnectionRow>,
    calls: Table<CallRow>,
    findings: Table<FindingRow>,
}

impl Record {
    /// Remembers so many deliveries.
    pub(crate) fn new(deliveries: usize) -> Self {
        Self {
            started: Instant::now(),
            started_at: since_epoch().as_secs_f64() * 1e3,
            inner: Mutex::new(Inner {
                events: Events::default(),
                deliveries: Table::new(deliveries, DELIVERIES_BYTES),
                connections: Table::new(ROWS_LIMIT, ROWS_BYTES),
                calls: Table::new(ROWS_LIMIT, ROWS_BYTES),
                findings: Table::new(ROWS_LIMIT, ROWS_BYTES),
            }),
            newest: watch::Sender::new(0),
        }
    }

    /// Milliseconds since 1970, by tokio's clock from the start on.
    pub(crate) fn now(&self) -> f64 {
        milliseconds(self.started_at + self.started.elapsed().as_secs_f64() * 1e3)
    }

    /// The same for a moment.
    pub(crate) fn at(&self, moment: Instant) -> f64 {
        let since = moment.saturating_duration_since(self.started);
        milliseconds(self.started_at + since.as_secs_f64() * 1e3)
    }

    pub(crate) fn started_at(&self) -> f64 {
        milliseconds(self.started_at)
    }

    /// Announces a change of what is remembered elsewhere.
    pub(crate) fn publish(&self, name: &str, data: &impl Serialize) {
        let mut inner = lock(&self.inner);
        self.announce(&mut inner.events, name, data);
    }

    fn announce(&self, events: &mut Events, name: &str, data: &impl Serialize) {
        let id = events.add(name, data);
        self.newest.send_replace(id);
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn after(&self, id: u64) -> Next {
        lock(&self.inner).events.after(id)
    }

    /// Forgets everything but the live connections.
    pub(crate) fn reset(&self) {
        let mut inner = lock(&self.inner);
        inner.deliveries.clear();
        inner.calls.clear();
        inner.findings.clear();
        inner.connections.retain(ConnectionRow::is_live);
        self.announce(&mut inner.events, "reset", &json!({}));
    }
}

/// Deliveries.
impl Record {
    /// A push goes out; its number.
    pub(crate) fn pushed(&self, pushed: Pushed) -> u64 {
        let mut inner = lock(&self.inner);
        let Inner { events, deliveries, connections, .. } = &mut *inner;
        let connection = pushed.connection;
        let delivery = Delivery::new(deliveries.number(), self.now(), pushed);
        let id = delivery.id();
        self.announce(events, "delivery", &delivery.row);
        deliveries.add(delivery);
        if let Some(connection) = connection {
            connections.change(connection, |row| row.deliveries += 1);
        }
        id
    }

    /// Marks a delivery as unanswered when no answer comes within the limit.
    pub(crate) fn expect(self: &Arc<Self>, id: u64, limit: Duration) {
        let record = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            record.missed(id);
        });
    }

    /// No answer came within the limit. Harmless when one did.
    pub(crate) fn missed(&self, id: u64) {
        self.failed(id, "no answer within 3 s");
    }

    /// No answer can come.
    pub(crate) fn failed(&self, id: u64, why: &str) {
        self.change(id, |delivery| delivery.missed(why));
    }

    pub(crate) fn answered(&self, id: u64, answer: Answer) {
        self.change(id, |delivery| {
            delivery.answered(answer);
            true
        });
    }

    /// A failed event is pushed again at that time, or not any more.
    pub(crate) fn again(&self, id: u64, at: Option<f64>) {
        self.change(id, |delivery| {
            delivery.row.next_attempt_at = at;
            true
        });
    }

    /// Reads one delivery.
    pub(crate) fn delivery<R>(&self, id: u64, read: impl FnOnce(&Delivery) -> R) -> Option<R> {
        lock(&self.inner).deliveries.get(id).map(read)
    }

    /// Changes a delivery, and announces it when the change says that there is something new.
    fn change(&self, id: u64, change: impl FnOnce(&mut Delivery) -> bool) {
        let mut inner = lock(&self.inner);
        let Inner { events, deliveries, .. } = &mut *inner;
        if deliveries.change(id, change) == Some(true) {
            if let Some(delivery) = deliveries.get(id) {
                self.announce(events, "delivery", &delivery.row);
            }
        }
    }
}

/// Connections, calls, findings.
impl Record {
    pub(crate) fn connected(&self, peer: &Peer) {
        let row = ConnectionRow::new(peer, self.now());
        let mut inner = lock(&self.inner);
        self.announce(&mut inner.events, "connection", &row);
        inner.connections.add(row);
    }

    pub(crate) fn connection(&self, id: ConnectionId, change: impl FnOnce(&mut ConnectionRow, f64)) {
        let now = self.now();
        let mut inner = lock(&self.inner);
        let Inner { events, connections, .. } = &mut *inner;
        connections.change(id.0, |row| change(row, now));
        if let Some(row) = connections.get(id.0) {
            self.announce(events, "connection", row);
        }
    }

    pub(crate) fn call(&self, call: CallRow) {
        let now = self.now();
        let mut inner = lock(&self.inner);
        let call = CallRow { id: inner.calls.number(), at: now, ..call };
        self.announce(&mut inner.events, "call", &call);
        inner.calls.add(call);
    }

    pub(crate) fn found(&self, finding: &Finding) {
        let now = self.now();
        let mut inner = lock(&self.inner);
        let Inner { events, deliveries, findings, .. } = &mut *inner;
        let wanted = finding.message_id.as_deref();
        let delivery = wanted.and_then(|wanted| {
            deliveries.iter().rev().find(|delivery| delivery.row.message_id == *wanted).map(Row::id)
        });
        let row = FindingRow::new(findings.number(), now, delivery, finding);
        self.announce(events, "finding", &row);
        if let Some(id) = delivery {
            deliveries.change(id, |delivery| delivery.row.findings.push(row.id));
            if let Some(delivery) = deliveries.get(id) {
                self.announce(events, "delivery", &delivery.row);
            }
        }
        findings.add(row);
    }

    /// The findings with these numbers.
    pub(crate) fn findings(&self, ids: &[u64]) -> Vec<FindingRow> {
        let inner = lock(&self.inner);
        ids.iter().filter_map(|id| inner.findings.get(*id).cloned()).collect()
    }
}

/// The tables as JSON, oldest first, with the newest rows up to a limit.
impl Record {
    pub(crate) fn deliveries_json(&self, limit: usize, keep: impl Fn(&Delivery) -> bool) -> Vec<Value> {
        rows(&lock(&self.inner).deliveries, limit, keep, |delivery| json!(delivery.row))
    }

    pub(crate) fn connections_json(&self, keep: impl Fn(&ConnectionRow) -> bool) -> Vec<Value> {
        rows(&lock(&self.inner).connections, usize::MAX, keep, |row| json!(row))
    }

    pub(crate) fn calls_json(&self, limit: usize) -> Vec<Value> {
        rows(&lock(&self.inner).calls, limit, |_| true, |row| json!(row))
    }

    pub(crate) fn findings_json(&self, limit: usize, app: Option<&str>) -> Vec<Value> {
        let inner = lock(&self.inner);
        let of_app = |row: &FindingRow| {
            let Some(app) = app else { return true };
            let connection = row.connection.and_then(|id| inner.connections.get(id));
            connection.is_some_and(|connection| &*connection.app_id == app)
        };
        rows(&inner.findings, limit, of_app, |row| json!(row))
    }

    /// What `GET /local/snapshot` has of this record. `more` adds what is remembered elsewhere; it runs under the same lock, so
    /// that no event is both in the snapshot and behind its last one.
    pub(crate) fn snapshot(&self) -> Value {
        let inner = lock(&self.inner);
        json!({
            "last_event": inner.events.newest(),
            "started_at": self.started_at(),
            "deliveries": rows(&inner.deliveries, usize::MAX, |_| true, |delivery| json!(delivery.row)),
            "connections": rows(&inner.connections, usize::MAX, |_| true, |row| json!(row)),
            "calls": rows(&inner.calls, usize::MAX, |_| true, |row| json!(row)),
            "findings": rows(&inner.findings, usize::MAX, |_| true, |row| json!(row)),
            "kept": {
                "deliveries": inner.deliveries.kept(),
                "connections": inner.connections.kept(),
                "calls": inner.calls.kept(),
                "findings": inner.findings.kept(),
                "events": inner.events.kept(),
            },
        })
    }
}

fn rows<T: Row>(
    table: &Table<T>,
    limit: usize,
    keep: impl Fn(&T) -> bool,
    json: impl Fn(&T) -> Value,
) -> Vec<Value> {
    let mut rows: Vec<Value> = table.iter().rev().filter(|row| keep(row)).take(limit).map(json).collect();
    rows.reverse();
    rows
}

/// Shared text is written like any other.
fn text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// Three digits behind the point: more would only make the JSON longer.
fn milliseconds(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// A frame as the interface shows it.
fn frame_json(record_at: f64, connection: Option<u64>, to_client: bool, frame: &Frame) -> Value {
    let payload = frame.payload.clone().unwrap_or_default();
    let (text, json) = hidden::payload(&payload);
    json!({
        "direction": if to_client { "to_client" } else { "from_client" },
        "at": record_at,
        "connection": connection,
        "seq_id": frame.seq_id.to_string(),
        "log_id": frame.log_id.to_string(),
        "service": frame.service,
        "method": frame.method,
        "headers": frame.headers.iter().map(|it| json!({"key": it.key, "value": it.value})).collect::<Vec<_>>(),
        "payload": text,
        "json": json,
        "size": payload.len(),
    })
}
