//! The answer to a click.

use serde::de::Deserializer;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::content::CardContent;
use super::raw::{Dialect, RawCard};
use super::template::Template;
use super::toast::Toast;
use super::validate;
use crate::finding::Finding;
use crate::reply::{Reply, ReplyError, write_extra, write_json};

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
///
/// Read back from JSON, members that it does not know are kept, and JSON that is not a toast and a card at all is kept
/// as [`raw_unchecked`](CardReply::raw_unchecked) has it.
#[derive(Debug, Clone, PartialEq)]
pub struct CardReply(Shape);

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Typed(Typed),
    Unchecked(Value),
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct Typed {
    #[serde(default)]
    toast: Option<Toast>,
    #[serde(default)]
    card: Option<CardContent>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl CardReply {
    /// Leaves the card unchanged and shows nothing: `{}`.
    pub fn empty() -> Self {
        Self(Shape::Typed(Typed::default()))
    }

    /// Shows a toast and leaves the card unchanged.
    pub fn toast(toast: Toast) -> Self {
        Self::empty().with_toast(toast)
    }

    /// Replaces the card by card JSON of the same dialect: a [`RawCard`] or a built [`Card`](crate::build::Card).
    pub fn card(card: impl Into<RawCard>) -> Self {
        Self::empty().with_card(card.into())
    }

    /// Replaces the card by a template.
    pub fn template(template: Template) -> Self {
        Self::empty().with_card(template)
    }

    /// Sends any JSON unchanged, for replies that this crate does not know. Nothing is checked, and
    /// [`findings`](Reply::findings) is empty.
    pub fn raw_unchecked(json: Value) -> Self {
        Self(Shape::Unchecked(json))
    }

    /// Sets the card. No effect on an unchecked reply.
    pub fn with_card(mut self, new: impl Into<CardContent>) -> Self {
        if let Shape::Typed(typed) = &mut self.0 {
            typed.card = Some(new.into());
        }
        self
    }

    /// Sets the toast. No effect on an unchecked reply.
    pub fn with_toast(mut self, new: Toast) -> Self {
        if let Shape::Typed(typed) = &mut self.0 {
            typed.toast = Some(new);
        }
        self
    }

    /// Adds an undocumented member beside `toast` and `card`. One with the name of these two is left out.
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        match &mut self.0 {
            Shape::Typed(typed) => drop(typed.extra.insert(name.into(), value.into())),
            Shape::Unchecked(Value::Object(members)) => drop(members.insert(name.into(), value.into())),
            Shape::Unchecked(_) => {}
        }
        self
    }

    /// The toast; `None` without one and for an unchecked reply.
    pub fn toast_content(&self) -> Option<&Toast> {
        match &self.0 {
            Shape::Typed(typed) => typed.toast.as_ref(),
            Shape::Unchecked(_) => None,
        }
    }

    /// The card; `None` without one and for an unchecked reply.
    pub fn card_content(&self) -> Option<&CardContent> {
        match &self.0 {
            Shape::Typed(typed) => typed.card.as_ref(),
            Shape::Unchecked(_) => None,
        }
    }

    /// The card, to use it in a later update ([`CardUpdate`](crate::openapi::CardUpdate)); `None` without one.
    pub fn into_card(self) -> Option<CardContent> {
        match self.0 {
            Shape::Typed(typed) => typed.card,
            Shape::Unchecked(_) => None,
        }
    }

    /// What the user's client would refuse: the same as [`Reply::findings`].
    pub fn validate(&self) -> Vec<Finding> {
        self.card_content().map(|card| validate::card(card, "/card/data")).unwrap_or_default()
    }

    /// The same for a card that was sent in a known dialect: a card of 2.0 cannot become one of 1.0 (200830), which the
    /// callback itself does not show.
    pub fn validate_against(&self, sent: Dialect) -> Vec<Finding> {
        let mut findings = self.validate();
        if let Some(CardContent::Raw(card)) = self.card_content() {
            findings.extend(validate::dialect_change(sent, card.dialect(), "/card/data"));
        }
        findings
    }
}

impl Serialize for CardReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let typed = match &self.0 {
            Shape::Typed(typed) => typed,
            Shape::Unchecked(json) => return json.serialize(serializer),
        };
        let mut reply = serializer.serialize_map(None)?;
        if let Some(toast) = &typed.toast {
            reply.serialize_entry("toast", toast)?;
        }
        if let Some(card) = &typed.card {
            reply.serialize_entry("card", card)?;
        }
        write_extra(&mut reply, &typed.extra, &["toast", "card"])?;
        reply.end()
    }
}

impl<'de> Deserialize<'de> for CardReply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Ok(Self(Typed::deserialize(&json).map_or_else(|_| Shape::Unchecked(json), Shape::Typed)))
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
            Shape::Typed(Typed { toast, card, extra }) => {
                16 + toast.as_ref().map_or(0, Toast::size_hint)
                    + card.as_ref().map_or(0, CardContent::size_hint)
                    + extra.len() * 64
            }
            Shape::Unchecked(_) => 256,
        };
        write_json(self, size)
    }

    fn findings(&self) -> Vec<Finding> {
        self.validate()
    }
}
