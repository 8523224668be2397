//! How an event is written in the file: a length, its description as JSON, its payload.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::inbox::engine::InboxEvent;

/// All of an event but its payload.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Description {
    pub(super) queue: String,
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lane: Option<u64>,
    #[serde(default)]
    pub(super) headers: Vec<(String, String)>,
}

/// What changes of a stored event.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Progress {
    pub(super) attempts: u32,
    #[serde(default)]
    pub(super) failures: u32,
    /// Milliseconds since 1970.
    pub(super) due: u64,
    /// Why and when it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dead: Option<(String, u64)>,
}

/// The bytes of an event.
pub(super) fn encode(queue: &str, event: &InboxEvent) -> Result<Vec<u8>, String> {
    let InboxEvent { id, lane, headers, payload } = event.clone();
    let description = Description { queue: queue.to_owned(), id, lane, headers };
    let head = serde_json::to_vec(&description).map_err(|error| error.to_string())?;
    let length = u32::try_from(head.len()).map_err(|_| "the headers are too large".to_owned())?;
    Ok([&length.to_le_bytes(), &*head, &*payload].concat())
}

/// The description in the bytes of an event, and its payload.
pub(super) fn decode(bytes: &[u8]) -> Result<(Description, &[u8]), String> {
    let parts = bytes.split_first_chunk::<4>().and_then(|(length, rest)| {
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        rest.split_at_checked(length)
    });
    let (head, payload) = parts.ok_or("an event in the file is cut off")?;
    let description = serde_json::from_slice(head)
        .map_err(|error| format!("an event in the file is unreadable: {error}"))?;
    Ok((description, payload))
}

/// The whole event in its bytes.
pub(super) fn event(bytes: &[u8]) -> Result<InboxEvent, String> {
    let (Description { id, lane, headers, .. }, payload) = decode(bytes)?;
    Ok(InboxEvent { id, lane, headers, payload: Bytes::copy_from_slice(payload) })
}
