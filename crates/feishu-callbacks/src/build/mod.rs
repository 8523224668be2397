//! A small builder of card JSON 2.0, for the cards that bots really send. Everything else is raw JSON: any element by
//! [`Card::push`], any card by [`RawCard`].
//!
//! ```
//! use feishu_callbacks::build::{Button, Card, Form, Input, Select};
//! use feishu_callbacks::{CardReply, Dialect, Reply};
//! use serde_json::json;
//!
//! let form = Form::new("order", Button::submit("save", "Save"))
//!     .push(Select::new("dish").option("noodles", "Noodles").option("soup", "Soup").required())
//!     .push(Input::new("note").label("Note").placeholder("No peanuts").multiline(3));
//! let card = Card::new("Order 42")
//!     .markdown("Table **7**, two guests")
//!     .fields([("Waiter", "Ming"), ("Since", "19:20")])
//!     .push(Button::danger("Cancel").value(json!({"do": "cancel"})).confirm("Cancel it?", "The kitchen will stop."))
//!     .form(form);
//!
//! let reply = CardReply::card(card);
//! assert_eq!(reply.findings(), []);
//! ```

mod button;
mod entry;
mod form;
mod layout;

pub use button::{Button, ButtonLook};
pub use entry::{
    Checker, DatePicker, DateTimePicker, Input, MultiSelect, PeoplePicker, PersonPicker, Select, TimePicker,
};
pub use form::Form;
pub use layout::{Column, Columns, Image};

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::card::{CardContent, CardSettings, RawCard};

/// One element of a card: a built one, or any JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Element(pub(crate) Value);

impl From<Value> for Element {
    fn from(element: Value) -> Self {
        Self(element)
    }
}

impl Element {
    /// Sets its `element_id`, by which the calls for card entities find it: 1 to 20 letters, digits and `_`, a letter first,
    /// each once in a card. No effect on JSON that is not an object.
    ///
    /// ```
    /// use feishu_callbacks::build::Element;
    /// use serde_json::json;
    ///
    /// let answer = Element::from(json!({"tag": "markdown", "content": " "})).with_id("answer");
    /// assert_eq!(serde_json::to_value(answer)?, json!({"tag": "markdown", "content": " ", "element_id": "answer"}));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn with_id(mut self, element_id: impl Into<String>) -> Self {
        if let Value::Object(members) = &mut self.0 {
            members.insert("element_id".to_owned(), Value::String(element_id.into()));
        }
        self
    }
}

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Color of a card's header. Source: "Title" under "Card JSON 2.0 components" of the Feishu documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the colors say what they are")]
pub enum HeaderColor {
    Blue,
    Wathet,
    Turquoise,
    Green,
    Yellow,
    Orange,
    Red,
    Carmine,
    Violet,
    Purple,
    Indigo,
    Grey,
    Default,
}

/// A builder of card JSON 2.0. The card is shared by all who see it, as 2.0 requires.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Card {
    header: Map<String, Value>,
    settings: CardSettings,
    elements: Vec<Element>,
}

impl Card {
    /// A card with a title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { header: object(json!({ "title": plain_text(title) })), ..Self::default() }
    }

    /// A card without a header.
    pub fn untitled() -> Self {
        Self::default()
    }

    /// A line under the title.
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.header.insert("subtitle".to_owned(), plain_text(subtitle));
        self
    }

    /// Color of the header. No effect without a title.
    pub fn color(mut self, color: HeaderColor) -> Self {
        self.header.insert("template".to_owned(), json!(color));
        self
    }

    /// Sets the card's settings, such as its streaming mode. It stays shared.
    ///
    /// ```
    /// use feishu_callbacks::CardSettings;
    /// use feishu_callbacks::build::{Card, Element};
    /// use serde_json::json;
    ///
    /// let answer = Element::from(json!({"tag": "markdown", "content": " "})).with_id("answer");
    /// let card = Card::untitled().settings(CardSettings::default().streaming(true)).push(answer);
    /// assert_eq!(serde_json::to_value(card)?["config"], json!({"update_multi": true, "streaming_mode": true}));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn settings(mut self, settings: CardSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Adds any element: a built one, or JSON for what the builder does not know.
    pub fn push(mut self, element: impl Into<Element>) -> Self {
        self.elements.push(element.into());
        self
    }

    /// Adds a form. A form must be at the top level of the card, not in a column or another form.
    pub fn form(self, form: Form) -> Self {
        self.push(form.into_element())
    }

    /// Adds text in Markdown.
    pub fn markdown(self, text: impl Into<String>) -> Self {
        self.push(markdown(text))
    }

    /// Adds pairs of a name and a value, two pairs to a line.
    pub fn fields<N, V>(self, fields: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut card = self;
        let mut cells = fields.into_iter().map(|(name, value)| {
            Column::new().markdown(format!("**{}**\n{}", name.as_ref(), value.as_ref()))
        });
        while let Some(left) = cells.next() {
            card = card.push(Columns::new([left, cells.next().unwrap_or_default()]));
        }
        card
    }

    /// Adds a horizontal rule.
    pub fn divider(self) -> Self {
        self.push(json!({ "tag": "hr" }))
    }
}

impl Serialize for Card {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            schema: &'static str,
            config: Config<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            card_link: Option<&'a Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            header: Option<&'a Map<String, Value>>,
            body: Body<'a>,
        }

        #[derive(Serialize)]
        struct Body<'a> {
            elements: &'a [Element],
        }

        Shape {
            schema: "2.0",
            config: Config(&self.settings.config),
            card_link: self.settings.card_link.as_ref(),
            header: self.header.contains_key("title").then_some(&self.header),
            body: Body { elements: &self.elements },
        }
        .serialize(serializer)
    }
}

/// `config` with `update_multi`, which a card of 2.0 must have.
struct Config<'a>(&'a Map<String, Value>);

impl Serialize for Config<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut config = serializer.serialize_map(None)?;
        config.serialize_entry("update_multi", &true)?;
        for (name, value) in self.0.iter().filter(|(name, _)| *name != "update_multi") {
            config.serialize_entry(name, value)?;
        }
        config.end()
    }
}

impl From<Card> for RawCard {
    fn from(card: Card) -> Self {
        Self::from_built(&card)
    }
}

impl From<Card> for CardContent {
    fn from(card: Card) -> Self {
        Self::Raw(card.into())
    }
}

/// Plain text without formatting.
fn plain_text(text: impl Into<String>) -> Value {
    json!({ "tag": "plain_text", "content": text.into() })
}

fn markdown(text: impl Into<String>) -> Value {
    json!({ "tag": "markdown", "content": text.into() })
}

/// Members of a JSON object; none of anything else.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
