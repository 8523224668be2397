//! What a message says, by its kind.

mod mentions;
mod post;

use std::borrow::Cow;

use serde_json::Value;

use super::identity::BotIdentity;
use super::message::Message;
use crate::decode::lazy::read_tree;
use mentions::{Writer, is_all};

impl Message {
    /// True if this bot is mentioned, by `open_id`, in the list of mentions or only inside a rich text. A mention of
    /// everybody is not one; see [`mentions_all`](Self::mentions_all).
    pub fn mentions_bot(&self, me: &BotIdentity) -> bool {
        let is_listed = self.mentions.iter().any(|mention| mention.id.open_id.as_ref() == Some(&me.open_id));
        is_listed || mentioned_in_post(self).iter().any(|who| who == me.open_id.as_str())
    }

    /// Whether all members are mentioned: in the list of mentions, or only in the text, or inside a rich text.
    pub fn mentions_all(&self) -> bool {
        let is_listed = self.mentions.iter().filter_map(|mention| mention.key.as_deref()).any(is_all);
        is_listed || mentioned_in_post(self).iter().any(|who| is_all(who)) || names_all(self)
    }

    /// The plain text of a message of any kind that has some; `None` for a kind without text, such as an image, a file, a
    /// sticker or a merged forward, and for a rich text with nothing but images.
    ///
    /// Mentions are written as `@` and the name. Of a rich text it is the title and the paragraphs, one a line; a link
    /// with words of its own is written as in text messages, `[words](address)`; an emoji is its name in brackets. Of a
    /// card it is the title and the words of its elements, of a to-do, a vote, an event, a place or a system message what
    /// it says. [`content_as`](Self::content_as) gives the content itself.
    ///
    /// Source: "Message content of received messages" of the Feishu documentation.
    pub fn text(&self) -> Option<String> {
        plain_text(self, None)
    }

    /// The images and files of a message that can be downloaded, also those inside a rich text. Stickers and folders
    /// cannot.
    pub fn resources(&self) -> Vec<Resource> {
        let content = read_tree(self.content.as_deref().unwrap_or_default());
        let key = |name: &str| content.get(name).and_then(Value::as_str).filter(|key| !key.is_empty());
        let kind = self.message_type.as_ref().map_or("", |kind| kind.as_str());
        match kind {
            "image" => key("image_key").map(|key| Resource::Image(key.to_owned())).into_iter().collect(),
            "file" | "audio" | "media" | "video" => {
                key("file_key").map(|key| Resource::File(key.to_owned())).into_iter().collect()
            }
            "post" => post::find(&content)
                .map(post::resources)
                .unwrap_or_default()
                .into_iter()
                .map(|(key, is_image)| if is_image { Resource::Image(key) } else { Resource::File(key) })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// [`text`](Self::text) without the mentions of this bot and without blanks around: what was said to it. Empty if
    /// nothing but the mention was written.
    pub fn text_without(&self, me: &BotIdentity) -> Option<String> {
        plain_text(self, Some(me)).map(|text| text.trim().to_owned())
    }
}

/// An image or file of a message, to download it by its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// An image, by its `image_key`. The download call takes it as `type=image`.
    Image(String),
    /// A file, voice message or video, by its `file_key`. The download call takes it as `type=file`.
    File(String),
}

/// The plain text, without mentions of one bot. `None` if there is none.
fn plain_text(message: &Message, without: Option<&BotIdentity>) -> Option<String> {
    let content = message.content.as_deref()?;
    let mut writer = Writer::new(&message.mentions, without);
    let kind = message.message_type.as_ref().map_or("", |kind| kind.as_str());
    let tree = read_tree(content);
    let has_text = match (kind, &tree) {
        (
            "image" | "file" | "folder" | "audio" | "media" | "video" | "sticker" | "share_chat"
            | "share_user" | "merge_forward",
            _,
        ) => false,
        // Bare words instead of JSON.
        ("text" | "post" | "", Value::Null) if content.trim() != "null" => {
            writer.push_with_keys(content);
            !content.is_empty()
        }
        ("text" | "post" | "", Value::String(text)) => {
            writer.push_with_keys(text);
            true
        }
        (_, tree) => write(kind, tree, &mut writer),
    };
    has_text.then_some(writer.out)
}

fn write(kind: &str, content: &Value, writer: &mut Writer<'_>) -> bool {
    let member = |name: &str| content.get(name).and_then(text_of);
    let one = |name: &str, writer: &mut Writer<'_>| {
        let text = member(name);
        writer.push(text.as_deref().unwrap_or_default());
        text.is_some()
    };
    match kind {
        "location" => one("name", writer),
        "video_chat" => one("topic", writer),
        "share_calendar_event" | "calendar" | "general_calendar" => one("summary", writer),
        "todo" => match content.get("summary") {
            Some(Value::String(summary)) => {
                writer.push(summary);
                true
            }
            Some(summary) => post::find(summary).is_some_and(|post| post::write(post, writer)),
            None => false,
        },
        "vote" => {
            let options = content.get("options").and_then(Value::as_array).into_iter().flatten();
            let lines: Vec<Cow<'_, str>> =
                member("topic").into_iter().chain(options.filter_map(text_of)).collect();
            writer.push(&lines.join("\n"));
            !lines.is_empty()
        }
        "system" => member("template").is_some_and(|template| {
            writer.push(&fill(&template, content));
            true
        }),
        "interactive" => {
            let title = member("title").unwrap_or_default();
            let lines = content.get("elements").and_then(Value::as_array).map(Vec::as_slice);
            post::write_lines(&title, lines.unwrap_or_default(), writer)
        }
        _ => match member("text") {
            Some(text) => {
                writer.push_with_keys(&text);
                true
            }
            None => post::find(content).is_some_and(|post| post::write(post, writer)),
        },
    }
}

/// What `at` elements of a rich text mention, as they name it.
fn mentioned_in_post(message: &Message) -> Vec<String> {
    let kind = message.message_type.as_ref().map_or("", |kind| kind.as_str());
    if !matches!(kind, "post" | "") {
        return Vec::new();
    }
    let content = read_tree(message.content.as_deref().unwrap_or_default());
    post::find(&content).map(post::mentioned).unwrap_or_default()
}

/// Whether the text itself mentions all members.
fn names_all(message: &Message) -> bool {
    let kind = message.message_type.as_ref().map_or("", |kind| kind.as_str());
    matches!(kind, "text" | "") && message.content.as_deref().is_some_and(mentions::has_all_key)
}

/// Text, or a number where text is expected.
fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// Puts the members of a system message into its template.
fn fill(template: &str, members: &Value) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, from_brace)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = from_brace.split_once('}') else {
            rest = from_brace;
            filled.push('{');
            continue;
        };
        match members.get(name) {
            Some(Value::Array(names)) => {
                let names: Vec<_> = names.iter().filter_map(text_of).collect();
                filled.push_str(&names.join(", "));
            }
            Some(value) => {
                let text = text_of(value).or_else(|| text_of(value.get("text")?));
                filled.push_str(text.as_deref().unwrap_or_default());
            }
            None => {
                for part in ["{", name, "}"] {
                    filled.push_str(part);
                }
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}
