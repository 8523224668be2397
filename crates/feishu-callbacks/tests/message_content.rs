//! What a message says, typed by its kind: every documented kind, and every odd shape that was reported.

use std::time::Duration;

use feishu_callbacks::im::content::{CalendarEvent, Content, Element, Post, TextStyle};
use feishu_callbacks::im::{BotIdentity, Mention, Resource, UserIds};
use feishu_callbacks::{Dialect, RawCard, Timestamp};
use serde_json::json;

fn mention(key: &str, open_id: &str, name: &str) -> Mention {
    let mut mention = Mention::default();
    mention.key = Some(key.to_owned());
    mention.name = Some(name.to_owned());
    mention.id = UserIds::from_id("open_id", open_id);
    mention
}

fn post(content: &str) -> Post {
    match Content::read("post", content) {
        Content::Post(post) => post,
        other => panic!("{content}: {other:?}"),
    }
}

fn at(digits: &str) -> Option<Timestamp> {
    digits.parse().ok()
}

#[test]
fn content_reads_every_documented_kind_with_a_key() {
    let Content::Text { text, .. } =
        Content::read("text", r#"{"text":"@_user_1 see [plan](https://a.example/p)"}"#)
    else {
        panic!()
    };
    assert_eq!(text, "@_user_1 see [plan](https://a.example/p)");
    let image = Content::read("image", r#"{"image_key":"img_v3_0000_00000000g"}"#);
    assert!(matches!(image, Content::Image { image_key, .. } if image_key == "img_v3_0000_00000000g"));
    let file = Content::read("file", r#"{"file_key":"file_v3_0000_0g","file_name":"a.pdf"}"#);
    let Content::File { file_key, file_name, .. } = file else { panic!() };
    assert_eq!((file_key.as_str(), file_name.as_deref()), ("file_v3_0000_0g", Some("a.pdf")));
    let folder = Content::read("folder", r#"{"file_key":"file_v3_0000_1g","file_name":"docs"}"#);
    assert!(matches!(folder, Content::Folder { file_name: Some(name), .. } if name == "docs"));
    for duration in ["2000", "\"2000\""] {
        let audio =
            Content::read("audio", &format!(r#"{{"file_key":"file_v3_0000_2g","duration":{duration}}}"#));
        assert!(matches!(audio, Content::Audio { duration: Some(it), .. } if it == Duration::from_secs(2)));
    }
    for kind in ["media", "video"] {
        let media = Content::read(
            kind,
            r#"{"file_key":"file_v3_0000_3g","image_key":"img_v3_0000_1g","file_name":"v.mp4","duration":2000}"#,
        );
        let Content::Media { file_key, image_key, file_name, duration, .. } = media else { panic!() };
        assert_eq!((file_key.as_str(), image_key.as_deref()), ("file_v3_0000_3g", Some("img_v3_0000_1g")));
        assert_eq!((file_name.as_deref(), duration), (Some("v.mp4"), Some(Duration::from_secs(2))));
    }
    let sticker = Content::read("sticker", r#"{"file_key":"00000000-0000-0000-0000-00000000000g"}"#);
    assert!(matches!(sticker, Content::Sticker { file_key, .. } if file_key.ends_with("0g")));
    let chat = Content::read("share_chat", r#"{"chat_id":"oc_00000000000000000000000000000001"}"#);
    assert!(matches!(chat, Content::ShareChat { chat_id, .. } if chat_id.as_str().ends_with("01")));
    let user = Content::read("share_user", r#"{"user_id":"ou_00000000000000000000000000000001"}"#);
    assert!(matches!(user, Content::ShareUser { open_id, .. } if open_id.as_str().starts_with("ou_")));
}

#[test]
fn content_reads_every_documented_kind_with_words() {
    let place = Content::read("location", r#"{"name":"A street","longitude":"1.000","latitude":"2.000"}"#);
    let Content::Location { name, longitude, latitude, .. } = &place else { panic!() };
    assert_eq!((name.as_deref(), *longitude, *latitude), (Some("A street"), Some(1.0), Some(2.0)));
    assert_eq!(place.markdown(&[]).as_deref(), Some("A street (2, 1)"));
    let todo = r#"{"task_id":"00000000-0000-0000-0000-000000000000",
        "summary":{"title":"","content":[[{"tag":"text","text":"do it"}]]},"due_time":"1700000000000"}"#;
    let Content::Todo { task_id, summary, due_time, .. } = Content::read("todo", todo) else { panic!() };
    assert_eq!((task_id.map(|id| id.len()), due_time), (Some(36), at("1700000000000")));
    assert_eq!(summary.paragraphs.len(), 1);
    let vote = Content::read("vote", r#"{"topic":"lunch","options":["a","b"]}"#);
    assert!(
        matches!(&vote, Content::Vote { topic: Some(topic), options, .. } if topic == "lunch" && options == &["a", "b"])
    );
    assert_eq!(vote.markdown(&[]).as_deref(), Some("lunch\n- a\n- b"));
    let event = r#"{"summary":"S","start_time":"1700000000000","end_time":1700003600000}"#;
    let is_event = |event: &CalendarEvent| {
        event.summary.as_deref() == Some("S")
            && (event.start_time, event.end_time) == (at("1700000000000"), at("1700003600000"))
    };
    assert!(
        matches!(Content::read("share_calendar_event", event), Content::ShareCalendarEvent(it) if is_event(&it))
    );
    assert!(matches!(Content::read("calendar", event), Content::Calendar(it) if is_event(&it)));
    assert!(
        matches!(Content::read("general_calendar", event), Content::GeneralCalendar(it) if is_event(&it))
    );
    let call = Content::read("video_chat", r#"{"topic":"V","start_time":"1700000000000"}"#);
    assert!(matches!(&call, Content::VideoChat { topic: Some(topic), start_time, .. }
        if topic == "V" && *start_time == at("1700000000000")));
    assert!(
        matches!(Content::read("hongbao", r#"{"text":"[红包]"}"#), Content::Hongbao { text: Some(text), .. } if text == "[红包]")
    );
}

#[test]
fn content_fills_the_template_of_a_system_message() {
    let invited = r#"{"template":"{from_user} invited {to_chatters} to this chat.","from_user":["A"],"to_chatters":["B","C"]}"#;
    let Content::System(system) = Content::read("system", invited) else { panic!() };
    assert_eq!(system.text(), "A invited B, C to this chat.");
    let divider = r#"{"template":"{divider_text}","divider_text":{"text":"New","i18n_text":{"zh_cn":"新","en_us":"New"}}}"#;
    let divider = Content::read("system", divider);
    assert_eq!(divider.text(&[]).as_deref(), Some("New"));
    let untranslated = Content::read("system", r#"{"template":"{it}","it":{"i18n_text":{"zh_cn":"新"}}}"#);
    assert_eq!(untranslated.text(&[]).as_deref(), Some("新"));
    let odd = Content::read("system", r#"{"template":"{a {b} {c}","a {b":1,"c":["{a}"]}"#);
    assert_eq!(odd.text(&[]).as_deref(), Some("1 {a}"), "what is filled in is not a template");
}

#[test]
fn content_of_a_card_has_its_lines_and_the_original() {
    let reduced = r#"{"title":"T","elements":[[{"tag":"text","text":"x"},{"tag":"button","text":"OK","type":"primary"}],
        [{"tag":"note","elements":[{"tag":"text","text":"small"}]}],
        [{"tag":"select_static","options":["a","b"],"placeholder":"choose"},{"tag":"overflow","options":["c"]},
         {"tag":"date_picker","placeholder":"when","initial_date":"2026-11-27"}]]}"#;
    let read = Content::read("interactive", reduced);
    let Content::Card(card) = &read else { panic!() };
    assert_eq!((card.title.as_deref(), card.lines.len(), &card.original), (Some("T"), 3, &None));
    assert!(matches!(&card.lines[2][0], Element::Select { options, .. } if options == &["a", "b"]));
    assert!(
        matches!(&card.lines[2][2], Element::DatePicker { initial_date: Some(date), .. } if date == "2026-11-27")
    );
    assert_eq!(read.text(&[]).as_deref(), Some("T\nxOK\nsmall\nchoosewhen"));

    let dsl = json!({"schema": "2.0", "header": {"title": {"tag": "plain_text", "content": "Tea"}},
        "body": {"elements": [{"tag": "markdown", "content": "**two** pots"},
            {"tag": "column_set", "columns": [{"tag": "column", "elements": [{"tag": "div", "text": {"tag": "plain_text", "content": "left"}}]}]}]}});
    let old_client =
        json!([[{"tag": "img", "image_key": "img_1"}], [{"tag": "text", "text": "[Interactive Card]"}]]);
    for member in [json!(dsl.to_string()), dsl.clone()] {
        let read =
            Content::read("interactive", &json!({"user_dsl": member, "elements": old_client}).to_string());
        let Content::Card(card) = &read else { panic!() };
        let original = RawCard::parse(card.original.as_deref().unwrap()).unwrap();
        assert_eq!(original.dialect(), Dialect::V2);
        assert_eq!(read.text(&[]).as_deref(), Some("Tea\n**two** pots\nleft"));
        assert_eq!(read.resources(), [], "images of cards cannot be fetched");
    }
    let by_call = Content::read("interactive", &dsl.to_string());
    assert!(matches!(&by_call, Content::Card(card) if card.original.is_some()));
    assert_eq!(by_call.text(&[]).as_deref(), Some("Tea\n**two** pots\nleft"));
    let broken = json!({"user_dsl": "{not json", "elements": old_client}).to_string();
    assert_eq!(Content::read("interactive", &broken).text(&[]).as_deref(), Some("[Interactive Card]"));
    assert!(matches!(Content::read("card", reduced), Content::Card(_)));
}

#[test]
fn content_of_merged_messages_is_a_sentence_in_any_form() {
    for (content, expected) in [
        (r#"{"content":"Merged and Forwarded Message"}"#, Some("Merged and Forwarded Message")),
        ("Merged and Forwarded Message", Some("Merged and Forwarded Message")),
        ("", None),
        ("null", None),
        (r#"{"message_id_list":["om_1"]}"#, None),
    ] {
        let read = Content::read("merge_forward", content);
        let Content::MergeForward { words, .. } = &read else { panic!("{content}: {read:?}") };
        assert_eq!(words.as_deref(), expected, "{content}");
        assert_eq!((read.text(&[]), read.resources()), (None, Vec::new()));
    }
}

#[test]
fn content_of_a_post_is_read_in_every_shape_and_language() {
    let filled = json!({"title": "T", "content": [[{"tag": "text", "text": "x", "style": ["bold", "new"]}]]});
    let empty = json!({"title": "", "content": [[]]});
    for (content, language) in [
        (filled.clone(), None),
        (json!({"zh_cn": filled}), Some("zh_cn")),
        (json!({"zh_cn": empty, "en_us": filled}), Some("en_us")),
        (json!({"post": {"ja_jp": filled}}), Some("ja_jp")),
        (json!({"de_de": filled, "en_us": empty}), Some("de_de")),
        (json!({"title": "T", "content_v2": filled["content"]}), None),
    ] {
        let read = post(&content.to_string());
        assert_eq!((read.title.as_str(), read.language.as_deref()), ("T", language), "{content}");
        let Element::Text { text, styles, .. } = &read.paragraphs[0][0] else { panic!("{content}") };
        assert_eq!((text.as_str(), styles.as_slice()), ("x", ["bold".into(), "new".into()].as_slice()));
        assert_eq!(styles[0], TextStyle::Bold);
    }
    let both = post(
        &json!({"en_us": {"title": "Tea", "content": []}, "zh_cn": {"title": "茶", "content": []}})
            .to_string(),
    );
    assert_eq!((both.title.as_str(), both.in_language("en_us").title.as_str()), ("茶", "Tea"));
    assert_eq!(both.in_language("ja_jp").title, "茶");
    let untitled = post(r#"{"content":[[{"tag":"text","text":"x"}]]}"#);
    assert_eq!(untitled.title, "");
    let sentence = Content::read("post", r#"{"title":"","content":"a sentence"}"#);
    assert_eq!(sentence.text(&[]).as_deref(), Some("a sentence"));
}

#[test]
fn markdown_of_a_post_has_styles_code_links_and_images() {
    let content = json!({"title": "Notes", "content": [
        [{"tag": "text", "text": "so "}, {"tag": "text", "text": " bold ", "style": ["bold", "italic"]},
         {"tag": "text", "text": "old", "style": ["lineThrough"]}, {"tag": "text", "text": "u", "style": ["underline"]}],
        [{"tag": "text", "text": "- item"}],
        [{"tag": "a", "text": "the [plan]", "href": "https://a.example/(p) q"}, {"tag": "emotion", "emoji_type": "SMILE"}],
        [{"tag": "code_block", "language": "RUST", "text": "fn main() {}\n"}, {"tag": "text", "text": "after"}],
        [{"tag": "code_block", "text": "```"}],
        [{"tag": "hr"}],
        [{"tag": "img", "image_key": "img_1"}],
        [{"tag": "media", "file_key": "file_1", "image_key": "img_2"}],
        [{"tag": "md", "text": "**x**"}],
    ]});
    let read = Content::read("post", &content.to_string());
    let expected = "# Notes\nso  ***bold*** ~~old~~<u>u</u>\n- item\n[the \\[plan\\]](https://a.example/%28p%29%20q):SMILE:\n\
        ```rust\nfn main() {}\n```\nafter\n````\n```\n````\n\n\n---\n\n![image](img_1)\n[video](file_1)\n**x**";
    assert_eq!(read.markdown(&[]).as_deref(), Some(expected));
    let images = [Resource::Image("img_1".to_owned()), Resource::File("file_1".to_owned())];
    assert_eq!(read.resources(), images);
    assert_eq!(images.map(|it| it.key().len()), [5, 6]);
}

#[test]
fn markdown_names_images_and_files() {
    for (kind, content, expected) in [
        ("image", r#"{"image_key":"img_1"}"#, Some("![image](img_1)")),
        ("file", r#"{"file_key":"f","file_name":"a [1].pdf"}"#, Some("[a \\[1\\].pdf](f)")),
        ("media", r#"{"file_key":"f"}"#, Some("[video](f)")),
        ("audio", r#"{"file_key":"f"}"#, Some("[audio](f)")),
        ("sticker", r#"{"file_key":"f"}"#, None),
        ("text", r#"{"text":"**x** @_user_1"}"#, Some("**x** @Ann")),
    ] {
        let read = Content::read(kind, content).markdown(&[mention("@_user_1", "ou_ann", "Ann")]);
        assert_eq!(read.as_deref(), expected, "{kind}");
    }
}

#[test]
fn text_without_mentions_leaves_out_all_of_them() {
    let mentions = [
        mention("@_user_1", "ou_bot", "Kettle"),
        mention("@_user_2", "ou_ann", "Ann"),
        mention("@_all", "", "All"),
    ];
    for (said, left) in [
        ("@_user_1 hello @_user_2 there", "hello there"),
        ("@_user_1", ""),
        ("\u{a0}@_user_1\u{a0} tea @_all", "tea"),
        ("@_user_7 not in the list", "not in the list"),
        ("a@b.example @ann", "a@b.example @ann"),
    ] {
        let read = Content::read("text", &json!({"text": said}).to_string());
        assert_eq!(read.text_without_mentions(&mentions).as_deref(), Some(left), "{said}");
    }
    let only_in_post = json!({"content": [[{"tag": "at", "user_id": "@_user_1", "user_name": "Kettle"}, {"tag": "text", "text": " hi "},
        {"tag": "at", "user_id": "all"}]]});
    let read = Content::read("post", &only_in_post.to_string());
    assert_eq!(read.text_without_mentions(&[]).as_deref(), Some("hi"));
    assert!(read.mentions_all(&[]) && !read.mentions_bot(&[], &BotIdentity::new("ou_bot")));
}

#[test]
fn content_that_is_odd_is_kept_as_it_came() {
    for (kind, content) in [
        ("later", r#"{"a":1}"#),
        ("image", "{}"),
        ("image", r#"{"image_key":""}"#),
        ("image", "not json"),
        ("file", "null"),
        ("text", ""),
        ("text", "null"),
        ("text", r#"{"text":null}"#),
        ("text", "[1]"),
        ("post", r#"{"content":7}"#),
        ("system", r#"{"from_user":["A"]}"#),
        ("todo", r#"{"summary":null}"#),
        ("vote", "[]"),
        ("calendar", "{}"),
        ("location", r#"{"longitude":"NaN"}"#),
        ("interactive", "{}"),
        ("", "{}"),
    ] {
        match Content::read(kind, content) {
            Content::Other { kind: kept, raw, .. } => {
                assert_eq!((kept.as_str(), raw.as_str()), (kind, content));
            }
            other => panic!("{kind} {content}: {other:?}"),
        }
    }
    for (kind, content, text) in [
        ("text", "bare words", "bare words"),
        ("text", "\"in quotes\"", "in quotes"),
        ("text", "7", "7"),
        ("text", r#"{"text":7}"#, "7"),
        ("text", "{\"text\":\"nul \u{0} and \\ud83d\"}", "nul \0 and \u{fffd}"),
        (
            "text",
            r#"{"text":"&lt;b&gt; <at user_id=\"ou_1\">x</at> \u00a0"}"#,
            "&lt;b&gt; <at user_id=\"ou_1\">x</at> \u{a0}",
        ),
        ("text", r#"{"title":"","content":[[{"tag":"text","text":"a post"}]]}"#, "a post"),
        ("post", r#"{"text":"a text"}"#, "a text"),
        ("", r#"{"zh_cn":{"title":"T","content":[]}}"#, "T"),
        ("later", r#"{"text":"new kind"}"#, "new kind"),
    ] {
        assert_eq!(Content::read(kind, content).text(&[]).as_deref(), Some(text), "{kind} {content}");
    }
}

#[test]
fn elements_that_are_odd_keep_their_words() {
    let content = json!({"content": [
        [{"tag": "at", "user_id": "@_user_1"}, {"tag": "at", "open_id": "ou_1", "user_name": "Ben"}, {"tag": "at"}],
        ["bare", 7, null, {"text": "no tag"}, {"tag": "emotion"}, {"tag": "new", "text": {"content": "deep"}}],
        {"tag": "text", "text": "not in a list"},
        [{"tag": "code_block", "text": "x"}, {"tag": "text", "text": 5}, {"tag": "a", "href": "https://a.example"}],
    ]});
    let read = Content::read("post", &content.to_string());
    assert_eq!(
        read.text(&[]).as_deref(),
        Some("@_user_1@Ben\nbare7no tagdeep\nnot in a list\nx5https://a.example")
    );
    let Content::Post(post) = read else { panic!() };
    assert!(
        matches!(&post.paragraphs[1][4], Element::Other { tag: Some(tag), json, .. } if tag == "new" && json["tag"] == "new")
    );
}

#[test]
fn user_ids_from_a_call_have_the_kind_that_is_named() {
    assert_eq!(UserIds::from_id("union_id", "on_1").union_id.unwrap(), "on_1");
    assert_eq!(UserIds::from_id("user_id", "u1").user_id.unwrap(), "u1");
    for (kind, id) in [("app_id", "cli_1"), ("open_id", ""), ("", "x")] {
        assert_eq!(UserIds::from_id(kind, id), UserIds::default());
    }
}
