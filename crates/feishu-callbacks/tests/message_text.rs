//! What a message says, whom it mentions and who sent it.

use feishu_callbacks::im::{BotIdentity, Message, MessageReceiveEvent, MessageSender, Resource};
use feishu_callbacks::openapi::{MessageReply, OutgoingMessage};
use feishu_callbacks::{MessageReceive, decode};
use proptest::prelude::*;
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "a literal reads better without a reference")]
fn event(event: Value) -> MessageReceiveEvent {
    let payload = json!({"header": {"event_type": "im.message.receive_v1"}, "event": event});
    let read: MessageReceive = decode(payload.to_string().as_bytes()).unwrap();
    assert_eq!(read.odd_fields(), [], "{payload}");
    read.event
}

#[expect(clippy::needless_pass_by_value, reason = "a literal reads better without a reference")]
fn message(kind: &str, content: &Value, mentions: Value) -> Message {
    let content = content.to_string();
    event(json!({"message": {"message_type": kind, "content": content, "mentions": mentions}})).message
}

fn text(kind: &str, content: &Value) -> Option<String> {
    message(kind, content, json!([])).text()
}

fn mention(n: u32, id: &str, name: &str) -> Value {
    json!({"key": format!("@_user_{n}"), "id": {"open_id": id, "union_id": "", "user_id": null}, "name": name})
}

fn me() -> BotIdentity {
    BotIdentity::new("ou_bot")
}

#[test]
fn text_of_a_text_message_has_names_in_place_of_keys() {
    let mentions: Vec<Value> =
        (1..=10).map(|n| mention(n, &format!("ou_{n}"), &format!("Name{n}"))).collect();
    let said = json!({"text": "@_user_1 and @_user_10 and @_user_2,@_user_11"});
    let read = message("text", &said, json!(mentions));
    assert_eq!(read.text().unwrap(), "@Name1 and @Name10 and @Name2,@_user_11");
    let only_first =
        message("text", &json!({"text": "@_user_10 @_user_1"}), json!([mention(1, "ou_1", "A")]));
    assert_eq!(only_first.text().unwrap(), "@_user_10 @A", "a key is not the beginning of another");
    let tricky = json!([mention(1, "ou_1", "@_user_2"), mention(2, "ou_2", "B")]);
    let read = message("text", &json!({"text": "@_user_1@_user_2 a@b.example @"}), tricky);
    assert_eq!(read.text().unwrap(), "@@_user_2@B a@b.example @", "a name that looks like a key stays");
    let nameless = message("text", &json!({"text": "@_user_1"}), json!([mention(1, "ou_1", "")]));
    assert_eq!(nameless.text().unwrap(), "@_user_1");
}

#[test]
fn text_without_leaves_out_the_mentions_of_this_bot_only() {
    for (said, left) in [
        ("@_user_1 hello @_user_2", "hello @Ann"),
        ("hello @_user_1 there", "hello there"),
        ("hello@_user_1 there", "hello there"),
        ("\u{a0}@_user_1\u{a0} two  pots\n", "two  pots"),
        ("@_user_1", ""),
        ("@_user_1@_user_1 x", "x"),
        ("@_user_10 x", "@_user_10 x"),
        ("no mention", "no mention"),
    ] {
        let mentions = json!([mention(1, "ou_bot", "Kettle"), mention(2, "ou_ann", "Ann")]);
        let read = message("text", &json!({"text": said}), mentions);
        assert_eq!(read.text_without(&me()).as_deref(), Some(left), "{said:?}");
        assert_eq!(read.text_without(&BotIdentity::new("ou_other")).unwrap(), read.text().unwrap().trim());
    }
}

#[test]
fn text_of_a_post_is_its_title_and_paragraphs() {
    let lines = json!([
        [{"tag": "text", "text": "1. first "}, {"tag": "a", "text": "plan", "href": "https://a.example/p"}],
        [{"tag": "img", "image_key": "img_1"}],
        [{"tag": "at", "user_id": "@_user_1", "user_name": ""}, {"tag": "text", "text": " look", "style": ["bold"]}],
        [],
        [{"tag": "code_block", "language": "RUST", "text": "fn main() {}\n"}],
        [{"tag": "a", "text": "https://b.example", "href": "https://b.example"}, {"tag": "emotion", "emoji_type": "SMILE"}],
        [{"tag": "hr"}],
        [{"tag": "markdown", "text": "**x**"}, {"tag": "new", "text": "y"}, {"tag": "new"}],
    ]);
    let expected = "Notes\n1. first [plan](https://a.example/p)\n@Kettle look\n\nfn main() {}\nhttps://b.example[SMILE]\n**x**y";
    for content in [
        json!({"title": "Notes", "content": lines}),
        json!({"zh_cn": {"title": "Notes", "content": lines}}),
        json!({"en_us": {"title": "", "content": []}, "ja_jp": {"title": "Notes", "content": lines}}),
        json!({"post": {"en_us": {"title": "Notes", "content": lines}}}),
        json!({"title": "Notes", "content_v2": lines}),
    ] {
        let read = message("post", &content, json!([mention(1, "ou_bot", "Kettle")]));
        assert_eq!(read.text().unwrap(), expected, "{content}");
        assert!(read.mentions_bot(&me()));
    }
    let untitled =
        json!({"content": [[{"tag": "at", "user_id": "@_user_1"}, {"tag": "text", "text": " hi"}]]});
    let read = message("post", &untitled, json!([mention(1, "ou_bot", "Kettle")]));
    assert_eq!(read.text_without(&me()).as_deref(), Some("hi"));
    assert_eq!(
        text("post", &json!({"title": "", "content": [[{"tag": "img", "image_key": "img_1"}]]})),
        None
    );
    assert_eq!(text("post", &json!({"title": "Only", "content": []})).as_deref(), Some("Only"));
}

#[test]
fn text_is_there_for_every_kind_that_has_some() {
    let card = json!({"title": "T", "elements": [
        [{"tag": "text", "text": "x "}, {"tag": "button", "text": "OK", "type": "primary"}],
        [{"tag": "img"}],
        [{"tag": "note", "elements": [{"tag": "text", "text": "small"}]}],
    ]});
    let invited = json!({"template": "{from_user} invited {to_chatters} to this {chat}. {divider_text}", "from_user": ["A"],
        "to_chatters": ["B", "C"], "divider_text": {"text": "new", "i18n_text": {"en_us": "new"}}});
    let todo =
        json!({"summary": {"title": "", "content": [[{"tag": "text", "text": "do it"}]]}, "due_time": "1"});
    for (kind, content, expected) in [
        ("text", json!({"text": "hi"}), Some("hi")),
        ("text", json!({"text": 7}), Some("7")),
        ("interactive", card, Some("T\nx OK\nsmall")),
        ("system", invited, Some("A invited B, C to this {chat}. new")),
        ("todo", todo, Some("do it")),
        ("vote", json!({"topic": "lunch", "options": ["a", "b"]}), Some("lunch\na\nb")),
        ("location", json!({"name": "A street", "longitude": "1.0"}), Some("A street")),
        ("share_calendar_event", json!({"summary": "S", "start_time": "1"}), Some("S")),
        ("calendar", json!({"summary": "S"}), Some("S")),
        ("general_calendar", json!({"summary": "S"}), Some("S")),
        ("video_chat", json!({"topic": "V", "start_time": "1"}), Some("V")),
        ("hongbao", json!({"text": "[red packet]"}), Some("[red packet]")),
        ("later", json!({"text": "new kind"}), Some("new kind")),
        ("image", json!({"image_key": "img_1"}), None),
        ("file", json!({"file_key": "f", "file_name": "a.pdf"}), None),
        ("sticker", json!({"file_key": "f"}), None),
        ("share_user", json!({"user_id": "ou_1"}), None),
        ("merge_forward", json!({"content": "Merged and Forwarded Message"}), None),
        ("later", json!({"file_key": "f"}), None),
        ("text", json!({}), None),
        ("text", json!(null), None),
        ("post", json!([1, {"a": []}]), None),
    ] {
        assert_eq!(text(kind, &content).as_deref(), expected, "{kind} {content}");
    }
}

#[test]
fn text_reads_content_that_is_odd() {
    let read = |content: &str| {
        event(json!({"message": {"message_type": "text", "content": content}})).message.text()
    };
    assert_eq!(read("bare words").as_deref(), Some("bare words"));
    assert_eq!(read("\"in quotes\"").as_deref(), Some("in quotes"));
    assert_eq!(read("{\"text\":\"a\nb\u{0}\"}").as_deref(), Some("a\nb\0"));
    assert_eq!(read(r#"{"text":"\ud83d"}"#).as_deref(), Some("\u{fffd}"));
    assert_eq!(read(""), None);
    let object = event(json!({"message": {"message_type": "text", "content": {"text": "an object"}}}));
    assert_eq!(object.message.text().as_deref(), Some("an object"));
    let untyped = event(json!({"message": {"content": "{\"text\":\"hi\"}"}}));
    assert_eq!(untyped.message.text().as_deref(), Some("hi"));
}

#[test]
fn mentions_all_recognises_every_form() {
    let said = |text: &str, mentions: Value| message("text", &json!({"text": text}), mentions);
    let empty_ids =
        json!([{"key": "@_all", "id": {"open_id": "", "union_id": "", "user_id": ""}, "name": "Everyone"}]);
    let listed = said("@_all tea", empty_ids);
    assert!(listed.mentions_all() && !listed.mentions_bot(&me()));
    assert_eq!(listed.text().as_deref(), Some("@Everyone tea"));
    let unlisted = said("@_all tea", json!(null));
    assert!(unlisted.mentions_all());
    assert_eq!(unlisted.text().as_deref(), Some("@all tea"));
    for id in ["all", "@_all"] {
        let post = message("post", &json!({"content": [[{"tag": "at", "user_id": id}]]}), json!(null));
        assert!(post.mentions_all(), "{id}");
        assert_eq!(post.text().as_deref(), Some("@all"), "{id}");
    }
    for other in ["@_allow", "tea for all", "@_user_1", "@all_in"] {
        assert!(!said(other, json!([mention(1, "ou_bot", "all")])).mentions_all(), "{other}");
    }
}

#[test]
fn mentions_bot_finds_mentions_that_are_only_inside_a_post() {
    let post = |id: &str| {
        message(
            "post",
            &json!({"zh_cn": {"content": [[{"tag": "at", "user_id": id, "user_name": "K"}]]}}),
            json!(null),
        )
    };
    assert!(post("ou_bot").mentions_bot(&me()));
    assert_eq!(post("ou_bot").text_without(&me()).as_deref(), Some(""));
    assert_eq!(post("ou_ann").text_without(&me()).as_deref(), Some("@K"));
    assert!(!post("ou_ann").mentions_bot(&me()));
    assert!(!post("all").mentions_bot(&me()));
    let named = message("text", &json!({"text": "@_user_1"}), json!([mention(1, "ou_evil", "Kettle")]));
    assert!(!named.mentions_bot(&me()), "a name does not identify a user");
    assert!(!Message::default().mentions_bot(&me()) && !Message::default().mentions_all());
}

#[test]
fn sender_is_bot_for_every_program_and_is_me_by_open_id() {
    let sender = |kind: Value| {
        event(json!({"sender": {"sender_id": {"open_id": "ou_bot"}, "sender_type": kind}})).sender
    };
    for program in ["bot", "app", "later"] {
        assert!(sender(json!(program)).is_bot(), "{program}");
    }
    for other in [json!("user"), json!("anonymous"), json!("unknown"), json!(null)] {
        assert!(!sender(other.clone()).is_bot(), "{other}");
    }
    assert!(sender(json!("user")).is_me(&me()));
    assert!(!sender(json!("bot")).is_me(&BotIdentity::new("ou_other")));
    assert!(!MessageSender::default().is_me(&BotIdentity::new("")));
}

#[test]
fn message_reply_takes_the_id_and_the_topic_from_the_message() {
    let reply = |ids: Value| {
        let replied_to = event(json!({ "message": ids })).message;
        MessageReply::new(&replied_to, OutgoingMessage::text("Hello"))
            .map(|reply| (reply.to.to_string(), reply.in_thread))
    };
    let quoting = json!({"message_id": "om_2", "root_id": "om_1", "parent_id": "om_1", "thread_id": ""});
    assert_eq!(reply(quoting).unwrap(), ("om_2".to_owned(), false));
    let in_topic =
        json!({"message_id": "om_2", "root_id": "om_1", "parent_id": "om_1", "thread_id": "omt_1"});
    assert_eq!(reply(in_topic).unwrap(), ("om_2".to_owned(), true));
    let nameless = reply(json!({"thread_id": "omt_1"})).unwrap_err();
    assert!(nameless.is_missing());
    assert_eq!(
        nameless.to_string(),
        "message `message_id`: expected the id of a message, found nothing; the payload names none: look at \
         `odd_fields()` of the event"
    );
}

#[test]
fn resources_are_found_in_files_and_inside_a_post() {
    let found = |kind: &str, content: &Value| message(kind, content, json!([])).resources();
    let image = || Resource::Image("img_1".to_owned());
    let file = || Resource::File("file_1".to_owned());
    let post = json!({"en_us": {"content": [
        [{"tag": "text", "text": "x"}, {"tag": "img", "image_key": "img_1"}],
        [{"tag": "media", "file_key": "file_1", "image_key": "img_2"}, {"tag": "img"}],
    ]}});
    assert_eq!(found("post", &post), [image(), file()]);
    assert_eq!(found("image", &json!({"image_key": "img_1"})), [image()]);
    for kind in ["file", "audio", "media"] {
        assert_eq!(found(kind, &json!({"file_key": "file_1", "image_key": "img_2"})), [file()], "{kind}");
    }
    assert_eq!(found("sticker", &json!({"file_key": "file_1"})), []);
    assert_eq!(found("image", &json!({"image_key": ""})), []);
    assert_eq!(found("text", &json!({"text": "x"})), []);
}

proptest! {
    #[test]
    fn text_never_panics_and_keeps_names_as_they_are(
        kind in prop::sample::select(vec!["text", "post", "interactive", "system", "vote", "todo", "later"]),
        content in "[{}\\[\\]\":,@_a-z0-9 \u{e9}\\\\]{0,60}",
        text in "[@_user0-9 a\u{e9}]{0,40}",
    ) {
        let mentions = json!([mention(1, "ou_bot", "Kettle"), mention(12, "ou_ann", "@_user_1")]);
        for content in [content, json!({"text": text, "template": text, "content": [[{"tag": "text", "text": text}]]}).to_string()] {
            let read = event(json!({"message": {"message_type": kind, "content": content, "mentions": mentions}})).message;
            let (whole, without) = (read.text(), read.text_without(&me()));
            prop_assert_eq!(whole.is_some(), without.is_some());
            let _ = (read.mentions_all(), read.mentions_bot(&me()), read.resources());
        }
    }
}
