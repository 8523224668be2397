//! Changing the settings of a card entity.

use serde::Serialize;

use super::super::answer::{DataPlace, Nothing};
use super::super::call_kind::CallKind;
use super::super::{Call, json};
use super::card_path;
use super::change::CardChange;
use crate::card::CardSettings;
use crate::ids::CardId;

/// Changes the settings of a card entity: switches its streaming mode, sets its line in the list of chats.
///
/// The mode ends by itself ten minutes after it was last switched on. Switching it on again is what the documentation
/// advises after 200850 and 300309; that it begins ten new minutes also before the end follows from its words, and is not
/// tried. Refused with 300122 if the settings were not changed; rates and scope as for the other changes.
/// Source: "Update card entity settings" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct CardSettingsChange {
    /// The entity.
    pub card_id: CardId,
    /// What is changed; at most 100,000 characters as JSON.
    pub settings: CardSettings,
    /// The number of this change.
    pub change: CardChange,
}

impl Call for CardSettingsChange {
    const METHOD: &'static str = "PATCH";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::CardSettings;
    type Data = Nothing;

    fn path(&self) -> String {
        format!("{}/settings", card_path(&self.card_id))
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            /// JSON in a string.
            settings: String,
            #[serde(flatten)]
            change: &'a CardChange,
        }

        let settings = serde_json::to_string(&self.settings).unwrap_or_default();
        json(&Shape { settings, change: &self.change })
    }
}
