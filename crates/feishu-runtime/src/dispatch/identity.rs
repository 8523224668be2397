//! What identifies a delivery: the key by which a repeat of it is recognised.

use std::fmt;

use feishu_callbacks::EventId;
use feishu_callbacks::im::MessageVersion;

use crate::call::Call;

/// The key of a delivery. The platform can push one message again under another event id, so messages are known by
/// themselves ("Receive message" in its documentation); other events by their id.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity<'a> {
    /// The route's `dedup_by` chose it.
    Chosen { event_type: &'a str, key: String },
    /// One version of a message.
    Message { event_type: &'a str, version: MessageVersion<'a> },
    /// The event id.
    Event(&'a str),
    /// The id of the frame that carried it, for a payload without an event id.
    Frame(&'a str),
}

impl<'a> Identity<'a> {
    /// `None` for a delivery that nothing identifies, which is never taken for a repeat.
    pub(crate) fn of(call: &'a Call) -> Option<Self> {
        let event_type = call.header.event_type.as_str();
        if let Some(key) = call.handler.dedup_key(call) {
            return Some(Self::Chosen { event_type, key });
        }
        if let Some(version) = MessageVersion::peek(&call.header, call.received.payload()) {
            return Some(Self::Message { event_type, version });
        }
        let event_id = call.header.event_id.as_ref().map(EventId::as_str).filter(|id| !id.is_empty());
        event_id.map(Self::Event).or_else(|| call.received.message_id().map(Self::Frame))
    }
}

/// As a part of a key in the shared store.
impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen { event_type, key } => write!(f, "by:{event_type}:{key}"),
            Self::Message { event_type, version: MessageVersion { id, updated, .. } } => {
                write!(f, "{event_type}:{id}:{updated}")
            }
            Self::Event(id) => f.write_str(id),
            Self::Frame(id) => write!(f, "message:{id}"),
        }
    }
}
