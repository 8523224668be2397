//! Streaming text into an element of a card entity.

use std::time::Duration;

use serde::Serialize;

use super::super::answer::{DataPlace, Nothing};
use super::super::call_kind::CallKind;
use super::super::{Call, json};
use super::change::CardChange;
use super::element_path;
use crate::ids::CardId;

/// Sets the text of one element while the card streams: the client types what is new.
///
/// `text` is all of the text so far, never only the new piece. If the text before is its beginning, the rest is typed;
/// otherwise all of it is drawn anew at once. So put nothing in front of text that was sent: a status belongs in another
/// element.
///
/// | Code | When |
/// |---|---|
/// | 300309 | the streaming mode of the card is off |
/// | 200850 | its ten minutes are over; every later call gives 300309 |
/// | 300310 | the element is neither `plain_text` nor `markdown`; in a template only `markdown` can be streamed |
/// | 300313 | there is no such element, as users found |
/// | 300317 | the `sequence` is not higher than the last one of this card |
/// | 200810 | a click on the card is not answered yet |
/// | 200860 | the card has more than 30 KB now |
///
/// Rates and scope as for the other changes. Source: "Stream update text" and "Streaming updates" of the Feishu
/// documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamText {
    /// The entity.
    pub card_id: CardId,
    /// The element.
    pub element_id: String,
    /// All of the text so far: 1 to [`MAX_CHARS`](Self::MAX_CHARS) characters; empty text is refused.
    pub text: String,
    /// The number of this change.
    pub change: CardChange,
}

impl StreamText {
    /// The most characters of a text. The 30 KB of a card end it earlier.
    pub const MAX_CHARS: usize = 100_000;

    /// How long the streaming mode lasts after it was last switched on.
    pub const MODE_LIFE: Duration = Duration::from_secs(600);
}

impl Call for StreamText {
    const METHOD: &'static str = "PUT";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::StreamText;
    type Data = Nothing;

    fn path(&self) -> String {
        format!("{}/content", element_path(&self.card_id, &self.element_id))
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            content: &'a str,
            #[serde(flatten)]
            change: &'a CardChange,
        }

        json(&Shape { content: &self.text, change: &self.change })
    }
}
