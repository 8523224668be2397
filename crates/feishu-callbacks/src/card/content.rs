//! A card in a reply or a request: card JSON, or a template of the card tool.

use serde::{Deserialize, Serialize};

use super::raw::RawCard;
use super::template::Template;

/// A card in a reply: as JSON, or by the id of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CardContent {
    /// Card JSON.
    Raw(RawCard),
    /// A card made in the card tool.
    Template(Template),
}

impl From<RawCard> for CardContent {
    fn from(card: RawCard) -> Self {
        Self::Raw(card)
    }
}

impl From<Template> for CardContent {
    fn from(template: Template) -> Self {
        Self::Template(template)
    }
}

impl CardContent {
    pub(crate) fn size_hint(&self) -> usize {
        match self {
            Self::Raw(card) => 64 + card.as_json().len(),
            Self::Template(template) => template.size_hint(),
        }
    }
}
