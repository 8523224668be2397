//! An undecoded event or callback.

use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::tolerant::repaired;
use feishu_callbacks::{DecodeError, Header};
use serde::de::DeserializeOwned;

/// An undecoded event or callback: its header and its JSON.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RawEvent {
    /// The header of the payload.
    pub header: Arc<Header>,
    payload: Bytes,
}

impl RawEvent {
    #[expect(clippy::unnecessary_wraps, reason = "it is one of several decoders")]
    pub(crate) fn decode(header: &Arc<Header>, payload: &Bytes) -> Result<Self, DecodeError> {
        Ok(Self { header: Arc::clone(header), payload: payload.clone() })
    }

    /// The whole payload: UTF-8 JSON, shared with the receive buffer.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Deserializes the whole payload, `header` and `event` included, into your own type. Text that is not quite JSON is
    /// repaired first, as for typed handlers; see [`repaired`].
    ///
    /// # Errors
    ///
    /// If the payload does not fit the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.payload).or_else(|_| serde_json::from_slice(&repaired(&self.payload)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_event_json_reads_a_payload_that_has_to_be_repaired() {
        let payload =
            Bytes::from_static(b"\xEF\xBB\xBF{\"header\":{\"event_type\":\"x\"},\"note\":\"a\nb\"}");
        let header = Arc::new(feishu_callbacks::peek(&payload).unwrap());
        let event = RawEvent::decode(&header, &payload).unwrap();
        assert_eq!(event.json::<serde_json::Value>().unwrap()["note"], "a\nb");
    }
}
