//! Later updates of a card by the token of its click.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::answer::{DataPlace, Nothing};
use super::call_kind::CallKind;
use super::{Call, json};
use crate::card::{CallbackToken, CardContent, Dialect, validate};
use crate::finding::Finding;
use crate::ids::OpenId;

/// A delayed update of the clicked card. Send it after the click was answered; sent earlier it fails, or the card changes
/// back at once.
///
/// Claim a use of the token right before sending: [`CallbackToken::claim`].
/// Source: "Update cards with a delay" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct CardUpdate {
    token: CallbackToken,
    card: CardContent,
    open_ids: Vec<OpenId>,
}

impl CardUpdate {
    /// An update for all users who see the card.
    pub fn new(token: CallbackToken, card: impl Into<CardContent>) -> Self {
        Self { token, card: card.into(), open_ids: Vec::new() }
    }

    /// An update of an exclusive card of 1.0, for these users. No effect for other cards, for which the platform refuses
    /// `open_ids`.
    pub fn only_for(mut self, users: impl IntoIterator<Item = OpenId>) -> Self {
        self.open_ids = users.into_iter().collect();
        self
    }

    /// Token of the click.
    pub fn token(&self) -> &CallbackToken {
        &self.token
    }

    /// What the platform would refuse in the card.
    pub fn validate(&self) -> Vec<Finding> {
        validate::card(&self.card, "/card")
    }
}

impl Serialize for CardUpdate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut update = serializer.serialize_map(Some(2))?;
        update.serialize_entry("token", &self.token)?;
        match &self.card {
            CardContent::Raw(card) if card.dialect() == Dialect::V1 && !self.open_ids.is_empty() => {
                let spliced =
                    with_open_ids(card.as_json(), &self.open_ids).map_err(serde::ser::Error::custom)?;
                update.serialize_entry("card", &spliced)?;
            }
            CardContent::Raw(card) => update.serialize_entry("card", card)?,
            template @ CardContent::Template(_) => update.serialize_entry("card", template)?,
        }
        update.end()
    }
}

impl Call for CardUpdate {
    const METHOD: &'static str = "POST";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::CardUpdate;
    type Data = Nothing;

    fn path(&self) -> String {
        "/open-apis/interactive/v1/card/update".to_owned()
    }

    fn body(&self) -> Vec<u8> {
        json(self)
    }
}

/// Writes `open_ids` in front of the members of a card, which is an object by construction.
fn with_open_ids(card: &str, open_ids: &[OpenId]) -> Result<Box<RawValue>, serde_json::Error> {
    let ids = serde_json::to_string(open_ids)?;
    let members = card.strip_prefix('{').unwrap_or_default().trim_start();
    let comma = if members.starts_with('}') { "" } else { "," };
    RawValue::from_string(format!("{{\"open_ids\":{ids}{comma}{members}"))
}
