//! Creating a card entity, and replacing its card as a whole.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::super::answer::{DataPlace, Nothing};
use super::super::call_kind::CallKind;
use super::super::{Call, json};
use super::card_path;
use super::change::CardChange;
use crate::card::{CardContent, RawCard};
use crate::ids::{CardId, MessageId};
use crate::text;

/// Creates a card entity, to be sent once with [`OutgoingMessage::card_entity`](super::super::OutgoingMessage::card_entity)
/// and changed afterwards.
///
/// The card is of JSON 2.0 (a card of 1.0 is refused with 200610 or 300303) and has at most 30 KB (200860) and 200 elements
/// (300305), each `element_id` once (300301), and no `config.update_multi: false` (300302). A template must be marked as
/// new in the card tool. Give streamed text an `element_id` of 1 to 20 letters, digits and `_`, a letter first.
///
/// 1000 calls per minute and 50 per second. Needs the scope `cardkit:card:write`; without it the platform answers 99991672.
/// Source: "Create card entity" of the Feishu documentation; 200610 is known from users.
#[derive(Debug, Clone, PartialEq)]
pub struct CardCreate {
    /// The card as it is shown first.
    pub card: CardContent,
}

impl CardCreate {
    /// How long an entity can be changed; afterwards the platform refuses with 200750.
    pub const LIFE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
}

impl Call for CardCreate {
    const METHOD: &'static str = "POST";
    const KIND: CallKind = CallKind::CardCreate;
    type Data = CreatedCard;

    fn path(&self) -> String {
        "/open-apis/cardkit/v1/cards".to_owned()
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            r#type: &'static str,
            data: std::borrow::Cow<'a, str>,
        }

        let (kind, data) = match &self.card {
            CardContent::Raw(card) => ("card_json", card.as_json().into()),
            // A tree of text and numbers always serialises.
            CardContent::Template(template) => {
                ("template", serde_json::to_string(template).unwrap_or_default().into())
            }
        };
        json(&Shape { r#type: kind, data })
    }
}

/// A card entity that was created.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CreatedCard {
    /// Its id. An answer without one is an error.
    #[serde(deserialize_with = "required")]
    pub card_id: CardId,
}

fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CardId, D::Error> {
    text::filled(deserializer)?.ok_or_else(|| serde::de::Error::missing_field("card_id"))
}

/// Replaces the card of an entity as a whole, with the limits of [`CardCreate`]. There is no form of this call for a
/// template.
///
/// A card without `streaming_mode` in its `config` ends streaming, as users found. While a user's click on the card is not
/// answered, this and every other change is refused with 200810: answer the click first. One card takes at most ten changes
/// per second, all calls together; each call can be made 50 times per second and 1000 times per minute.
/// Source: "Update card entity" and "Streaming updates" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct CardReplace {
    /// The entity.
    pub card_id: CardId,
    /// The new card, of JSON 2.0.
    pub card: RawCard,
    /// The number of this change.
    pub change: CardChange,
}

impl Call for CardReplace {
    const METHOD: &'static str = "PUT";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::CardReplace;
    type Data = Nothing;

    fn path(&self) -> String {
        card_path(&self.card_id)
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            card: Inner<'a>,
            #[serde(flatten)]
            change: &'a CardChange,
        }

        #[derive(Serialize)]
        struct Inner<'a> {
            r#type: &'static str,
            data: &'a str,
        }

        let card = Inner { r#type: "card_json", data: self.card.as_json() };
        json(&Shape { card, change: &self.change })
    }
}

/// Makes an entity of the card in a message that was sent without one, so that it can be changed by the calls for entities.
///
/// The documentation calls this no longer recommended: create an entity first where you can. Which codes it answers is not
/// documented. Needs the scope `cardkit:card:read`. Source: "Convert ID" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardConvert {
    /// The message with the card.
    pub message: MessageId,
}

impl Call for CardConvert {
    const METHOD: &'static str = "POST";
    type Data = CreatedCard;

    fn path(&self) -> String {
        "/open-apis/cardkit/v1/cards/id_convert".to_owned()
    }

    fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Shape<'a> {
            message_id: &'a MessageId,
        }

        json(&Shape { message_id: &self.message })
    }
}
