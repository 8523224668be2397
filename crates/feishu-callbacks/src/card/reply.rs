//! The answer to a click.

use serde::Serialize;
use serde_json::Value;

use super::raw::{Dialect, RawCard};
use super::template::Template;
use super::toast::Toast;
use crate::reply::{Reply, ReplyError, write_json};
use crate::validate::{self, Finding};

/// The answer to a click: a toast, a new card, both, or no change.
///
/// Source: "Card callback communication" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::{CardReply, Reply, Template, Toast};
/// let reply = CardReply::toast(Toast::info("Approved"))
///     .with_card(Template::new("AAq7").version("1.0.0").variable("state", "approved"));
/// assert_eq!(
///     String::from_utf8(reply.to_json()?)?,
///     r#"{"toast":{"type":"info","content":"Approved"},"card":{"type":"template","data":{"template_id":"AAq7","template_version_name":"1.0.0","template_variable":{"state":"approved"}}}}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CardReply(Shape);

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Shape {
    Typed {
        #[serde(skip_serializing_if = "Option::is_none")]
        toast: Option<Toast>,
        #[serde(skip_serializing_if = "Option::is_none")]
        card: Option<CardContent>,
    },
    Unchecked(Value),
}

/// A card in a reply: as JSON, or by the id of a template.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

impl CardReply {
    /// Leaves the card as it is and says nothing: `{}`.
    pub fn empty() -> Self {
        Self(Shape::Typed { toast: None, card: None })
    }

    /// Shows a toast; the card stays.
    pub fn toast(toast: Toast) -> Self {
        Self(Shape::Typed { toast: Some(toast), card: None })
    }

    /// Replaces the card by card JSON of the same dialect: a [`RawCard`] or a built [`Card`](crate::build::Card).
    pub fn card(card: impl Into<RawCard>) -> Self {
        Self::empty().with_card(card.into())
    }

    /// Replaces the card by a template.
    pub fn template(template: Template) -> Self {
        Self::empty().with_card(template)
    }

    /// Sends any JSON as it is. Nothing is checked and [`findings`](Reply::findings) stays empty: for what the platform
    /// takes and this crate does not know.
    pub fn raw_unchecked(json: Value) -> Self {
        Self(Shape::Unchecked(json))
    }

    /// Adds a card, or replaces the one that is there. No effect on an unchecked reply.
    pub fn with_card(mut self, new: impl Into<CardContent>) -> Self {
        if let Shape::Typed { card, .. } = &mut self.0 {
            *card = Some(new.into());
        }
        self
    }

    /// Adds a toast, or replaces the one that is there. No effect on an unchecked reply.
    pub fn with_toast(mut self, new: Toast) -> Self {
        if let Shape::Typed { toast, .. } = &mut self.0 {
            *toast = Some(new);
        }
        self
    }

    /// The card that is in it; `None` without one and for an unchecked reply.
    pub fn card_content(&self) -> Option<&CardContent> {
        match &self.0 {
            Shape::Typed { card, .. } => card.as_ref(),
            Shape::Unchecked(_) => None,
        }
    }

    /// The card, to use it in a later update ([`CardUpdate`](crate::openapi::CardUpdate)); `None` without one.
    pub fn into_card(self) -> Option<CardContent> {
        match self.0 {
            Shape::Typed { card, .. } => card,
            Shape::Unchecked(_) => None,
        }
    }

    /// What the user's client would refuse: the same as [`Reply::findings`].
    pub fn validate(&self) -> Vec<Finding> {
        match &self.0 {
            Shape::Typed { card: Some(card), .. } => validate::card(card, "/card/data"),
            _ => Vec::new(),
        }
    }

    /// The same for a card that was sent in a known dialect: a card of 2.0 cannot become one of 1.0 (200830), which the
    /// callback itself does not tell.
    pub fn validate_against(&self, sent: Dialect) -> Vec<Finding> {
        let mut findings = self.validate();
        if let Shape::Typed { card: Some(CardContent::Raw(card)), .. } = &self.0 {
            findings.extend(validate::dialect_change(sent, card.dialect(), "/card/data"));
        }
        findings
    }
}

impl From<Toast> for CardReply {
    fn from(toast: Toast) -> Self {
        Self::toast(toast)
    }
}

impl From<RawCard> for CardReply {
    fn from(card: RawCard) -> Self {
        Self::card(card)
    }
}

impl From<Template> for CardReply {
    fn from(template: Template) -> Self {
        Self::template(template)
    }
}

impl Reply for CardReply {
    const CALLBACK: bool = true;

    fn to_json(&self) -> Result<Vec<u8>, ReplyError> {
        let size = match &self.0 {
            Shape::Typed { toast, card } => {
                16 + toast.as_ref().map_or(0, Toast::size_hint)
                    + card.as_ref().map_or(0, CardContent::size_hint)
            }
            Shape::Unchecked(_) => 256,
        };
        write_json(&self.0, size)
    }

    fn findings(&self) -> Vec<Finding> {
        self.validate()
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
