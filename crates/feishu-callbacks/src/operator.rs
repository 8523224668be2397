//! The user who caused a callback or event, for any type.

use crate::decode;
use crate::header::Header;
use crate::im::UserIds;

/// The ids of the user who clicked, opened a preview, wrote a message or caused an event.
///
/// Works for any type and finds the ids in every place where such ids were seen, for a check in front of all handlers. `None`
/// if no user is named, and for text that is not JSON. It reads the payload as a whole; a handler has the ids in its body.
///
/// ```
/// use feishu_callbacks::{operator, peek};
///
/// let payload = br#"{"header":{"event_type":"card.action.trigger"},"event":{"operator":{"open_id":"ou_7"}}}"#;
/// let ids = operator(&peek(payload)?, payload).unwrap_or_default();
/// assert_eq!(ids.open_id.as_ref().map(|id| id.as_str()), Some("ou_7"));
/// # Ok::<(), feishu_callbacks::DecodeError>(())
/// ```
pub fn operator(header: &Header, payload: &[u8]) -> Option<UserIds> {
    let [open_id, union_id, user_id] = decode::operator_ids(header, payload)?;
    Some(UserIds {
        open_id: open_id.map(Into::into),
        union_id: union_id.map(Into::into),
        user_id: user_id.map(Into::into),
    })
}
