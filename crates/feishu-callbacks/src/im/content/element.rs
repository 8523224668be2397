//! The elements of rich text and of received cards.

use serde_json::Value;

use super::value::{filled, texts, words};
use crate::open_enum::open_enum;

/// Levels of elements in elements that are read.
pub(super) const MAX_DEPTH: usize = 8;

/// A piece of a paragraph of rich text, or of a line of a received card.
///
/// Source: "Message content of received messages" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Element {
    /// Words. The marks of quotes and lists are part of them.
    #[non_exhaustive]
    Text {
        /// The words as typed.
        text: String,
        /// How they are shown.
        styles: Vec<TextStyle>,
    },
    /// A link.
    #[non_exhaustive]
    Link {
        /// The words that are shown; may be empty or the address itself.
        text: String,
        /// The address.
        href: String,
        /// How it is shown.
        styles: Vec<TextStyle>,
    },
    /// A mention.
    #[non_exhaustive]
    Mention {
        /// Key of the message's list of mentions (`@_user_1`), as documented; an open id, `all` and `@_all` were seen.
        user: String,
        /// Name of the user; often empty.
        name: String,
        /// How it is shown.
        styles: Vec<TextStyle>,
    },
    /// An image.
    #[non_exhaustive]
    Image {
        /// Its key, `img_v3_…`.
        image_key: String,
    },
    /// A video.
    #[non_exhaustive]
    Media {
        /// Its key, `file_v3_…`.
        file_key: String,
        /// Key of its cover.
        image_key: Option<String>,
    },
    /// A built-in emoji.
    #[non_exhaustive]
    Emotion {
        /// Its name, such as `SMILE`.
        emoji: String,
    },
    /// A horizontal line.
    Rule,
    /// Code.
    #[non_exhaustive]
    CodeBlock {
        /// Its language in capitals, such as `RUST`.
        language: Option<String>,
        /// The code.
        code: String,
    },
    /// Markdown. Documented for sending only; some clients are said to send it.
    #[non_exhaustive]
    Markdown {
        /// The markdown.
        text: String,
    },
    /// A button of a card.
    #[non_exhaustive]
    Button {
        /// Its label.
        text: String,
    },
    /// A footnote of a card.
    #[non_exhaustive]
    Note {
        /// What it holds.
        elements: Vec<Element>,
    },
    /// A selection or a menu of a card: `select_static`, `overflow`.
    #[non_exhaustive]
    Select {
        /// The words that are shown while nothing is chosen.
        placeholder: Option<String>,
        /// The choices.
        options: Vec<String>,
    },
    /// A picker of dates of a card.
    #[non_exhaustive]
    DatePicker {
        /// The words that are shown while nothing is chosen.
        placeholder: Option<String>,
        /// The date that is chosen at first.
        initial_date: Option<String>,
    },
    /// An element that is not documented, or without its documented members.
    #[non_exhaustive]
    Other {
        /// Its `tag`, if it has one.
        tag: Option<String>,
        /// All of it.
        json: Value,
    },
}

open_enum! {
    /// A style of words in rich text.
    TextStyle {
        /// Bold.
        Bold = "bold",
        /// Italic.
        Italic = "italic",
        /// Underlined.
        Underline = "underline",
        /// Struck through.
        LineThrough = "lineThrough",
    }
}

impl Element {
    pub(super) fn read(json: &Value, depth: usize) -> Self {
        if let Some(words) = super::value::text_of(json) {
            return Self::Text { text: words.into_owned(), styles: Vec::new() };
        }
        let tag = json.get("tag").and_then(Value::as_str);
        let element = tag.and_then(|tag| Self::documented(tag, json, depth));
        element.unwrap_or_else(|| Self::Other { tag: tag.map(str::to_owned), json: json.clone() })
    }

    fn documented(tag: &str, json: &Value, depth: usize) -> Option<Self> {
        let string = |name: &str| words(json, name).unwrap_or_default().to_owned();
        Some(match tag {
            "text" => Self::Text { text: words_or_number(json, "text")?, styles: styles(json) },
            "a" => Self::Link { text: string("text"), href: string("href"), styles: styles(json) },
            "at" => {
                let user = filled(json, "user_id").or_else(|| filled(json, "open_id")).unwrap_or_default();
                Self::Mention { user, name: string("user_name"), styles: styles(json) }
            }
            "img" => Self::Image { image_key: filled(json, "image_key")? },
            "media" => {
                Self::Media { file_key: filled(json, "file_key")?, image_key: filled(json, "image_key") }
            }
            "emotion" => Self::Emotion { emoji: filled(json, "emoji_type")? },
            "hr" => Self::Rule,
            "code_block" => {
                Self::CodeBlock { language: filled(json, "language"), code: words_or_number(json, "text")? }
            }
            "md" | "markdown" => Self::Markdown {
                text: words_or_number(json, "text").or_else(|| words_or_number(json, "content"))?,
            },
            "button" => Self::Button { text: words_or_number(json, "text")? },
            "note" if depth < MAX_DEPTH => Self::Note { elements: inner(json, "elements", depth)? },
            "select_static" | "overflow" => {
                let placeholder = words(json, "placeholder").map(str::to_owned);
                Self::Select { placeholder, options: texts(json, "options") }
            }
            "date_picker" => {
                let placeholder = words(json, "placeholder").map(str::to_owned);
                Self::DatePicker { placeholder, initial_date: filled(json, "initial_date") }
            }
            _ => return None,
        })
    }

    /// What an undocumented element says, and the elements in it. Cards as they were sent have many kinds.
    pub(super) fn parts(json: &Value, depth: usize) -> (Option<String>, Vec<Self>) {
        let text = ["text", "content", "title"].iter().find_map(|name| words_or_number(json, name));
        let inner = ["elements", "columns", "actions", "fields"]
            .iter()
            .filter_map(|name| if depth < MAX_DEPTH { inner(json, name, depth) } else { None });
        (text, inner.flatten().collect())
    }
}

/// The paragraphs of a post and the lines of a card. An item that is not a list is a line of its own.
pub(super) fn lines(list: &[Value]) -> Vec<Vec<Element>> {
    let elements = |line: &Value| {
        let elements = line.as_array().map_or(std::slice::from_ref(line), Vec::as_slice);
        elements
            .iter()
            .filter(|element| !element.is_null())
            .map(|element| Element::read(element, 0))
            .collect()
    };
    list.iter().map(elements).collect()
}

fn inner(json: &Value, name: &str, depth: usize) -> Option<Vec<Element>> {
    let elements = json.get(name)?.as_array()?;
    Some(elements.iter().map(|element| Element::read(element, depth + 1)).collect())
}

fn words_or_number(json: &Value, name: &str) -> Option<String> {
    words(json, name).map(str::to_owned).or_else(|| super::value::text(json, name))
}

/// A list of names, or one name.
fn styles(json: &Value) -> Vec<TextStyle> {
    match json.get("style") {
        Some(Value::String(name)) if !name.is_empty() => vec![name.as_str().into()],
        _ => texts(json, "style").into_iter().map(TextStyle::from).collect(),
    }
}
