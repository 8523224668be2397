//! One push and its answer, as the interface shows them.

use std::sync::Arc;

use bytes::Bytes;
use feishu_proto::Frame;
use serde::Serialize;
use serde_json::{Value, json};

use super::table::Row;
use super::{VerdictView, frame_json, hidden, milliseconds};
use crate::verdict::Purpose;
use crate::{Answered, Outgoing, Verdict};

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Waiting,
    Answered,
    Unanswered,
    NotConnected,
}

/// How a delivery goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    Connection,
    Webhook,
}

/// The request of the interface that made a push.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

/// Which rung of the ladder of repeats a push is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// Counted from 1.
    pub(crate) number: u32,
    /// The delivery that is repeated.
    pub(crate) first: Option<u64>,
}

/// A push that goes out now.
pub(crate) struct Pushed {
    pub(crate) label: String,
    pub(crate) purpose: Purpose,
    pub(crate) app: Arc<str>,
    pub(crate) connection: Option<u64>,
    pub(crate) way: Way,
    pub(crate) state: State,
    pub(crate) message_id: String,
    pub(crate) limit_ms: u64,
    pub(crate) payload: Bytes,
    pub(crate) frames: Vec<Bytes>,
    /// What it was made from, to push it once more.
    pub(crate) outgoing: Outgoing,
}

/// An answer, over a connection or a webhook.
pub(crate) struct Answer {
    pub(crate) code: Option<i64>,
    pub(crate) data: Option<Value>,
    pub(crate) verdict: Verdict,
    pub(crate) elapsed_ms: f64,
    pub(crate) handler_ms: Option<f64>,
    /// When, on which connection, and the frame.
    pub(crate) frame: Option<(f64, u64, Arc<Frame>)>,
}

impl Answer {
    pub(crate) fn new(answered: &Answered, at: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a handler's time in milliseconds is small")]
        let handler_ms = answered.biz_rt().filter(|time| *time >= 0).map(|time| time as f64);
        Self {
            code: answered.readable_code(),
            data: answered.data(),
            verdict: answered.verdict(),
            elapsed_ms: answered.elapsed().as_secs_f64() * 1e3,
            handler_ms,
            frame: Some((at, answered.connection().0, Arc::clone(answered.shared_frame()))),
        }
    }
}

/// What the lists and the stream show of a delivery.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DeliveryRow {
    pub(crate) id: u64,
    pub(crate) kind: &'static str,
    #[serde(rename = "type")]
    pub(crate) label: String,
    #[serde(serialize_with = "super::text")]
    pub(crate) app_id: Arc<str>,
    pub(crate) connection: Option<u64>,
    pub(crate) way: Way,
    pub(crate) message_id: String,
    pub(crate) event_id: Option<String>,
    pub(crate) state: State,
    pub(crate) pushed_at: f64,
    pub(crate) limit_ms: u64,
    pub(crate) received_ms: Option<f64>,
    pub(crate) elapsed_ms: Option<f64>,
    pub(crate) handler_ms: Option<f64>,
    pub(crate) code: Option<i64>,
    pub(crate) verdict: Option<VerdictView>,
    pub(crate) findings: Vec<u64>,
    pub(crate) fragments: usize,
    pub(crate) attempt: u32,
    pub(crate) first: Option<u64>,
    pub(crate) next_attempt_at: Option<f64>,
    pub(crate) open_message_id: Option<String>,
    pub(crate) component: Option<String>,
    pub(crate) user: Option<String>,
}

pub(crate) struct Delivery {
    pub(crate) row: DeliveryRow,
    pub(crate) payload: Bytes,
    pub(crate) data: Option<Value>,
    pub(crate) outgoing: Outgoing,
    purpose: Purpose,
    frames: Vec<Bytes>,
    answer: Option<(f64, u64, Arc<Frame>)>,
}

impl Delivery {
    pub(super) fn new(id: u64, now: f64, pushed: Pushed) -> Self {
        let Pushed {
            label,
            purpose,
            app,
            connection,
            way,
            state,
            message_id,
            limit_ms,
            payload,
            frames,
            outgoing,
        } = pushed;
        let json: Value = serde_json::from_slice(&payload).unwrap_or_default();
        let text = |pointers: &[&str]| {
            let found = pointers.iter().find_map(|pointer| json.pointer(pointer)?.as_str());
            found.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let attempt = outgoing.attempt;
        let mut row = DeliveryRow {
            id,
            kind: kind(&outgoing, &label),
            label,
            app_id: app,
            connection,
            way,
            message_id,
            event_id: text(&["/header/event_id", "/uuid"]),
            state,
            pushed_at: now,
            limit_ms,
            received_ms: None,
            elapsed_ms: None,
            handler_ms: None,
            code: None,
            verdict: None,
            findings: Vec::new(),
            fragments: outgoing.fragments,
            attempt: attempt.map_or(1, |attempt| attempt.number),
            first: attempt.and_then(|attempt| attempt.first),
            next_attempt_at: None,
            open_message_id: text(&["/event/context/open_message_id", "/event/message/message_id"]),
            component: text(&["/event/action/name", "/event/action/tag"]),
            user: text(&["/event/operator/open_id", "/event/sender/sender_id/open_id"]),
        };
        if state == State::NotConnected {
            let why = format!("no client of {} is connected", row.app_id);
            row.verdict = Some(VerdictView::new(&Verdict::missed(purpose, &why), state));
        }
        Self { row, payload, data: None, outgoing, purpose, frames, answer: None }
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        let Answer { code, data, verdict, elapsed_ms, handler_ms, frame } = answer;
        let row = &mut self.row;
        row.state = State::Answered;
        row.code = code;
        row.elapsed_ms = Some(milliseconds(elapsed_ms));
        row.handler_ms = handler_ms;
        row.received_ms = handler_ms.map(|handler| milliseconds((elapsed_ms - handler).max(0.0)));
        row.verdict = Some(VerdictView::new(&verdict, State::Answered));
        self.data = data;
        self.answer = frame;
    }

    /// No answer came, and why; whether that is new.
    pub(super) fn missed(&mut self, why: &str) -> bool {
        let waiting = self.row.state == State::Waiting;
        if waiting {
            self.row.state = State::Unanswered;
            let verdict = Verdict::missed(self.purpose, why);
            self.row.verdict = Some(VerdictView::new(&verdict, State::Unanswered));
        }
        waiting
    }

    /// The JSON that was pushed, as it was.
    pub(crate) fn pushed_json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or_default()
    }

    /// `DeliveryDetail` of the interface, without the texts to copy.
    pub(crate) fn detail(&self) -> Value {
        let mut detail = json!(self.row);
        let (text, json) = hidden::payload(&self.payload);
        let sent = self.frames.iter().filter_map(|bytes| Frame::decode(bytes.clone()).ok());
        let at = self.row.pushed_at;
        let mut frames: Vec<Value> =
            sent.map(|frame| frame_json(at, self.row.connection, true, &frame)).collect();
        if let Some((at, connection, frame)) = &self.answer {
            frames.push(frame_json(*at, Some(*connection), false, frame));
        }
        if let Some(members) = detail.as_object_mut() {
            members.insert("payload".into(), if json.is_null() { text.into() } else { json });
            members.insert("data".into(), json!(self.data));
            members.insert("frames".into(), frames.into());
        }
        detail
    }
}

impl Row for Delivery {
    fn id(&self) -> u64 {
        self.row.id
    }

    fn weight(&self) -> usize {
        let frames: usize = self.frames.iter().map(Bytes::len).sum();
        let answer =
            self.answer.as_ref().and_then(|(_, _, frame)| frame.payload.as_ref()).map_or(0, Bytes::len);
        // The decoded answer takes about as much as its text once more.
        self.payload.len() + frames + 2 * answer
    }
}

fn kind(outgoing: &Outgoing, label: &str) -> &'static str {
    use crate::outgoing::Content;
    match &outgoing.content {
        Content::Click(_) => "click",
        Content::Preview(_) => "preview",
        Content::Event(_) if label == "im.message.receive_v1" => "message",
        Content::Event(_) => "event",
        Content::Payload(_) | Content::Frame(_) => "raw",
    }
}
