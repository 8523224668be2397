//! One line of a recording.

use feishu_transport::{Answer, Received};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::redact::LineRedaction;

/// A recorded delivery with its answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Line {
    /// Milliseconds from the start of the recording to the arrival.
    pub(super) at_ms: u64,
    /// Milliseconds from the arrival to the answer.
    #[serde(default)]
    pub(super) took_ms: u64,
    /// The frame's headers.
    pub(super) headers: Vec<(String, String)>,
    /// The payload.
    pub(super) payload: Payload,
    /// The answer; absent if there was none.
    #[serde(default)]
    pub(super) answer: Option<RecordedAnswer>,
}

/// A recorded payload.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Payload {
    /// Not JSON, so it cannot be redacted and is not recorded.
    Unreadable {
        unreadable_bytes: usize,
    },
    Json(Value),
}

/// An answer in a recording.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct RecordedAnswer {
    pub(super) code: u16,
    #[serde(default)]
    pub(super) data: Value,
}

impl Line {
    pub(super) fn new(received: &Received, at_ms: u64, redaction: &mut LineRedaction<'_>) -> Self {
        let payload = match serde_json::from_slice(received.payload()) {
            Ok(mut json) => {
                redaction.apply(&mut json);
                Payload::Json(json)
            }
            Err(_) => Payload::Unreadable { unreadable_bytes: received.payload().len() },
        };
        let headers = received.headers().map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { at_ms, took_ms: 0, headers: headers.collect(), payload, answer: None }
    }
}

impl RecordedAnswer {
    pub(super) fn new(answer: &Answer) -> Self {
        let data = answer.data().map(|data| serde_json::from_slice(data));
        Self { code: answer.code(), data: data.and_then(Result::ok).unwrap_or_default() }
    }
}
