//! Cards as they are received.

use serde_json::Value;

use super::element::{Element, lines};
use super::value::{text, words};
use crate::decode::lazy::read_tree;

/// A card that somebody sent: not as it was sent, but reduced to a title and lines of simple elements.
///
/// A card of JSON 2.0, and one that was streamed, is reduced to an image and a sentence about old clients. The card itself
/// is in [`original`](Self::original), where the platform gives it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ReceivedCard {
    /// Its title.
    pub title: Option<String>,
    /// Its lines.
    pub lines: Vec<Vec<Element>>,
    /// The card as it was sent, as JSON; [`RawCard::parse`](crate::RawCard::parse) tells its version. It comes over the
    /// long connection in a member `user_dsl` that is not documented, and from the call "Get message content" with
    /// `card_msg_content_type=user_card_content`.
    pub original: Option<String>,
}

impl ReceivedCard {
    pub(super) fn read(content: &Value) -> Option<Self> {
        content.as_object()?;
        let is_original = ["schema", "header", "body", "config", "i18n_elements"]
            .iter()
            .any(|name| content.get(name).is_some());
        let mut card = Self::shown(content);
        card.original = ["user_dsl", "json_card"].iter().find_map(|name| match content.get(name)? {
            Value::String(card) if !card.is_empty() => Some(card.clone()),
            card @ Value::Object(_) => Some(card.to_string()),
            _ => None,
        });
        if card.original.is_none() && is_original {
            card.original = Some(content.to_string());
        }
        (card != Self::default()).then_some(card)
    }

    /// Title and lines of the original, if there is one.
    pub(super) fn read_original(&self) -> Option<Self> {
        Some(Self::shown(&read_tree(self.original.as_deref()?)))
    }

    fn shown(card: &Value) -> Self {
        let title = text(card, "title").or_else(|| {
            let title = words(card.get("header")?, "title")?;
            Some(title.to_owned())
        });
        let elements = card.get("elements").or_else(|| card.get("body")?.get("elements"));
        let lines = lines(elements.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default());
        Self { title: title.filter(|title| !title.is_empty()), lines, original: None }
    }
}
