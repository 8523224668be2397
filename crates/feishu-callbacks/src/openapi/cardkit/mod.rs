//! Card entities: cards that are changed after they were sent, element by element, and whose text is streamed.

mod batch;
mod change;
mod element;
mod entity;
mod settings;
mod stream;

pub use batch::{CardAction, CardBatch};
pub use change::CardChange;
pub use element::{ElementAdd, ElementDelete, ElementPatch, ElementPlace, ElementReplace};
pub use entity::{CardConvert, CardCreate, CardReplace, CreatedCard};
pub use settings::CardSettingsChange;
pub use stream::StreamText;

use super::segment;
use crate::ids::CardId;

/// The path of an entity.
fn card_path(card_id: &CardId) -> String {
    format!("/open-apis/cardkit/v1/cards/{}", segment(card_id.as_str()))
}

/// The path of an element of an entity.
fn element_path(card_id: &CardId, element_id: &str) -> String {
    format!("{}/elements/{}", card_path(card_id), segment(element_id))
}
