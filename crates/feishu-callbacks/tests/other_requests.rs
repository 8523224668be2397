//! Link previews, the old card callback, the handshake and events, read field by field.

mod support;

use feishu_callbacks::im::{ChatType, MessageType, OperatorType, RecallType, SenderType};
use feishu_callbacks::webhook::{CardActionTriggerV1, UrlVerification};
use feishu_callbacks::{
    BotAdded, BotDeleted, BotMenu, BotP2pChatEntered, DecodeErrorKind, Host, MessageRead, MessageRecalled,
    MessageReceive, P2pChatCreated, ReactionCreated, ReactionDeleted, Schema, UrlPreviewGet, UserAdded,
    UserDeleted, decode, peek,
};
use support::fixture;

#[test]
fn url_preview_event_is_read_with_url_message_and_token() {
    let link: UrlPreviewGet = decode(fixture("preview").as_bytes()).unwrap();
    assert_eq!(link.event.url(), "https://tea.example/42");
    assert_eq!(link.event.host, Some(Host::ImTopNotice));
    assert_eq!(link.event.context.preview_token.as_ref().unwrap(), &"pt-42");
    assert_eq!(link.event.operator.union_id.as_ref().unwrap(), &"on_guest");
    assert!(!link.event.is_draft());
    let unnamed: UrlPreviewGet = decode(fixture("preview_no_event_id").as_bytes()).unwrap();
    assert!(unnamed.header.event_id.is_none());
    assert_eq!(unnamed.event.url(), link.event.url());
}

#[test]
fn url_preview_event_of_a_draft_has_no_ids() {
    let link: UrlPreviewGet = decode(fixture("preview_draft").as_bytes()).unwrap();
    assert!(link.event.is_draft());
    assert!(link.event.context.open_message_id.is_none());
    assert!(link.event.context.open_chat_id.is_none());
    assert!(link.event.context.preview_token.is_none());
    assert_eq!(link.odd_fields(), []);
}

#[test]
fn peek_recognises_card_action_v1_by_its_members() {
    let click: CardActionTriggerV1 = decode(fixture("legacy_button").as_bytes()).unwrap();
    assert_eq!(click.header.schema, Schema::Flat);
    assert!(click.header.token.is_none(), "the token is the card's, not the app's");
    assert_eq!(click.event.open_id.as_ref().unwrap(), &"ou_guest");
    assert_eq!(click.event.open_message_id.as_ref().unwrap(), &"om_menu");
    assert_eq!(click.event.open_chat_id.as_ref().unwrap(), &"oc_hall");
    assert_eq!(click.event.token.as_ref().unwrap().expose(), "c-kettle-1");
    assert_eq!(click.event.action.value.text("do"), Some("brew"));
    let form: CardActionTriggerV1 = decode(fixture("legacy_form").as_bytes()).unwrap();
    assert_eq!(form.event.timezone.as_deref(), Some("Asia/Shanghai"));
    assert_eq!(form.event.action.value.as_str(), Some("order"));
    assert_eq!(form.event.action.form_value.text("note"), Some("no lemon"));
}

#[test]
fn url_verification_is_read_with_challenge_and_token() {
    let asked: feishu_callbacks::Envelope<UrlVerification> =
        decode(fixture("url_verification").as_bytes()).unwrap();
    assert_eq!(asked.event.challenge.as_deref(), Some("say-oolong"));
    assert_eq!(asked.event.token.as_ref().unwrap().expose(), "verify-kettle");
    assert_eq!(asked.header.token.as_ref().unwrap().expose(), "verify-kettle");
}

#[test]
fn message_receive_event_is_read_with_sender_mentions_and_content() {
    let received: MessageReceive = decode(fixture("message_receive").as_bytes()).unwrap();
    let message = &received.event.message;
    assert_eq!(received.header.create_time.unwrap().as_millis(), 1_765_432_100_123);
    assert_eq!(received.event.sender.sender_type, Some(SenderType::User));
    assert_eq!(received.event.sender.sender_id.open_id.as_ref().unwrap(), &"ou_guest");
    assert_eq!(message.message_id.as_ref().unwrap(), &"om_hello");
    assert_eq!(message.root_id.as_ref().unwrap(), &"om_root");
    assert_eq!(message.parent_id.as_ref().unwrap(), &"om_parent");
    assert_eq!(message.thread_id.as_ref().unwrap(), &"omt_corner");
    assert_eq!(message.chat_id.as_ref().unwrap(), &"oc_hall");
    assert_eq!(message.create_time.unwrap().as_millis(), 1_765_432_100_001);
    assert_eq!(message.update_time.unwrap().as_millis(), 1_765_432_100_002);
    assert_eq!(
        (message.chat_type.as_ref(), message.message_type.as_ref()),
        (Some(&ChatType::Group), Some(&MessageType::Text))
    );
    assert_eq!(message.text().as_deref(), Some("@Kettle two pots"));
    assert_eq!(message.mentions[0].key.as_deref(), Some("@_user_1"));
    assert_eq!(message.mentions[0].mentioned_type, Some(SenderType::Bot));
    assert_eq!(message.user_agent.as_deref(), Some("Teapot/1.0"));
}

#[test]
fn message_read_recalled_and_reaction_events_are_read() {
    let read: MessageRead = decode(fixture("message_read").as_bytes()).unwrap();
    assert_eq!(read.event.reader.read_time.unwrap().as_millis(), 1_765_432_100_003);
    assert_eq!(read.event.message_id_list.len(), 2);
    let recalled: MessageRecalled = decode(fixture("message_recalled").as_bytes()).unwrap();
    assert_eq!(recalled.event.recall_type, Some(RecallType::GroupOwner));
    assert_eq!(recalled.event.recall_time.unwrap().as_millis(), 1_765_432_100_004);
    let created: ReactionCreated = decode(fixture("reaction_created").as_bytes()).unwrap();
    assert_eq!(created.event.reaction_type.emoji_type.as_deref(), Some("TEA"));
    assert_eq!(created.event.operator_type, Some(OperatorType::User));
    assert_eq!(created.event.app_id.as_ref().unwrap(), &"cli_other");
    let deleted: ReactionDeleted = decode(fixture("reaction_deleted").as_bytes()).unwrap();
    assert_eq!(deleted.event.action_time.unwrap().as_millis(), 1_765_432_100_005);
}

#[test]
fn bot_and_chat_events_are_read() {
    let entered: BotP2pChatEntered = decode(fixture("bot_entered").as_bytes()).unwrap();
    assert_eq!(entered.event.last_message_id.as_ref().unwrap(), &"om_hello");
    let menu: BotMenu = decode(fixture("bot_menu").as_bytes()).unwrap();
    assert_eq!(menu.event.event_key.as_deref(), Some("order_tea"));
    assert_eq!(menu.event.timestamp.unwrap().as_millis(), 1_765_432_100_000, "seconds, and a number");
    assert_eq!(menu.event.operator.operator_name.as_deref(), Some("Guest"));
    let added: BotAdded = decode(fixture("bot_added").as_bytes()).unwrap();
    assert_eq!(added.event.i18n_names.zh_cn.as_deref(), Some("大堂"));
    assert_eq!(added.event.external, Some(false));
    let deleted: BotDeleted = decode(fixture("bot_deleted").as_bytes()).unwrap();
    assert_eq!(deleted.event.chat_id.as_ref().unwrap(), &"oc_hall");
    let user_added: UserAdded = decode(fixture("user_added").as_bytes()).unwrap();
    assert_eq!(user_added.event.users[0].user_id.open_id.as_ref().unwrap(), &"ou_guest");
    let user_deleted: UserDeleted = decode(fixture("user_deleted").as_bytes()).unwrap();
    assert_eq!(user_deleted.event.users[0].name.as_deref(), Some("Guest"));
}

#[test]
fn decode_reads_an_event_of_schema_1_0() {
    let created: P2pChatCreated = decode(fixture("p2p_created_v1").as_bytes()).unwrap();
    assert_eq!(created.header.schema, Schema::V1);
    assert_eq!(created.header.event_id.as_ref().unwrap(), &"ev-7f3a");
    assert_eq!(created.header.app_id.as_ref().unwrap(), &"cli_teahouse");
    assert_eq!(created.header.tenant_key.as_ref().unwrap(), &"tenant-teahouse");
    assert_eq!(created.header.create_time.unwrap().as_micros(), 1_765_432_100_717_141);
    assert_eq!(created.event.user.name.as_deref(), Some("Guest"));
    assert_eq!(created.event.user.open_id.as_ref().unwrap(), &"ou_guest");
}

#[test]
fn peek_finds_a_header_after_the_body() {
    let header =
        peek(br#"{"event":{"type":"not this","big":[[[]]]},"schema":"2.0","header":{"event_type":"this"}}"#)
            .unwrap();
    assert_eq!((header.event_type.as_str(), header.schema), ("this", Schema::V2));
}

#[test]
fn peek_returns_an_unknown_event_type_by_name() {
    let header =
        peek(br#"{"schema":"2.0","header":{"event_type":"profile.view.get"},"event":{"new":1}}"#).unwrap();
    assert_eq!(header.event_type, "profile.view.get");
    assert!(header.event_type.is_callback());
}

#[test]
fn decode_error_says_why_a_payload_cannot_be_read() {
    let kind = |payload: &[u8]| peek(payload).unwrap_err().kind();
    assert_eq!(kind(b""), DecodeErrorKind::Malformed);
    assert_eq!(kind(b"{\"schema\":\"2.0\""), DecodeErrorKind::Malformed);
    assert_eq!(kind(b"\"text\""), DecodeErrorKind::NotAnObject);
    assert_eq!(kind(b"[]"), DecodeErrorKind::NotAnObject);
    assert_eq!(kind(b"{}"), DecodeErrorKind::NoType);
    assert_eq!(kind(b"{\"header\":{},\"event\":{}}"), DecodeErrorKind::NoType);
    assert_eq!(kind(b"{\"encrypt\":\"x\"}"), DecodeErrorKind::Encrypted);
    let wrong = decode::<feishu_callbacks::CardActionEvent>(fixture("preview").as_bytes()).unwrap_err();
    assert_eq!(wrong.kind(), DecodeErrorKind::WrongType);
    assert!(!wrong.is_senders_fault());
    assert!(peek(b"nonsense").unwrap_err().is_senders_fault());
}

#[test]
fn content_as_says_that_the_content_is_not_json() {
    let payload = br#"{"header":{"event_type":"im.message.receive_v1"},"event":{"message":{"message_type":"merge_forward","content":"Merged and Forwarded Message"}}}"#;
    let read: MessageReceive = decode(payload).unwrap();
    let error = read.event.message.content_as::<serde_json::Value>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "message content: expected JSON, found text that is not JSON; look at `message_type` before reading the content"
    );
}

#[test]
fn decode_reads_a_click_with_a_byte_order_mark_and_control_characters() {
    let payload = b"\xEF\xBB\xBF{\"header\":{\"event_type\":\"card.action.trigger\",\"app_id\":\"cli\x01\"},\r\n\"event\":{\"token\":\"c-1\",\"action\":{\"input_value\":\"a\nb\tc\x00\",\"value\":{\"k\":\"x\ny\"}}}}";
    let click = decode::<feishu_callbacks::CardActionEvent>(payload).unwrap();
    assert_eq!(click.header.app_id.as_ref().unwrap(), &"cli\u{1}");
    assert_eq!(click.event.action.input_value.as_deref(), Some("a\nb\tc\0"));
    assert_eq!(click.event.action.value.text("k"), Some("x\ny"));
    assert_eq!(click.event.token.as_ref().unwrap().expose(), "c-1");
    assert_eq!(click.odd_fields(), []);
}
