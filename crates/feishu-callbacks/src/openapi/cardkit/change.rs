//! The number of a change of a card entity, and its idempotency key.

use serde::Serialize;

/// The number of one change of a card entity, and its idempotency key.
///
/// Every call that changes an entity has a `sequence` from 1 to [`MAX_SEQUENCE`](Self::MAX_SEQUENCE). It must be higher
/// than that of all changes of this card before, whichever call made them; else the platform refuses with 300317. Numbers
/// may be left out. Whether a refused call uses up its number is not documented: never use one twice, except to repeat the
/// very same call. So one writer must count for a card.
/// Source: "Update card entity" and the other pages of the card calls in the Feishu documentation.
///
/// ```
/// use feishu_callbacks::openapi::{Call, CardChange, StreamText};
///
/// let change = CardChange::new(2).once("a3c1");
/// let call = StreamText { card_id: "73".into(), element_id: "answer".into(), text: "So far".into(), change };
/// assert_eq!(call.path(), "/open-apis/cardkit/v1/cards/73/elements/answer/content");
/// assert_eq!(call.body(), br#"{"content":"So far","sequence":2,"uuid":"a3c1"}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct CardChange {
    sequence: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
}

impl CardChange {
    /// The highest number of a change.
    pub const MAX_SEQUENCE: u32 = i32::MAX.unsigned_abs();

    /// The change with this number, without an idempotency key.
    pub fn new(sequence: u32) -> Self {
        Self { sequence, uuid: None }
    }

    /// Sets an idempotency key of 1 to 64 characters: a second call with the same one changes nothing and is refused with
    /// 200770, which after a retry means that the first was carried out.
    pub fn once(mut self, uuid: impl Into<String>) -> Self {
        self.uuid = Some(uuid.into());
        self
    }

    /// Its number.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }
}

impl From<u32> for CardChange {
    fn from(sequence: u32) -> Self {
        Self::new(sequence)
    }
}
