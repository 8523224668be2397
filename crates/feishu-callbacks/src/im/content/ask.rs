//! Whom content mentions.

use super::element::Element;
use super::kinds::Content;
use super::mentions::{has_all_key, is_all};
use crate::im::identity::BotIdentity;
use crate::im::message::Mention;

impl Content {
    /// True if a bot is mentioned, by `open_id`, in the list of mentions or only inside a rich text. A mention of
    /// everybody is not one; see [`mentions_all`](Self::mentions_all).
    pub fn mentions_bot(&self, mentions: &[Mention], me: &BotIdentity) -> bool {
        lists_bot(mentions, me) || self.at().any(|user| user == me.open_id.as_str())
    }

    /// True if all members are mentioned: in the list of mentions, or only in the text, or inside a rich text.
    pub fn mentions_all(&self, mentions: &[Mention]) -> bool {
        let is_said = matches!(self, Self::Text { text } if has_all_key(text));
        lists_all(mentions) || is_said || self.at().any(is_all)
    }

    /// What `at` elements of a rich text mention: keys, ids or a word for all.
    fn at(&self) -> impl Iterator<Item = &str> {
        let paragraphs = if let Self::Post(post) = self { post.paragraphs.as_slice() } else { &[] };
        paragraphs.iter().flatten().filter_map(|element| match element {
            Element::Mention { user, .. } => Some(user.as_str()),
            _ => None,
        })
    }
}

/// Whether a bot is in the list of mentions.
pub(super) fn lists_bot(mentions: &[Mention], me: &BotIdentity) -> bool {
    mentions.iter().any(|mention| mention.id.open_id.as_ref() == Some(&me.open_id))
}

/// Whether all members are in the list of mentions.
pub(super) fn lists_all(mentions: &[Mention]) -> bool {
    mentions.iter().filter_map(|mention| mention.key.as_deref()).any(is_all)
}
