//! Where a message belongs, and edited messages.

use feishu_callbacks::im::BotIdentity;
use feishu_callbacks::{MessageReceive, MessageUpdated, decode};
use serde_json::{Value, json};

#[test]
fn conversation_and_quoted_message_follow_only_the_thread_id() {
    let message = |message: Value| {
        let payload =
            json!({"header": {"event_type": "im.message.receive_v1"}, "event": {"message": message}});
        decode(payload.to_string().as_bytes()).map(|read: MessageReceive| read.event.message).unwrap()
    };
    let quote = message(json!({"chat_id": "oc_1", "thread_id": "", "root_id": "om_1", "parent_id": "om_2"}));
    assert_eq!(quote.conversation().unwrap().to_string(), "oc_1");
    assert_eq!((quote.quoted().unwrap().as_str(), quote.topic_root()), ("om_2", None));
    let topic =
        message(json!({"chat_id": "oc_1", "thread_id": "omt_1", "root_id": "om_1", "parent_id": "om_1"}));
    assert_eq!(topic.conversation().unwrap().to_string(), "oc_1/omt_1");
    assert_eq!((topic.quoted(), topic.topic_root().unwrap().as_str()), (None, "om_1"));
    assert_ne!(quote.conversation(), topic.conversation());
    assert_eq!(message(json!({})).conversation(), None);
}

#[test]
fn message_updated_is_read_like_a_received_one() {
    let payload = json!({"header": {"event_type": "im.message.updated_v1"}, "event": {
        "sender": {"id": {"open_id": "ou_ann"}, "sender_type": "user"},
        "message": {"message_id": "om_1", "update_time": "1700000000001", "msg_type": "text",
            "content": "{\"text\":\"@_user_1 tea\"}", "mentions": [{"key": "@_user_1", "id": {"open_id": "ou_bot"}, "name": "Kettle"}]}}});
    let read: MessageUpdated = decode(payload.to_string().as_bytes()).unwrap();
    let message = &read.event.message;
    assert_eq!(read.event.sender.sender_id.open_id.as_ref().unwrap(), "ou_ann");
    assert!(message.mentions_bot(&BotIdentity::new("ou_bot")));
    assert_eq!(message.text_without_mentions().as_deref(), Some("tea"));
    assert_eq!(message.update_time, "1700000000001".parse().ok());
    let empty: MessageUpdated =
        decode(br#"{"header":{"event_type":"im.message.updated_v1"},"event":{}}"#).unwrap();
    assert_eq!(empty.event.message.message_id, None);
}
