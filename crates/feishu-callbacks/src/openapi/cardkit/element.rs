//! Adding, replacing, changing and deleting elements of a card entity.

use serde::Serialize;
use serde_json::Value;

use super::super::answer::{DataPlace, Nothing};
use super::super::call_kind::CallKind;
use super::super::{Call, json};
use super::change::CardChange;
use super::{card_path, element_path};
use crate::build::Element;
use crate::ids::CardId;

/// The place of new elements in a card.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementPlace {
    /// At the end of the card's body.
    End,
    /// At the end of the container with this `element_id`.
    Inside(String),
    /// Before the element with this `element_id`.
    Before(String),
    /// After the element with this `element_id`.
    After(String),
}

impl ElementPlace {
    /// `type` and `target_element_id`.
    pub(super) fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::End => ("append", None),
            Self::Inside(target) => ("append", Some(target)),
            Self::Before(target) => ("insert_before", Some(target)),
            Self::After(target) => ("insert_after", Some(target)),
        }
    }
}

/// Adds elements to a card entity.
///
/// Refused with 300301 if an `element_id` is there already, with 300305 if the card would have more than 200 elements, with
/// 200860 if more than 30 KB, with 300315 if they were not added; after that the state of the card is not known. Rates and
/// scope as for the other changes. Source: "Add elements" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementAdd {
    /// The entity.
    pub card_id: CardId,
    /// Where they go.
    pub place: ElementPlace,
    /// The new elements, in their order.
    pub elements: Vec<Element>,
    /// The number of this change.
    pub change: CardChange,
}

impl Call for ElementAdd {
    const METHOD: &'static str = "POST";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::CardElement;
    type Data = Nothing;

    fn path(&self) -> String {
        format!("{}/elements", card_path(&self.card_id))
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            r#type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            target_element_id: Option<&'a str>,
            elements: String,
            #[serde(flatten)]
            change: &'a CardChange,
        }

        let (kind, target) = self.place.parts();
        let elements = text(&self.elements);
        json(&Shape { r#type: kind, target_element_id: target, elements, change: &self.change })
    }
}

/// Replaces an element of a card entity by another.
///
/// Refused with 300121 or 300313 if it was not replaced; after that the state of the card is not known. Limits, rates and
/// scope as for [`ElementAdd`]. Source: "Update element" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementReplace {
    /// The entity.
    pub card_id: CardId,
    /// The element.
    pub element_id: String,
    /// What takes its place.
    pub element: Element,
    /// The number of this change.
    pub change: CardChange,
}

impl Call for ElementReplace {
    const METHOD: &'static str = "PUT";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::CardElement;
    type Data = Nothing;

    fn path(&self) -> String {
        element_path(&self.card_id, &self.element_id)
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            element: String,
            #[serde(flatten)]
            change: &'a CardChange,
        }

        json(&Shape { element: text(&self.element), change: &self.change })
    }
}

/// Changes some members of an element of a card entity.
///
/// Its `tag` cannot change (300312); an `element_id` among the members renames it. Refused with 300313 if there is no such
/// element or it was not changed. Rates and scope as for the other changes.
/// Source: "Patch element" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementPatch {
    /// The entity.
    pub card_id: CardId,
    /// The element.
    pub element_id: String,
    /// The members that change, as an object.
    pub members: Value,
    /// The number of this change.
    pub change: CardChange,
}

impl Call for ElementPatch {
    const METHOD: &'static str = "PATCH";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::CardElement;
    type Data = Nothing;

    fn path(&self) -> String {
        element_path(&self.card_id, &self.element_id)
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            partial_element: String,
            #[serde(flatten)]
            change: &'a CardChange,
        }

        json(&Shape { partial_element: self.members.to_string(), change: &self.change })
    }
}

/// Deletes an element of a card entity, and all elements in it.
///
/// Refused with 300314 if it was not deleted; after that the state of the card is not known. Rates and scope as for the
/// other changes. Source: "Delete element" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementDelete {
    /// The entity.
    pub card_id: CardId,
    /// The element.
    pub element_id: String,
    /// The number of this change.
    pub change: CardChange,
}

impl Call for ElementDelete {
    const METHOD: &'static str = "DELETE";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::CardElement;
    type Data = Nothing;

    fn path(&self) -> String {
        element_path(&self.card_id, &self.element_id)
    }

    fn body(&self) -> Vec<u8> {
        json(&self.change)
    }
}

/// JSON in a string. A tree of text and numbers always serialises.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
