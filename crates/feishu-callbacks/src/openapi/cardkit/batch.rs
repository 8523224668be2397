//! Several changes of a card entity in one call.

use serde::Serialize;
use serde_json::Value;

use super::super::answer::{DataPlace, Nothing};
use super::super::call_kind::CallKind;
use super::super::{Call, json};
use super::card_path;
use super::change::CardChange;
use super::element::ElementPlace;
use crate::build::Element;
use crate::card::CardSettings;
use crate::ids::CardId;

/// Makes several changes of a card entity, in their order. It counts as one call and has one `sequence`.
///
/// Text cannot be streamed in a batch. Whether a refused batch changed anything is not documented: users found part of it
/// applied, so replace the whole card then. Codes as for the single calls. Rates and scope as for the other changes.
/// Source: "Batch update card entity" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::CardSettings;
/// use feishu_callbacks::openapi::{Call, CardAction, CardBatch};
///
/// let ended = CardSettings::default().streaming(false);
/// let actions = vec![CardAction::Delete(vec!["spinner".into()]), CardAction::Settings(ended)];
/// let call = CardBatch { card_id: "73".into(), actions, change: 9.into() };
/// assert_eq!(call.path(), "/open-apis/cardkit/v1/cards/73/batch_update");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CardBatch {
    /// The entity.
    pub card_id: CardId,
    /// The changes; at most 1,000,000 characters as JSON.
    pub actions: Vec<CardAction>,
    /// The number of this call among the changes.
    pub change: CardChange,
}

/// One change in a [`CardBatch`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CardAction {
    /// Changes the settings.
    Settings(CardSettings),
    /// Adds elements.
    Add {
        /// Where they go.
        place: ElementPlace,
        /// The new elements, in their order.
        elements: Vec<Element>,
    },
    /// Replaces an element by another.
    Replace {
        /// The element.
        element_id: String,
        /// What takes its place.
        element: Element,
    },
    /// Changes some members of an element.
    Patch {
        /// The element.
        element_id: String,
        /// The members that change, as an object.
        members: Value,
    },
    /// Deletes elements by their `element_id`.
    Delete(Vec<String>),
}

impl Call for CardBatch {
    const METHOD: &'static str = "POST";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::CardBatch;
    type Data = Nothing;

    fn path(&self) -> String {
        format!("{}/batch_update", card_path(&self.card_id))
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            /// JSON in a string.
            actions: String,
            #[serde(flatten)]
            change: &'a CardChange,
        }

        let actions: Vec<Written<'_>> = self.actions.iter().map(CardAction::written).collect();
        let actions = serde_json::to_string(&actions).unwrap_or_default();
        json(&Shape { actions, change: &self.change })
    }
}

/// An action as it is sent.
#[derive(Serialize)]
struct Written<'a> {
    action: &'static str,
    params: Params<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Params<'a> {
    Settings {
        settings: &'a CardSettings,
    },
    Add {
        r#type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        target_element_id: Option<&'a str>,
        elements: &'a [Element],
    },
    Replace {
        element_id: &'a str,
        element: &'a Element,
    },
    Patch {
        element_id: &'a str,
        partial_element: &'a Value,
    },
    Delete {
        element_ids: &'a [String],
    },
}

impl CardAction {
    fn written(&self) -> Written<'_> {
        let (action, params) = match self {
            Self::Settings(settings) => ("partial_update_setting", Params::Settings { settings }),
            Self::Add { place, elements } => {
                let (kind, target) = place.parts();
                ("add_elements", Params::Add { r#type: kind, target_element_id: target, elements })
            }
            Self::Replace { element_id, element } => {
                ("update_element", Params::Replace { element_id, element })
            }
            Self::Patch { element_id, members } => {
                ("partial_update_element", Params::Patch { element_id, partial_element: members })
            }
            Self::Delete(element_ids) => ("delete_elements", Params::Delete { element_ids }),
        };
        Written { action, params }
    }
}
