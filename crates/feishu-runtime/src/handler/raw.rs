//! An undecoded event or callback.

use std::sync::Arc;

use bytes::Bytes;
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

    /// Deserializes the whole payload, `header` and `event` included, into your own type.
    ///
    /// # Errors
    ///
    /// If the payload does not fit the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.payload)
    }
}
