//! Decodes a payload by the event type in its header.

use feishu_callbacks::{DecodeError, EventBody, OddField, im, webhook};
use std::sync::Arc;

/// A decoded payload.
pub(crate) struct Read {
    /// The members that were left out.
    pub(crate) odd: Vec<OddField>,
    /// The envelope as JSON; empty when it was not serialised.
    #[allow(dead_code, reason = "each test uses its part")]
    pub(crate) json: String,
}

/// The members of a payload that had to be left out; `None` for a type without a model.
#[allow(dead_code, reason = "each test uses its part")]
pub(crate) fn decode_any(payload: &[u8]) -> Result<Option<Vec<OddField>>, DecodeError> {
    Ok(read(payload, false)?.map(|read| read.odd))
}

/// Decodes a payload and serialises what was read. `None` for a type without a model.
#[allow(dead_code, reason = "each test uses its part")]
pub(crate) fn read_any(payload: &[u8]) -> Result<Option<Read>, DecodeError> {
    read(payload, true)
}

/// Routes by [`feishu_callbacks::peek`], as a dispatcher does.
fn read(payload: &[u8], serialise: bool) -> Result<Option<Read>, DecodeError> {
    let header = Arc::new(feishu_callbacks::peek(payload)?);
    let kind = header.event_type.as_str().to_owned();
    let mut odd = header.odd_fields().to_vec();
    macro_rules! route {
        ($($body:ty),+ $(,)?) => {
            match kind.as_str() {
                $(<$body as EventBody>::TYPE => {
                    let read = feishu_callbacks::decode_with::<$body>(header, payload)?;
                    odd.extend_from_slice(read.odd_fields());
                    let json =
                        if serialise { serde_json::to_string(&read).unwrap() } else { String::new() };
                    Ok(Some(Read { odd, json }))
                })+
                _ => Ok(None),
            }
        };
    }
    route!(
        feishu_callbacks::CardActionEvent,
        feishu_callbacks::UrlPreviewEvent,
        webhook::UrlVerification,
        webhook::CardActionV1,
        im::MessageReceiveEvent,
        im::MessageUpdatedEvent,
        im::MessageReadEvent,
        im::MessageRecalledEvent,
        im::ReactionCreatedEvent,
        im::ReactionDeletedEvent,
        im::BotP2pChatEnteredEvent,
        im::P2pChatCreatedEvent,
        im::BotMenuEvent,
        im::BotAddedEvent,
        im::BotDeletedEvent,
        im::UserAddedEvent,
        im::UserDeletedEvent,
    )
}
