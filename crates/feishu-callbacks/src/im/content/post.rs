//! Rich text.

use serde_json::Value;

use super::element::{Element, lines};
use super::value::{filled, text};

/// Languages in which a post that has several is read, if they are not empty; else any.
const LANGUAGES: [&str; 3] = ["zh_cn", "en_us", "ja_jp"];

/// Rich text: a title and paragraphs. A list, a quote, code, words with an image and pasted text make a post of a user's
/// message.
///
/// It is read in every shape in which it was seen: bare, by language, and below `post`.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Post {
    /// Its language, such as `zh_cn`, if the content names one.
    pub language: Option<String>,
    /// Its title; empty if there is none.
    pub title: String,
    /// Its paragraphs, each of elements that follow each other in a line.
    pub paragraphs: Vec<Vec<Element>>,
    /// The same in other languages. The post itself is in the first language that is not empty: Chinese, English,
    /// Japanese, then any.
    pub translations: Vec<Post>,
}

impl Post {
    /// The post in a language, such as `ja_jp`; in the one it has if that language is missing or empty.
    pub fn in_language(&self, language: &str) -> &Self {
        let mut translations = self.translations.iter();
        translations
            .find(|post| post.language.as_deref() == Some(language) && !post.is_empty())
            .unwrap_or(self)
    }

    /// True if it has neither a title nor elements.
    pub fn is_empty(&self) -> bool {
        self.title.is_empty() && self.paragraphs.iter().all(Vec::is_empty)
    }

    /// `None` if it is not a post of any known shape.
    pub(super) fn read(content: &Value) -> Option<Self> {
        let content = content.get("post").filter(|post| post.is_object()).unwrap_or(content);
        if let Some(post) = Self::bare(content, None) {
            return Some(post);
        }
        let members = content.as_object()?;
        let known = LANGUAGES.iter().filter_map(|language| members.get_key_value(*language));
        let others = members.iter().filter(|(name, _)| !LANGUAGES.contains(&name.as_str()));
        let mut posts: Vec<Self> =
            known.chain(others).filter_map(|(language, post)| Self::bare(post, Some(language))).collect();
        let first = posts.iter().position(|post| !post.is_empty()).or(if posts.is_empty() {
            None
        } else {
            Some(0)
        })?;
        let post = posts.remove(first);
        Some(Self { translations: posts, ..post })
    }

    fn bare(post: &Value, language: Option<&str>) -> Option<Self> {
        let content = ["content", "content_v2"].iter().find_map(|name| match post.get(name)? {
            Value::Array(list) => Some(lines(list)),
            _ => None,
        });
        let has_title = post.get("title").is_some_and(Value::is_string);
        let paragraphs = match content {
            Some(paragraphs) => paragraphs,
            // A sentence in the place of the list.
            None if has_title => {
                let sentence = filled(post, "content");
                sentence.map(|text| vec![Element::Text { text, styles: Vec::new() }]).into_iter().collect()
            }
            None => return None,
        };
        let language = language.map(str::to_owned);
        Some(Self {
            language,
            title: text(post, "title").unwrap_or_default(),
            paragraphs,
            translations: Vec::new(),
        })
    }
}
