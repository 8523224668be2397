//! The kinds of content and how each is read.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::card::ReceivedCard;
use super::post::Post;
use super::system::System;
use super::value::{degrees, filled, millis, text, text_of, texts, time};
use crate::decode::lazy::read_tree;
use crate::ids::{ChatId, OpenId};
use crate::time::Timestamp;

/// What a message says. Members that are missing or odd are `None` or empty; times are read from digits of any unit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// Plain text. Mentions are keys in it, `@_user_1`; [`text`](Self::text) puts the names in. Links come as
    /// `[words](address)`, styles are dropped.
    #[non_exhaustive]
    Text {
        /// The text as it came.
        text: String,
    },
    /// Rich text.
    Post(Post),
    /// An image.
    #[non_exhaustive]
    Image {
        /// Its key, `img_v3_…`.
        image_key: String,
    },
    /// A file.
    #[non_exhaustive]
    File {
        /// Its key, `file_v3_…`.
        file_key: String,
        /// Its name.
        file_name: Option<String>,
    },
    /// A folder. It cannot be downloaded.
    #[non_exhaustive]
    Folder {
        /// Its key, `file_v3_…`.
        file_key: String,
        /// Its name.
        file_name: Option<String>,
    },
    /// A voice message, in Opus format.
    #[non_exhaustive]
    Audio {
        /// Its key, `file_v3_…`.
        file_key: String,
        /// Its length.
        duration: Option<Duration>,
    },
    /// A video: `media`, or `video`, which was seen too.
    #[non_exhaustive]
    Media {
        /// Its key, `file_v3_…`.
        file_key: String,
        /// Key of the cover.
        image_key: Option<String>,
        /// Its name.
        file_name: Option<String>,
        /// Its length.
        duration: Option<Duration>,
    },
    /// A sticker. It can be sent again by its key, but not downloaded.
    #[non_exhaustive]
    Sticker {
        /// Its key.
        file_key: String,
    },
    /// A card, `interactive`.
    Card(ReceivedCard),
    /// A shared group.
    #[non_exhaustive]
    ShareChat {
        /// The group.
        chat_id: ChatId,
    },
    /// A shared contact.
    #[non_exhaustive]
    ShareUser {
        /// The user. The platform calls the member `user_id`, but it holds an open id.
        open_id: OpenId,
    },
    /// Forwarded messages. They are not in the content: the call "Get message content" with the id of this message gives
    /// it and its children.
    #[non_exhaustive]
    MergeForward {
        /// Fixed words, such as "Merged and Forwarded Message"; events may have them without JSON around, or not at all.
        words: Option<String>,
    },
    /// A place on a map.
    #[non_exhaustive]
    Location {
        /// Its name.
        name: Option<String>,
        /// Degrees east.
        longitude: Option<f64>,
        /// Degrees north.
        latitude: Option<f64>,
    },
    /// A line that the platform wrote.
    System(System),
    /// A to-do.
    #[non_exhaustive]
    Todo {
        /// Id of the task.
        task_id: Option<String>,
        /// What is to be done.
        summary: Post,
        /// When it is due.
        due_time: Option<Timestamp>,
    },
    /// A vote.
    #[non_exhaustive]
    Vote {
        /// What is voted on.
        topic: Option<String>,
        /// The choices.
        options: Vec<String>,
    },
    /// An event of a calendar that was shared.
    ShareCalendarEvent(CalendarEvent),
    /// An event of a calendar that the chat was invited to.
    Calendar(CalendarEvent),
    /// An event of a calendar that was handed over, noted or moved.
    GeneralCalendar(CalendarEvent),
    /// A video call.
    #[non_exhaustive]
    VideoChat {
        /// What it is about.
        topic: Option<String>,
        /// When it starts.
        start_time: Option<Timestamp>,
    },
    /// A red packet.
    #[non_exhaustive]
    Hongbao {
        /// Fixed words; nothing else is known of it.
        text: Option<String>,
    },
    /// A kind that is not documented, or a documented one in another shape: recalled, empty, or not JSON.
    #[non_exhaustive]
    Other {
        /// The kind as the platform names it; empty if the message names none.
        kind: String,
        /// The content as it came.
        raw: String,
    },
}

/// An event of a calendar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalendarEvent {
    /// Its title.
    pub summary: Option<String>,
    /// When it starts.
    pub start_time: Option<Timestamp>,
    /// When it ends.
    pub end_time: Option<Timestamp>,
}

impl Content {
    /// Reads content from the kind of a message (`message_type` of an event, `msg_type` of a call) and its JSON
    /// (`content` of an event, `body.content` of a call).
    ///
    /// Text that is not JSON is the text of a `text` or `post` message. An empty kind is found out from the members.
    pub fn read(kind: &str, content: &str) -> Self {
        let tree = read_tree(content);
        let known = match kind {
            "text" | "" => said(&tree).or_else(|| post(&tree)).or_else(|| bare(&tree, content)),
            "post" => post(&tree).or_else(|| said(&tree)).or_else(|| bare(&tree, content)),
            "merge_forward" => {
                let words = filled(&tree, "content").or_else(|| bare_words(&tree, content));
                Some(Self::MergeForward { words })
            }
            kind if tree.is_object() => members(kind, &tree),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Other { kind: kind.to_owned(), raw: content.to_owned() })
    }
}

/// A kind whose content is an object.
fn members(kind: &str, tree: &Value) -> Option<Content> {
    let file_name = filled(tree, "file_name");
    let event = || {
        let event = CalendarEvent {
            summary: text(tree, "summary"),
            start_time: time(tree, "start_time"),
            end_time: time(tree, "end_time"),
        };
        (event != CalendarEvent::default()).then_some(event)
    };
    Some(match kind {
        "image" => Content::Image { image_key: filled(tree, "image_key")? },
        "file" => Content::File { file_key: filled(tree, "file_key")?, file_name },
        "folder" => Content::Folder { file_key: filled(tree, "file_key")?, file_name },
        "audio" => Content::Audio { file_key: filled(tree, "file_key")?, duration: millis(tree, "duration") },
        "media" | "video" => Content::Media {
            file_key: filled(tree, "file_key")?,
            image_key: filled(tree, "image_key"),
            file_name,
            duration: millis(tree, "duration"),
        },
        "sticker" => Content::Sticker { file_key: filled(tree, "file_key")? },
        // A sample of the documentation calls it `card`.
        "interactive" | "card" => Content::Card(ReceivedCard::read(tree)?),
        "share_chat" => Content::ShareChat { chat_id: filled(tree, "chat_id")?.into() },
        "share_user" => {
            let user = filled(tree, "user_id").or_else(|| filled(tree, "open_id"));
            Content::ShareUser { open_id: user?.into() }
        }
        "location" => {
            let (name, longitude) = (text(tree, "name"), degrees(tree, "longitude"));
            let latitude = degrees(tree, "latitude");
            let is_place = name.is_some() || longitude.is_some() || latitude.is_some();
            return is_place.then_some(Content::Location { name, longitude, latitude });
        }
        "system" => Content::System(System::read(tree)?),
        "todo" => {
            let summary = tree.get("summary")?;
            let summary = match text_of(summary) {
                Some(sentence) => Post { title: sentence.into_owned(), ..Post::default() },
                None => Post::read(summary)?,
            };
            Content::Todo { task_id: filled(tree, "task_id"), summary, due_time: time(tree, "due_time") }
        }
        "vote" => {
            let (topic, options) = (text(tree, "topic"), texts(tree, "options"));
            return (topic.is_some() || !options.is_empty()).then_some(Content::Vote { topic, options });
        }
        "share_calendar_event" => Content::ShareCalendarEvent(event()?),
        "calendar" => Content::Calendar(event()?),
        "general_calendar" => Content::GeneralCalendar(event()?),
        "video_chat" => {
            let (topic, start_time) = (text(tree, "topic"), time(tree, "start_time"));
            let is_call = topic.is_some() || start_time.is_some();
            return is_call.then_some(Content::VideoChat { topic, start_time });
        }
        "hongbao" => Content::Hongbao { text: text(tree, "text") },
        _ => return None,
    })
}

fn said(tree: &Value) -> Option<Content> {
    text(tree, "text").map(|text| Content::Text { text })
}

fn post(tree: &Value) -> Option<Content> {
    Post::read(tree).map(Content::Post)
}

fn bare(tree: &Value, content: &str) -> Option<Content> {
    bare_words(tree, content).map(|text| Content::Text { text })
}

/// Words without JSON around, or only in quotes.
fn bare_words(tree: &Value, content: &str) -> Option<String> {
    match tree {
        Value::Null if matches!(content.trim(), "" | "null") => None,
        Value::Null => Some(content.to_owned()),
        _ => text_of(tree).map(Cow::into_owned),
    }
}
