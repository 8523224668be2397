//! Text in which keys of mentions are replaced by names.

use crate::ids::OpenId;
use crate::im::identity::BotIdentity;
use crate::im::message::Mention;

/// How content is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Plain,
    Markdown,
}

/// The mentions that are left out.
#[derive(Clone, Copy)]
pub(super) enum Omit<'a> {
    Nothing,
    Bot(&'a BotIdentity),
    Mentions,
}

impl Omit<'_> {
    fn leaves_out(self, open_id: Option<&str>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Bot(me) => open_id == Some(me.open_id.as_str()),
            Self::Mentions => true,
        }
    }
}

/// Writes text; mentions can be left out.
pub(super) struct Writer<'a> {
    mentions: &'a [Mention],
    omit: Omit<'a>,
    pub(super) format: Format,
    pub(super) out: String,
    /// Whether a mention was left out just now, so that the blank behind it goes too.
    left_out: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(mentions: &'a [Mention], omit: Omit<'a>, format: Format) -> Self {
        Self { mentions, omit, format, out: String::new(), left_out: false }
    }

    /// Writes text as it is.
    pub(super) fn push(&mut self, text: &str) {
        let mut text = text;
        if self.left_out && !text.is_empty() {
            self.left_out = false;
            if self.out.chars().next_back().is_none_or(char::is_whitespace) {
                text = text.strip_prefix(is_blank).unwrap_or(text);
            }
        }
        self.out.push_str(text);
    }

    /// Writes text with keys in it. It is read once from left to right, so a name that looks like a key stays.
    pub(super) fn push_with_keys(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            let (before, from_at) = rest.split_at(at);
            self.push(before);
            let mention = self
                .mentions
                .iter()
                .filter(|mention| starts_with_key(from_at, mention))
                .max_by_key(|mention| key_of(mention).len());
            let len = if let Some(mention) = mention {
                self.push_mention(mention);
                key_of(mention).len()
            } else if starts_with_word(from_at, ALL_KEY) {
                self.push_name(None, ALL);
                ALL_KEY.len()
            } else if let Some(key) = unlisted_key(from_at) {
                self.push_name(None, key);
                key.len()
            } else {
                self.push("@");
                1
            };
            rest = from_at.get(len..).unwrap_or_default();
        }
        self.push(rest);
    }

    /// Writes the mention of an `at` element: its `user_id` is a key, an open id, or means all members.
    pub(super) fn push_at(&mut self, user_id: &str, user_name: &str) {
        let by_key = self.mentions.iter().find(|mention| !user_id.is_empty() && key_of(mention) == user_id);
        let by_id = || {
            self.mentions.iter().find(|mention| mention.id.open_id.as_ref().is_some_and(|id| id == user_id))
        };
        if let Some(mention) = by_key.or_else(by_id) {
            self.push_mention(mention);
        } else if !user_name.is_empty() {
            self.push_name(Some(user_id), &format!("@{user_name}"));
        } else if is_all(user_id) {
            self.push_name(None, ALL);
        } else if !user_id.is_empty() {
            self.push_name(Some(user_id), &format!("@{}", user_id.trim_start_matches('@')));
        }
    }

    fn push_mention(&mut self, mention: &Mention) {
        let open_id = mention.id.open_id.as_ref().map(OpenId::as_str);
        match mention.name.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => self.push_name(open_id, &format!("@{name}")),
            None if is_all(key_of(mention)) => self.push_name(open_id, ALL),
            None => self.push_name(open_id, key_of(mention)),
        }
    }

    /// Writes one mention, unless it is left out.
    fn push_name(&mut self, open_id: Option<&str>, name: &str) {
        if self.omit.leaves_out(open_id) {
            self.left_out = true;
        } else {
            self.push(name);
        }
    }
}

/// The text of a mention of all members.
const ALL: &str = "@all";
/// Its key in text and in the list of mentions.
const ALL_KEY: &str = "@_all";

/// Whether a key or id means all members.
pub(super) fn is_all(id: &str) -> bool {
    matches!(id, "@_all" | "@all" | "_all" | "all")
}

/// Whether text contains the key of all members.
pub(super) fn has_all_key(text: &str) -> bool {
    text.match_indices(ALL_KEY)
        .any(|(at, _)| text.get(at..).is_some_and(|rest| starts_with_word(rest, ALL_KEY)))
}

/// The key of a mention at the beginning of a text, `@_user_7`, whose entry is missing in the list.
fn unlisted_key(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("@_user_")?;
    let len = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    if len == 0 { None } else { text.get(.."@_user_".len() + len) }
}

fn key_of(mention: &Mention) -> &str {
    mention.key.as_deref().unwrap_or_default()
}

/// `@_user_1` is the beginning of `@_user_10`, whether that is in the list or not.
fn starts_with_key(text: &str, mention: &Mention) -> bool {
    let key = key_of(mention);
    key.starts_with('@') && key.len() > 1 && starts_with_word(text, key)
}

fn starts_with_word(text: &str, word: &str) -> bool {
    let Some(rest) = text.strip_prefix(word) else { return false };
    let next = rest.chars().next();
    if word.ends_with(|last: char| last.is_ascii_digit()) {
        !next.is_some_and(|next| next.is_ascii_digit())
    } else {
        !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
    }
}

/// A blank within a line.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() && letter != '\n'
}
