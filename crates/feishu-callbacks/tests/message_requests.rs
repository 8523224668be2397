//! Requests that change, read, react to, upload for and download from messages, in the documented shape.

use std::time::Duration;

use feishu_callbacks::im::content::Resource;
use feishu_callbacks::im::{MessageType, SenderType};
use feishu_callbacks::openapi::{
    ApiCodeKind, BytesCall, Call, CallKind, FileKind, FileUpload, ImageUpload, MessageEdit, MessageGet,
    MessageList, MessageRecall, OutgoingMessage, ReactionAdd, ReactionDelete, ResourceGet,
};
use serde_json::{Value, json};

/// Method and path, and the body as text.
fn written<C: Call>(call: &C) -> (&'static str, String, String) {
    assert_eq!(CallKind::of(C::METHOD, &call.path()), C::KIND, "{}", call.path());
    (C::METHOD, call.path().replace("/open-apis/im/v1/", "…/"), String::from_utf8(call.body()).unwrap())
}

#[test]
fn message_edit_sends_no_idempotency_key() {
    let content = OutgoingMessage::text("new").once("u-1");
    let (method, path, body) = written(&MessageEdit { message: "om_1".into(), content });
    assert_eq!((method, path.as_str()), ("PUT", "…/messages/om_1"));
    assert_eq!(body, r#"{"msg_type":"text","content":"{\"text\":\"new\"}"}"#);
}

#[test]
fn message_recall_and_reactions_name_the_message_in_their_path() {
    let recall = MessageRecall { message: "om/1".into() };
    assert_eq!(written(&recall), ("DELETE", "…/messages/om%2F1".into(), String::new()));
    let add = ReactionAdd { message: "om_1".into(), emoji: "OK".into() };
    let body = r#"{"reaction_type":{"emoji_type":"OK"}}"#;
    assert_eq!(written(&add), ("POST", "…/messages/om_1/reactions".into(), body.into()));
    let added = ReactionAdd::read_answer(br#"{"code":0,"data":{"reaction_id":"r-1"}}"#).unwrap();
    let reaction_id = added.reaction_id.unwrap();
    let delete = ReactionDelete { message: "om_1".into(), reaction_id };
    assert_eq!(written(&delete), ("DELETE", "…/messages/om_1/reactions/r-1".into(), String::new()));
    let refused = MessageRecall::read_answer(br#"{"code":230026,"msg":"no"}"#).unwrap_err();
    assert!(refused.to_string().contains("its own messages only"), "{refused}");
}

#[test]
fn message_get_brings_a_forward_with_the_messages_in_it() {
    assert_eq!(MessageGet::new("om_1").path(), "/open-apis/im/v1/messages/om_1");
    let whole = MessageGet::new("om_1").whole_cards();
    assert_eq!(written(&whole).1, "…/messages/om_1?card_msg_content_type=user_card_content");
    let answer = json!({"code": 0, "data": {"items": [
        {
            "message_id": "om_f", "msg_type": "merge_forward", "chat_id": "oc_1", "create_time": "1615380573411",
            "deleted": false, "sender": {"id": "ou_1", "id_type": "open_id", "sender_type": "user"},
            "body": {"content": "Merged and Forwarded Message"},
        },
        {
            "message_id": "om_c", "msg_type": "text", "upper_message_id": "om_f", "create_time": 1_615_380_573_411_u64,
            "sender": {"id": "cli_1", "id_type": "app_id", "sender_type": "app"},
            "body": {"content": "{\"text\":\"@_user_1 hi\"}"},
            "mentions": [{"key": "@_user_1", "id": "ou_2", "id_type": "open_id", "name": "Ming"}],
        },
        {"message_id": "om_d", "msg_type": 7, "upper_message_id": "", "deleted": true, "mentions": null, "thread_id": ""},
    ]}});
    let read = MessageGet::read_answer(answer.to_string().as_bytes()).unwrap();
    assert_eq!(read.items.len(), 3);
    let forward = &read.items[0];
    assert_eq!(forward.msg_type, Some(MessageType::MergeForward));
    let id = forward.message_id.clone().unwrap();
    let inside: Vec<_> = read.forwarded_in(&id).collect();
    assert_eq!(inside.len(), 1);
    assert_eq!(inside[0].sender.sender_type, Some(SenderType::App));
    assert_eq!(inside[0].create_time, forward.create_time);
    assert_eq!(inside[0].mentions[0].name.as_deref(), Some("Ming"));
    assert_eq!(inside[0].body.content.as_deref(), Some(r#"{"text":"@_user_1 hi"}"#));
    assert_eq!(inside[0].text().as_deref(), Some("@Ming hi"));
    assert!(inside[0].resources().is_empty());
    let recalled = &read.items[2];
    assert!(recalled.deleted && recalled.body.content.is_none() && recalled.thread_id.is_none());
}

#[test]
fn message_list_walks_through_its_pages() {
    let list = MessageList::chat("oc_1").between(1, 2).page_size(50).whole_cards();
    let path = "…/messages?container_id_type=chat&container_id=oc_1&start_time=1&end_time=2&page_size=50";
    assert_eq!(written(&list).1, format!("{path}&card_msg_content_type=user_card_content"));
    let page = |text: &str| MessageList::read_answer(text.as_bytes()).unwrap();
    let more = page(r#"{"code":0,"data":{"has_more":true,"page_token":"a=&b","items":[]}}"#);
    let next = list.after(&more).unwrap();
    assert_eq!(
        written(&next).1,
        format!("{path}&page_token=a%3D%26b&card_msg_content_type=user_card_content")
    );
    for last in
        [r#"{"code":0,"data":{"has_more":false,"page_token":"x"}}"#, r#"{"code":0,"data":{"has_more":true}}"#]
    {
        assert_eq!(list.after(&page(last)), None, "{last}");
    }
}

#[test]
fn uploads_are_forms_whose_boundary_stands_in_the_content_type() {
    let image = ImageUpload::new(b"\x89PNG\r\n".to_vec());
    let kind = image.content_type();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = image.body();
    let text = String::from_utf8_lossy(&body);
    assert!(
        text.starts_with(&format!("--{boundary}\r\n")) && text.ends_with(&format!("\r\n--{boundary}--\r\n"))
    );
    assert!(text.contains("name=\"image_type\"\r\n\r\nmessage\r\n"), "{text}");
    assert!(body.windows(10).any(|bytes| bytes == b"\r\n\r\n\x89PNG\r\n"), "the bytes are as they were");

    let file = FileUpload::new("notes 一.opus", *b"abc").duration(Duration::from_millis(1500));
    assert!(!format!("{file:?}").contains("97"), "the content is not shown: {file:?}");
    let (method, path, text) = written(&file);
    assert_eq!((method, path.as_str()), ("POST", "…/files"));
    for part in
        ["\"file_type\"\r\n\r\nopus", "\"file_name\"\r\n\r\nnotes 一.opus", "\"duration\"\r\n\r\n1500"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let names = ["a.MP4", "a.pdf", "a.docx", "a.xls", "a.pptx", "a", "a.zip"];
    let kinds = names.map(FileKind::of);
    let wanted = [
        FileKind::Mp4,
        FileKind::Pdf,
        FileKind::Doc,
        FileKind::Xls,
        FileKind::Ppt,
        FileKind::Stream,
        FileKind::Stream,
    ];
    assert_eq!(kinds, wanted);
    assert!(ImageUpload::read_answer(br#"{"code":0,"data":{"image_key":""}}"#).is_err());
    let refused = FileUpload::read_answer(br#"{"code":234006,"msg":"too big"}"#).unwrap_err();
    assert_eq!(refused.kind(), Some(ApiCodeKind::TooLarge));
    assert!(refused.to_string().contains("30 MB"), "{refused}");
}

#[test]
fn resource_get_says_which_kind_it_wants() {
    let file = ResourceGet::file("om_1", "file/1");
    assert_eq!(file.path(), "/open-apis/im/v1/messages/om_1/resources/file%2F1?type=file");
    assert_eq!(ResourceGet::new("om_1", &Resource::File("file/1".into())), file);
    assert_eq!(file.kind(), CallKind::ResourceGet);
    assert_eq!("/open-apis/drive/v1/medias/1/download".kind(), CallKind::Other);
}

#[test]
fn outgoing_message_sends_what_was_uploaded() {
    for (message, kind, content) in [
        (OutgoingMessage::file("f"), "file", json!({"file_key": "f"})),
        (OutgoingMessage::audio("f"), "audio", json!({"file_key": "f"})),
        (OutgoingMessage::video("f", "i"), "media", json!({"file_key": "f", "image_key": "i"})),
    ] {
        let message = serde_json::to_value(message).unwrap();
        let inner: Value = serde_json::from_str(message["content"].as_str().unwrap()).unwrap();
        assert_eq!((message["msg_type"].as_str(), inner), (Some(kind), content));
    }
}
