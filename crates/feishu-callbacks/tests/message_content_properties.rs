//! Content of any shape is read without a panic, and no word of a text or a post is lost.

use feishu_callbacks::im::content::Content;
use feishu_callbacks::im::{BotIdentity, Mention, UserIds};
use proptest::prelude::*;
use serde_json::{Value, json};

fn mention(key: &str, open_id: &str, name: &str) -> Mention {
    let mut mention = Mention::default();
    mention.key = Some(key.to_owned());
    mention.name = Some(name.to_owned());
    mention.id = UserIds::from_id("open_id", open_id);
    mention
}

const KINDS: [&str; 24] = [
    "text",
    "post",
    "image",
    "file",
    "folder",
    "audio",
    "media",
    "video",
    "sticker",
    "interactive",
    "share_chat",
    "share_user",
    "merge_forward",
    "location",
    "system",
    "todo",
    "vote",
    "share_calendar_event",
    "calendar",
    "general_calendar",
    "video_chat",
    "hongbao",
    "later",
    "",
];

/// JSON made of the members that content has.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "text",
        "title",
        "content",
        "zh_cn",
        "post",
        "tag",
        "elements",
        "style",
        "user_id",
        "href",
        "summary",
        "template",
        "options",
        "topic",
        "duration",
        "file_key",
        "image_key",
        "user_dsl",
        "body",
        "header",
        "language",
        "columns",
    ]);
    let tags = prop::sample::select(vec![
        "text",
        "a",
        "at",
        "img",
        "hr",
        "code_block",
        "note",
        "md",
        "new",
        "emotion",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[@_user0-9 {}`\\[\\]\u{e9}\n]{0,12}".prop_map(Value::from),
        tags.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn content_never_panics(kind in prop::sample::select(KINDS.to_vec()), json in any_json(), cut in 0_usize..200) {
        let whole = json.to_string();
        let mut cut = cut.min(whole.len());
        while !whole.is_char_boundary(cut) {
            cut -= 1;
        }
        let mentions = [mention("@_user_1", "ou_bot", "Kettle"), mention("@_user_12", "ou_ann", "@_user_1")];
        let me = BotIdentity::new("ou_bot");
        for content in [whole.as_str(), &whole[..cut]] {
            let read = Content::read(kind, content);
            let (text, without) = (read.text(&mentions), read.text_without_mentions(&mentions));
            prop_assert_eq!(text.is_some(), without.is_some());
            prop_assert!(text.is_none() || read.markdown(&mentions).is_some());
            let _ = (read.text_without(&mentions, &me), read.mentions_all(&mentions));
            let _ = (read.mentions_bot(&mentions, &me), read.resources());
        }
    }

    #[test]
    fn text_loses_nothing_of_a_text(said in "\\PC{0,60}") {
        let read = Content::read("text", &json!({"text": said}).to_string());
        let (text, markdown) = (read.text(&[]), read.markdown(&[]));
        let expected = said.replace("@_all", "@all");
        if !said.contains("@_all") {
            prop_assert_eq!(text.as_deref(), Some(said.as_str()));
        }
        prop_assert!(text.is_some() && markdown.is_some_and(|it| it.len() >= expected.len().min(said.trim_end().len())));
    }

    #[test]
    fn text_and_markdown_lose_no_word_of_a_post(
        words in prop::collection::vec((prop::sample::select(vec!["text", "a", "code_block", "md", "new", "note"]),
            "[a-z<>*`]{1,8}", prop::collection::vec(prop::sample::select(vec!["bold", "italic", "new"]), 0..2)), 1..12),
        by_language in any::<bool>(),
    ) {
        let paragraphs: Vec<Value> = words.iter().map(|(tag, word, style)| match *tag {
            "note" => json!([{"tag": tag, "elements": [{"tag": "text", "text": word}]}]),
            tag => json!([{"tag": tag, "text": word, "href": "https://a.example", "style": style}]),
        }).collect();
        let post = json!({"title": "t", "content": paragraphs});
        let content = if by_language { json!({"en_us": post}) } else { post };
        let read = Content::read("post", &content.to_string());
        for written in [read.text(&[]).unwrap(), read.markdown(&[]).unwrap()] {
            let mut rest = written.as_str();
            for (_, word, _) in &words {
                let at = rest.find(word.as_str());
                prop_assert!(at.is_some(), "{} is missing in {}", word, written);
                rest = &rest[at.unwrap() + word.len()..];
            }
        }
    }
}
