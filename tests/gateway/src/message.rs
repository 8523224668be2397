//! One message of a chat, by a bot or a user.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::envelope::since_epoch;
use crate::openapi::bot_open_id;

/// A message that the bot has sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BotMessage {
    /// `om_…`.
    pub message_id: String,
    /// Whom it was sent to; the chat for a reply or a card that was clicked.
    pub receive_id: String,
    /// `interactive` for a card.
    pub msg_type: String,
    /// The content, parsed; for a card the card as it is now. Null for a card that was clicked and never seen.
    pub content: Value,
    /// The message it replies to.
    pub parent_id: Option<String>,
    /// Whether it was recalled.
    pub recalled: bool,
    pub(crate) app: Arc<str>,
    pub(crate) sent_at: Instant,
    pub(crate) about: About,
}

/// What the interface and reading back need besides.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) chat_id: String,
    pub(crate) is_private: bool,
    /// The user who wrote it; `None` for the bot.
    pub(crate) writer: Option<Writer>,
    pub(crate) mentions: Vec<Mention>,
    /// open ids of the only ones who see it; empty for all.
    pub(crate) visible_to: Vec<String>,
    pub(crate) streaming: bool,
    /// Its topic.
    pub(crate) thread_id: Option<String>,
    pub(crate) reactions: Vec<Reaction>,
    /// How often it was edited.
    pub(crate) edits: u32,
    /// The last good answer to `url.preview.get` for a link in it.
    pub(crate) preview: Option<Value>,
    /// Milliseconds since 1970.
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) version: u32,
    pub(crate) changed_by: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pub(crate) open_id: String,
    pub(crate) name: String,
}

/// A reaction that an app added.
#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    pub(crate) id: String,
    pub(crate) emoji: String,
    pub(crate) app: Arc<str>,
}

/// A mention in a text.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Mention {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) is_bot: bool,
}

impl BotMessage {
    /// A message that is sent now.
    pub(crate) fn new(
        app: &Arc<str>,
        message_id: String,
        msg_type: &str,
        content: Value,
        about: About,
    ) -> Self {
        Self {
            message_id,
            receive_id: about.chat_id.clone(),
            msg_type: msg_type.into(),
            content,
            parent_id: None,
            recalled: false,
            app: Arc::clone(app),
            sent_at: Instant::now(),
            about,
        }
    }

    /// It was changed, and by what.
    pub(crate) fn changed(&mut self, by: &'static str) {
        self.about.version += 1;
        self.about.changed_by = by;
        self.about.updated_at = now();
    }

    /// `Message` of the interface.
    pub(crate) fn json(&self) -> Value {
        let About { chat_id, is_private, writer, mentions, visible_to, streaming, preview, .. } = &self.about;
        let sender = match writer {
            Some(Writer { open_id, name }) => json!({"type": "user", "id": open_id, "name": name}),
            None => json!({"type": "app", "id": bot_open_id(&self.app), "name": "Local bot"}),
        };
        json!({
            "message_id": self.message_id,
            "app_id": &*self.app,
            "chat_id": chat_id,
            "chat_type": if *is_private { "p2p" } else { "group" },
            "sender": sender,
            "msg_type": self.msg_type,
            "content": self.content,
            "text": self.text(),
            "mentions": mentions,
            "parent_id": self.parent_id,
            "thread_id": self.about.thread_id,
            "reactions": self.about.reactions.iter().map(|it| &*it.emoji).collect::<Vec<_>>(),
            "created_at": self.about.created_at,
            "updated_at": self.about.updated_at,
            "version": self.about.version,
            "changed_by": self.about.changed_by,
            "recalled": self.recalled,
            "visible_to": visible_to,
            "streaming": streaming,
            "resources": self.resources(),
            "preview": preview,
        })
    }

    /// The text with names in the place of the keys of mentions, longest key first; empty for another kind.
    fn text(&self) -> String {
        let text = self.content.get("text").and_then(Value::as_str).unwrap_or_default();
        let mut mentions: Vec<&Mention> = self.about.mentions.iter().collect();
        mentions.sort_by_key(|mention| std::cmp::Reverse(mention.key.len()));
        let mut text = text.to_owned();
        for mention in mentions {
            text = text.replace(&mention.key, &format!("@{}", mention.name));
        }
        text
    }

    /// The ids of the messages that a merged forward holds.
    pub(crate) fn forwarded(&self) -> Vec<String> {
        let ids = self.content.get("message_ids").and_then(Value::as_array);
        let ids = ids.filter(|_| self.msg_type == "merge_forward").into_iter().flatten();
        ids.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Pictures and files in it.
    pub(crate) fn resources(&self) -> Vec<Value> {
        let mut found = Vec::new();
        collect(&self.content, &mut found);
        found
    }
}

impl About {
    /// A message of the bot that is sent now.
    pub(crate) fn now(chat_id: String, is_private: bool) -> Self {
        let now = now();
        Self {
            chat_id,
            is_private,
            writer: None,
            mentions: Vec::new(),
            visible_to: Vec::new(),
            streaming: false,
            thread_id: None,
            reactions: Vec::new(),
            edits: 0,
            preview: None,
            created_at: now,
            updated_at: now,
            version: 1,
            changed_by: "sent",
        }
    }
}

fn collect(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str);
            let name = text("file_name").unwrap_or_default();
            for (member, kind) in [("image_key", "image"), ("file_key", "file")] {
                if let Some(key) = text(member) {
                    found.push(json!({"key": key, "type": kind, "name": name}));
                }
            }
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn now() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}
