//! Rich text and the elements of cards, as plain text.

use serde_json::Value;

use super::mentions::Writer;

/// Levels of elements in elements that are read.
const MAX_DEPTH: usize = 8;

/// Languages in which a post that has several is read, if they are not empty; else any.
const LANGUAGES: [&str; 3] = ["zh_cn", "en_us", "ja_jp"];

/// The post in any of the shapes in which it was seen: bare, by language, and below `post`.
pub(super) fn find(content: &Value) -> Option<&Value> {
    let content = content.get("post").filter(|post| post.is_object()).unwrap_or(content);
    if paragraphs(content).is_some() || content.get("title").is_some_and(Value::is_string) {
        return Some(content);
    }
    let by_language = || LANGUAGES.iter().filter_map(|language| content.get(language));
    let posts = || by_language().chain(content.as_object().into_iter().flat_map(|all| all.values()));
    let is_filled = |post: &&Value| {
        let has_title = post.get("title").and_then(Value::as_str).is_some_and(|title| !title.is_empty());
        has_title || paragraphs(post).is_some_and(|all| !all.is_empty())
    };
    posts().find(is_filled)
}

fn paragraphs(post: &Value) -> Option<&Vec<Value>> {
    ["content", "content_v2"].iter().find_map(|name| post.get(name)?.as_array())
}

/// Writes title and paragraphs, one a line. False if there is no text in it.
pub(super) fn write(post: &Value, writer: &mut Writer<'_>) -> bool {
    let title = post.get("title").and_then(Value::as_str).unwrap_or_default();
    let lines = paragraphs(post).map(Vec::as_slice).unwrap_or_default();
    write_lines(title, lines, writer)
}

/// Writes a title and lines of elements. A line with only images is skipped.
pub(super) fn write_lines(title: &str, lines: &[Value], writer: &mut Writer<'_>) -> bool {
    writer.push(title);
    let mut has_text = !title.is_empty();
    for line in lines {
        let elements = line.as_array().map_or(std::slice::from_ref(line), Vec::as_slice);
        if !elements.is_empty() && elements.iter().all(|element| !is_text(element)) {
            continue;
        }
        if has_text {
            writer.push("\n");
        }
        has_text = true;
        for element in elements {
            write_element(element, writer, 0);
        }
    }
    has_text
}

/// Keys of the images and videos in it: the key, and whether it is an image.
pub(super) fn resources(post: &Value) -> Vec<(String, bool)> {
    elements(post)
        .filter_map(|element| {
            let key = |name| element.get(name).and_then(Value::as_str).filter(|key| !key.is_empty());
            match element.get("tag").and_then(Value::as_str)? {
                "img" => key("image_key").map(|key| (key.to_owned(), true)),
                "media" => key("file_key").map(|key| (key.to_owned(), false)),
                _ => None,
            }
        })
        .collect()
}

/// Every `user_id` of an `at` element.
pub(super) fn mentioned(post: &Value) -> Vec<String> {
    elements(post)
        .filter(|element| element.get("tag").and_then(Value::as_str) == Some("at"))
        .filter_map(|element| ["user_id", "open_id"].iter().find_map(|name| element.get(name)?.as_str()))
        .map(str::to_owned)
        .collect()
}

fn elements(post: &Value) -> impl Iterator<Item = &Value> {
    let lines = paragraphs(post).map(Vec::as_slice).unwrap_or_default();
    lines.iter().flat_map(|line| line.as_array().map_or(std::slice::from_ref(line), Vec::as_slice))
}

fn is_text(element: &Value) -> bool {
    match element.get("tag").and_then(Value::as_str) {
        Some("img" | "media" | "hr") => false,
        Some("at" | "emotion" | "note") => true,
        _ => words(element, "text").is_some() || words(element, "href").is_some(),
    }
}

fn write_element(element: &Value, writer: &mut Writer<'_>, depth: usize) {
    let text = words(element, "text").unwrap_or_default();
    match element.get("tag").and_then(Value::as_str) {
        Some("a") => match words(element, "href").unwrap_or_default() {
            "" => writer.push(text),
            href if text.is_empty() || text == href => writer.push(href),
            href => {
                for part in ["[", text, "](", href, ")"] {
                    writer.push(part);
                }
            }
        },
        Some("at") => {
            let id = words(element, "user_id").or_else(|| words(element, "open_id")).unwrap_or_default();
            writer.push_at(id, words(element, "user_name").unwrap_or_default());
        }
        Some("emotion") => {
            if let Some(emoji) = words(element, "emoji_type") {
                for part in ["[", emoji, "]"] {
                    writer.push(part);
                }
            }
        }
        Some("code_block") => writer.push(text.trim_end_matches('\n')),
        Some("img" | "media" | "hr") => {}
        _ => {
            writer.push_with_keys(text);
            let inner = element.get("elements").and_then(Value::as_array).filter(|_| depth < MAX_DEPTH);
            for element in inner.into_iter().flatten() {
                write_element(element, writer, depth + 1);
            }
        }
    }
}

/// Text of a member that is text, or an object with the text in `content`.
fn words<'v>(element: &'v Value, name: &str) -> Option<&'v str> {
    let member = element.get(name)?;
    member.as_str().or_else(|| member.get("content")?.as_str())
}
