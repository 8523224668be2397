//! Content as plain text and as markdown.

use std::fmt::Write as _;

use super::element::{Element, MAX_DEPTH, TextStyle};
use super::kinds::Content;
use super::mentions::{Format, Omit, Writer};
use super::post::Post;
use crate::decode::lazy::read_tree;
use crate::im::identity::BotIdentity;
use crate::im::message::Mention;

impl Content {
    /// The plain text of any kind that has some; `None` for a kind without text, such as an image, a file, a sticker or a
    /// merged forward, and for a rich text with nothing but images.
    ///
    /// Mentions are written as `@` and the name. Of a rich text it is the title and the paragraphs, one a line; a link
    /// with words of its own is written as in text messages, `[words](address)`; an emoji is its name in brackets. Of a
    /// card it is the title and the words of its elements, of a to-do, a vote, an event, a place or a system message what
    /// it says.
    pub fn text(&self, mentions: &[Mention]) -> Option<String> {
        written(self, Writer::new(mentions, Omit::Nothing, Format::Plain))
    }

    /// The content as markdown: as [`text`](Self::text), with styles, fenced code, lines and the title of a rich text as
    /// markdown, emoji as `:SMILE:`, and images and files as `![image](key)` and `[name](key)`, which show where they
    /// were. `None` if there is none of these.
    ///
    /// It is meant for a language model, and for cards, which show images by their keys. What a user typed is not escaped:
    /// people write markdown in messages, and lists and quotes of rich text come with their marks.
    pub fn markdown(&self, mentions: &[Mention]) -> Option<String> {
        written(self, Writer::new(mentions, Omit::Nothing, Format::Markdown))
    }

    /// [`text`](Self::text) without the mentions of one bot and without blanks around: what was said to it. Empty if
    /// nothing but the mention was written.
    pub fn text_without(&self, mentions: &[Mention], me: &BotIdentity) -> Option<String> {
        let text = written(self, Writer::new(mentions, Omit::Bot(me), Format::Plain));
        text.map(|text| text.trim().to_owned())
    }

    /// [`text`](Self::text) without any mention and without blanks around. Empty if nothing but mentions was written.
    pub fn text_without_mentions(&self, mentions: &[Mention]) -> Option<String> {
        let text = written(self, Writer::new(mentions, Omit::Mentions, Format::Plain));
        text.map(|text| text.trim().to_owned())
    }
}

fn written(content: &Content, mut writer: Writer<'_>) -> Option<String> {
    let has_text = write(content, &mut writer);
    if writer.format == Format::Markdown {
        writer.out.truncate(writer.out.trim_end_matches('\n').len());
    }
    has_text.then_some(writer.out)
}

/// Writes what there is. False if there is nothing.
fn write(content: &Content, writer: &mut Writer<'_>) -> bool {
    let is_markdown = writer.format == Format::Markdown;
    let mut some = |text: Option<&str>| {
        writer.push(text.unwrap_or_default());
        text.is_some()
    };
    match content {
        Content::Text { text } => {
            writer.push_with_keys(text);
            true
        }
        Content::Post(post) | Content::Todo { summary: post, .. } => write_post(post, writer),
        Content::Card(card) => {
            let original = card.read_original();
            let cards = original.iter().chain(std::iter::once(card));
            cards.map(|card| (card.title.as_deref().unwrap_or_default(), &card.lines)).any(
                |(title, lines)| {
                    let has_text = write_lines(title, lines, writer);
                    if !has_text {
                        writer.out.clear();
                    }
                    has_text
                },
            )
        }
        Content::System(system) => some(Some(&system.text())),
        Content::Location { name, longitude, latitude } => match (name, longitude, latitude) {
            (Some(name), Some(longitude), Some(latitude)) if is_markdown => {
                some(Some(&format!("{name} ({latitude}, {longitude})")))
            }
            _ => some(name.as_deref()),
        },
        Content::Vote { topic, options } => {
            let bullet = if is_markdown { "- " } else { "" };
            let options = options.iter().map(|option| format!("{bullet}{option}"));
            let lines: Vec<String> = topic.iter().cloned().chain(options).collect();
            some((!lines.is_empty()).then(|| lines.join("\n")).as_deref())
        }
        Content::ShareCalendarEvent(event) | Content::Calendar(event) | Content::GeneralCalendar(event) => {
            some(event.summary.as_deref())
        }
        Content::VideoChat { topic, .. } => some(topic.as_deref()),
        Content::Hongbao { text } => some(text.as_deref()),
        Content::Other { raw, .. } => {
            let tree = read_tree(raw);
            if let Some(text) = super::value::text(&tree, "text") {
                writer.push_with_keys(&text);
                return true;
            }
            Post::read(&tree).is_some_and(|post| write_post(&post, writer))
        }
        Content::Image { image_key } if is_markdown => {
            writer.push_link("!", "image", image_key);
            true
        }
        Content::File { file_key, file_name } | Content::Folder { file_key, file_name } if is_markdown => {
            writer.push_link("", file_name.as_deref().unwrap_or("file"), file_key);
            true
        }
        Content::Media { file_key, file_name, .. } if is_markdown => {
            writer.push_link("", file_name.as_deref().unwrap_or("video"), file_key);
            true
        }
        Content::Audio { file_key, .. } if is_markdown => {
            writer.push_link("", "audio", file_key);
            true
        }
        _ => false,
    }
}

fn write_post(post: &Post, writer: &mut Writer<'_>) -> bool {
    write_lines(&post.title, &post.paragraphs, writer)
}

/// Writes a title and lines of elements. A line without text, such as one with an image, is skipped in plain text.
fn write_lines(title: &str, lines: &[Vec<Element>], writer: &mut Writer<'_>) -> bool {
    let is_markdown = writer.format == Format::Markdown;
    if is_markdown && !title.is_empty() {
        writer.push("# ");
        writer.push(&title.replace(['\n', '\r'], " "));
    } else {
        writer.push(title);
    }
    let mut has_text = !title.is_empty();
    for line in lines {
        if !is_markdown && !line.is_empty() && line.iter().all(|element| !has_words(element)) {
            continue;
        }
        if has_text {
            writer.push("\n");
        }
        has_text = true;
        for element in line {
            write_element(element, writer, 0);
        }
    }
    has_text
}

fn has_words(element: &Element) -> bool {
    match element {
        Element::Image { .. } | Element::Media { .. } | Element::Rule => false,
        Element::Select { placeholder, .. } | Element::DatePicker { placeholder, .. } => {
            placeholder.is_some()
        }
        Element::Other { json, .. } => {
            let (text, inner) = Element::parts(json, 0);
            text.is_some() || inner.iter().any(has_words)
        }
        _ => true,
    }
}

fn write_element(element: &Element, writer: &mut Writer<'_>, depth: usize) {
    let is_markdown = writer.format == Format::Markdown;
    match element {
        Element::Text { text, styles } => writer.styled(text, styles, Writer::push_with_keys),
        Element::Link { text, href, .. } if href.is_empty() => writer.push(text),
        Element::Link { text, href, .. } if text.is_empty() || text == href => writer.push(href),
        Element::Link { text, href, .. } => writer.push_link("", text, href),
        Element::Mention { user, name, .. } => writer.push_at(user, name),
        Element::Emotion { emoji } if is_markdown => writer.push(&format!(":{emoji}:")),
        Element::Emotion { emoji } => writer.push(&format!("[{emoji}]")),
        Element::CodeBlock { language, code } if is_markdown => writer.push_code(language.as_deref(), code),
        Element::CodeBlock { code, .. } => writer.push(code.trim_end_matches('\n')),
        Element::Markdown { text } => writer.push_with_keys(text),
        Element::Button { text } => writer.push(text),
        Element::Image { image_key } if is_markdown => writer.push_link("!", "image", image_key),
        Element::Media { file_key, .. } if is_markdown => writer.push_link("", "video", file_key),
        // A line right below text would make a heading of it.
        Element::Rule if is_markdown => {
            writer.start_line();
            writer.push("\n---\n");
        }
        Element::Image { .. } | Element::Media { .. } | Element::Rule => {}
        Element::Note { elements } => {
            for element in elements {
                write_element(element, writer, depth + 1);
            }
        }
        Element::Select { placeholder, .. } | Element::DatePicker { placeholder, .. } => {
            writer.push(placeholder.as_deref().unwrap_or_default());
        }
        Element::Other { json, .. } => {
            let (text, inner) = Element::parts(json, depth);
            writer.push_with_keys(&text.unwrap_or_default());
            for element in
                inner.iter().filter(|element| depth < MAX_DEPTH && (is_markdown || has_words(element)))
            {
                writer.start_line();
                write_element(element, writer, depth + 1);
            }
        }
    }
}

impl Writer<'_> {
    /// Writes words with the marks of their styles, which stand next to letters: `** x**` is not bold.
    fn styled(&mut self, text: &str, styles: &[TextStyle], write: fn(&mut Self, &str)) {
        let words = text.trim();
        if self.format == Format::Plain || styles.is_empty() || words.is_empty() {
            return write(self, text);
        }
        let (before, after) = text.split_at(text.len() - text.trim_start().len());
        let after = after.get(words.len()..).unwrap_or_default();
        self.push(before);
        let marks = styles.iter().filter_map(|style| match style {
            TextStyle::Bold => Some(("**", "**")),
            TextStyle::Italic => Some(("*", "*")),
            TextStyle::LineThrough => Some(("~~", "~~")),
            TextStyle::Underline => Some(("<u>", "</u>")),
            TextStyle::Other(_) => None,
        });
        let marks: Vec<_> = marks.collect();
        for (open, _) in &marks {
            self.push(open);
        }
        write(self, words);
        for (_, close) in marks.iter().rev() {
            self.push(close);
        }
        self.push(after);
    }

    /// Writes `[words](address)`, for an image with `!` before it.
    fn push_link(&mut self, before: &str, words: &str, address: &str) {
        if self.format == Format::Plain {
            return self.push(&format!("{before}[{words}]({address})"));
        }
        let mut link = format!("{before}[");
        for letter in words.chars() {
            match letter {
                '[' | ']' => {
                    link.push('\\');
                    link.push(letter);
                }
                '\n' | '\r' => link.push(' '),
                _ => link.push(letter),
            }
        }
        link.push_str("](");
        for letter in address.chars() {
            match letter {
                '(' => link.push_str("%28"),
                ')' => link.push_str("%29"),
                _ if letter.is_whitespace() => link.push_str("%20"),
                _ => link.push(letter),
            }
        }
        link.push(')');
        self.push(&link);
    }

    /// Writes code in a fence that is longer than any in the code.
    fn push_code(&mut self, language: Option<&str>, code: &str) {
        let longest = code.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        let language = language.unwrap_or_default().to_lowercase();
        self.start_line();
        let _ = write!(self.out, "{fence}{language}\n{}\n{fence}\n", code.trim_end_matches('\n'));
    }

    /// Goes to a new line, unless it is at the beginning of one.
    fn start_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.push("\n");
        }
    }
}
