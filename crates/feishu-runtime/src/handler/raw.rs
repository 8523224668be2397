//! An event or callback without a model.

use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Header};
use serde::de::DeserializeOwned;

/// An event or callback as it came: its header, and its JSON.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RawEvent {
    /// What the payload says about itself.
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

    /// Reads the whole payload, `header` and `event` included, into a type of your own.
    ///
    /// # Errors
    ///
    /// When the payload does not fit the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.payload)
    }
}
