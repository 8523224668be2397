//! Who did it and where: ids are read from every place and shape in which they were seen.

use feishu_callbacks::im::UserIds;
use feishu_callbacks::webhook::CardActionV1;
use feishu_callbacks::{
    CardActionTrigger, Envelope, EventBody, MessageReceive, OddField, OpenId, Operator, PreviewPlace,
    UnionId, UrlPreviewGet, UserId, decode, im, operator, peek,
};

fn read<B: EventBody>(event: &str) -> Envelope<B> {
    let payload = format!(r#"{{"schema":"2.0","header":{{"event_type":"{}"}},"event":{event}}}"#, B::TYPE);
    decode(payload.as_bytes()).unwrap()
}

fn all_three(operator: &Operator) -> (Option<&str>, Option<&str>, Option<&str>) {
    (
        operator.open_id.as_ref().map(OpenId::as_str),
        operator.user_id.as_ref().map(UserId::as_str),
        operator.union_id.as_ref().map(UnionId::as_str),
    )
}

fn ids(ids: &UserIds) -> (Option<&str>, Option<&str>, Option<&str>) {
    (
        ids.open_id.as_ref().map(OpenId::as_str),
        ids.user_id.as_ref().map(UserId::as_str),
        ids.union_id.as_ref().map(UnionId::as_str),
    )
}

const ALL: (Option<&str>, Option<&str>, Option<&str>) = (Some("ou_a"), Some("u1"), Some("on_a"));
const NESTED: &str = r#"{"open_id":"ou_a","user_id":"u1","union_id":"on_a"}"#;

#[test]
fn operator_ids_are_read_flat_or_nested_under_every_name() {
    let flat = r#""open_id":"ou_a","user_id":"u1","union_id":"on_a""#;
    for event in [
        format!(r#"{{"operator":{{{flat},"tenant_key":"tk"}}}}"#),
        r#"{"operator":{"user_id":{"open_id":"ou_a","user_id":"u1","union_id":"on_a"},"tenant_key":"tk"}}"#
            .to_owned(),
        format!(r#"{{"operator":{{"operator_id":{NESTED},"tenant_key":"tk"}}}}"#),
        format!(r#"{{"operator":{{"operator_id":{{{flat},"tenant_key":"tk"}}}}}}"#),
        format!(r#"{{"operator":{{"id":{NESTED},"tenant_key":"tk"}}}}"#),
        format!(r#"{{"operator":{{"open_id":{NESTED},"tenant_key":"tk"}}}}"#),
        format!(r#"{{"operator_id":{NESTED},"tenant_key":"tk"}}"#),
        format!(r#"{{"user_id":{NESTED},"tenant_key":"tk"}}"#),
        format!(r#"{{{flat},"tenant_key":"tk"}}"#),
        format!(r#"{{"operator":null,{flat},"tenant_key":"tk"}}"#),
        r#"{"operator":"ou_a","tenant_key":"tk","user_id":"u1","union_id":"on_a"}"#.to_owned(),
    ] {
        let click: CardActionTrigger = read(&event);
        assert_eq!(all_three(&click.event.operator), ALL, "{event}");
        assert_eq!(click.event.operator.tenant_key.as_ref().unwrap(), &"tk", "{event}");
        assert_eq!(click.odd_fields(), [], "{event}");
        let link: UrlPreviewGet = read(&event);
        assert_eq!(all_three(&link.event.operator), ALL, "{event}");
        assert_eq!(link.odd_fields(), [], "{event}");
    }
}

#[test]
fn operator_ids_that_differ_are_read_from_the_documented_place_and_listed() {
    let event = r#"{"operator":{"open_id":"ou_a","operator_id":{"open_id":"ou_evil"}},"open_id":"ou_evil"}"#;
    let click: CardActionTrigger = read(event);
    assert_eq!(click.event.operator.open_id.as_ref().unwrap(), &"ou_a");
    let paths: Vec<_> = click.odd_fields().iter().map(|odd| odd.path.as_str()).collect();
    assert_eq!(paths, ["event.operator.operator_id.open_id", "event.open_id"]);
    assert!(click.odd_fields().iter().all(|odd| !odd.to_string().contains("ou_evil")));
}

#[test]
fn operator_ids_that_cannot_be_read_are_listed() {
    for (event, path) in [
        (r#"{"operator":{"user_id":[1]}}"#, "event.operator.user_id"),
        (r#"{"operator":{"operator_id":[1]}}"#, "event.operator.operator_id"),
        (r#"{"operator":[1]}"#, "event.operator"),
        (r#"{"operator_id":true}"#, "event.operator_id"),
        (r#"{"operator":{"id":"cli_a"}}"#, "event.operator.id"),
        (r#"{"chat_id":{}, "context":{"chat_id":[1]}}"#, "event.chat_id"),
    ] {
        let click: CardActionTrigger = read(event);
        assert_eq!(click.odd_fields().first().map(|odd| odd.path.as_str()), Some(path), "{event}");
    }
    let click: CardActionTrigger = read(r#"{"operator":[1],"operator_id":"ou_a"}"#);
    assert_eq!(click.event.operator.open_id.as_ref().unwrap(), &"ou_a");
    assert_eq!(click.odd_fields()[0].path, "event.operator");
}

#[test]
fn message_and_chat_of_a_click_are_read_under_every_name() {
    for event in [
        r#"{"context":{"open_message_id":"om_1","open_chat_id":"oc_1"}}"#,
        r#"{"context":{"message_id":"om_1","chat_id":"oc_1"}}"#,
        r#"{"open_message_id":"om_1","open_chat_id":"oc_1"}"#,
        r#"{"message_id":"om_1","chat_id":"oc_1","context":null}"#,
    ] {
        let click: CardActionTrigger = read(event);
        assert_eq!(click.event.context.open_message_id.as_ref().unwrap(), &"om_1", "{event}");
        assert_eq!(click.event.context.open_chat_id.as_ref().unwrap(), &"oc_1", "{event}");
        assert_eq!(click.odd_fields(), [], "{event}");
    }
}

#[test]
fn context_beside_the_event_is_read_and_what_differs_is_listed() {
    let payload = br#"{"header":{"event_type":"card.action.trigger"},"host":"im_message",
        "context":{"open_message_id":"om_1","open_chat_id":"oc_2","url":7},
        "event":{"context":{"open_message_id":"","open_chat_id":"oc_1"}}}"#;
    let click: CardActionTrigger = decode(payload).unwrap();
    let context = &click.event.context;
    assert_eq!(context.open_message_id.as_ref().unwrap(), &"om_1");
    assert_eq!(context.open_chat_id.as_ref().unwrap(), &"oc_1");
    assert_eq!(context.url.as_deref(), Some("7"));
    assert!(click.event.host.is_some());
    assert_eq!(click.odd_fields().len(), 1);
    assert_eq!(click.odd_fields()[0].path, "context.open_chat_id");
}

#[test]
fn sender_ids_are_read_flat_or_nested_under_every_name() {
    for event in [
        format!(r#"{{"sender":{{"sender_id":{NESTED}}}}}"#),
        r#"{"sender":{"open_id":"ou_a","user_id":"u1","union_id":"on_a"}}"#.to_owned(),
        format!(r#"{{"sender":{{"id":{NESTED}}}}}"#),
        format!(r#"{{"sender":{{"user_id":{NESTED}}}}}"#),
        format!(r#"{{"sender_id":{NESTED}}}"#),
        format!(r#"{{"sender":{{"sender_id":null}},"operator":{{"operator_id":{NESTED}}}}}"#),
        r#"{"sender":{"sender_id":"ou_a","user_id":"u1","union_id":"on_a"}}"#.to_owned(),
        r#"{"sender":{"id":"ou_a","id_type":"open_id","user_id":"u1","union_id":"on_a"}}"#.to_owned(),
    ] {
        let message: MessageReceive = read(&event);
        assert_eq!(ids(&message.event.sender.sender_id), ALL, "{event}");
        assert_eq!(message.odd_fields(), [], "{event}");
    }
    let message: MessageReceive = read(
        r#"{"message":{"open_message_id":"om_1","open_chat_id":"oc_1","msg_type":"text",
        "mentions":[{"key":"@_user_1","id":"ou_a","id_type":"open_id"},{"open_id":"ou_b"}]}}"#,
    );
    assert_eq!(message.event.message.message_id.as_ref().unwrap(), &"om_1");
    assert_eq!(message.event.message.chat_id.as_ref().unwrap(), &"oc_1");
    assert_eq!(message.event.message.message_type, Some(im::MessageType::Text));
    let mentioned: Vec<_> = message.event.message.mentions.iter().map(|m| ids(&m.id).0).collect();
    assert_eq!(mentioned, [Some("ou_a"), Some("ou_b")]);
}

#[test]
fn null_objects_are_as_quiet_as_other_nulls() {
    let message: MessageReceive =
        read(r#"{"sender":{"sender_id":null},"message":{"mentions":[{"id":null},null]}}"#);
    assert_eq!(message.odd_fields(), []);
    assert_eq!(read::<im::MessageReceiveEvent>(r#"{"sender":null,"message":null}"#).odd_fields(), []);
    let click: CardActionTrigger =
        read(r#"{"operator":null,"action":null,"context":null,"operator_id":null,"chat_id":""}"#);
    assert_eq!(click.odd_fields(), []);
    let menu: im::BotMenuEvent = read(r#"{"operator":{"operator_id":null}}"#).event;
    assert!(menu.operator.operator_id.open_id.is_none());
    assert_eq!(read::<im::ReactionCreatedEvent>(r#"{"user_id":null,"reaction_type":null}"#).odd_fields(), []);
}

#[test]
fn ids_of_other_events_are_read_flat_or_nested() {
    fn check<B: EventBody>(events: &[&str], ids_of: impl Fn(&B) -> UserIds) {
        for event in events {
            let event = event.replace('N', NESTED);
            let envelope = read::<B>(&event);
            assert_eq!(ids(&ids_of(&envelope.event)), ALL, "{} {event}", B::TYPE);
            assert_eq!(envelope.odd_fields(), [], "{} {event}", B::TYPE);
        }
    }
    let flat = r#"{"open_id":"ou_a","user_id":"u1","union_id":"on_a"}"#;
    let operators = [
        r#"{"operator_id":N}"#,
        r#"{"operator":N}"#,
        r#"{"operator":{"operator_id":N}}"#,
        r#"{"operator":{"user_id":N}}"#,
    ];
    check::<im::BotAddedEvent>(&operators, |event| event.operator_id.clone());
    check::<im::BotDeletedEvent>(&operators, |event| event.operator_id.clone());
    check::<im::UserAddedEvent>(&operators, |event| event.operator_id.clone());
    check::<im::BotP2pChatEnteredEvent>(&operators, |event| event.operator_id.clone());
    check::<im::P2pChatCreatedEvent>(&operators, |event| event.operator.clone());
    check::<im::BotMenuEvent>(&operators, |event| event.operator.operator_id.clone());
    check::<im::ReactionCreatedEvent>(&operators, |event| event.user_id.clone());
    check::<im::ReactionDeletedEvent>(&[r#"{"user_id":N}"#, flat], |event| event.user_id.clone());
    let readers = [r#"{"reader":{"reader_id":N}}"#, r#"{"reader":N}"#, r#"{"reader_id":N}"#];
    check::<im::MessageReadEvent>(&readers, |event| event.reader.reader_id.clone());
    let members = [r#"{"users":[{"user_id":N}]}"#, r#"{"users":[N]}"#, r#"{"users":[{"id":N}]}"#];
    check::<im::UserDeletedEvent>(&members, |event| event.users[0].user_id.clone());
}

#[test]
fn card_action_v1_takes_a_user_id_that_is_an_object() {
    for payload in [
        r#"{"user_id":{"open_id":"ou_a","user_id":"u1"},"open_message_id":"om_1","action":{"tag":"button"}}"#,
        r#"{"operator":{"open_id":"ou_a","user_id":"u1"},"message_id":"om_1","action":{"tag":"button"}}"#,
    ] {
        let click: Envelope<CardActionV1> = decode(payload.as_bytes()).unwrap();
        assert_eq!(click.event.open_id.as_ref().unwrap(), &"ou_a", "{payload}");
        assert_eq!(click.event.user_id.as_ref().unwrap(), &"u1", "{payload}");
        assert_eq!(click.event.open_message_id.as_ref().unwrap(), &"om_1", "{payload}");
        assert_eq!(click.odd_fields(), [], "{payload}");
    }
}

#[test]
fn url_preview_event_tells_posted_draft_and_signature_apart() {
    let place = |context: &str| {
        let link: UrlPreviewGet = read(context);
        assert_eq!(link.odd_fields(), [], "{context}");
        link.event.place()
    };
    let posted = r#"{"context":{"preview_token":"pt","open_message_id":"om_1","open_chat_id":"oc_1"}}"#;
    assert_eq!(place(posted), PreviewPlace::Posted);
    assert_eq!(place(r#"{"context":{"open_message_id":"","open_chat_id":""}}"#), PreviewPlace::Draft);
    let signature = r#"{"context":{"preview_token":"pt","open_message_id":"","open_chat_id":""}}"#;
    assert_eq!(place(signature), PreviewPlace::Signature);
    assert_eq!(
        place(r#"{"context":{"url":"https://a.example"},"preview_token":"pt"}"#),
        PreviewPlace::Signature
    );
    assert!(!read::<feishu_callbacks::UrlPreviewEvent>(signature).event.is_draft());
}

#[test]
fn url_preview_event_reads_sender_and_observer() {
    let link: UrlPreviewGet = read(
        r#"{"preview_token":"pt","sender":{"id":{"union_id":"on_s","app_id":"cli_s"},"type":"bot"},
            "observer":{"id":{"union_id":"on_o"}}}"#,
    );
    assert_eq!(link.event.preview_token().unwrap(), &"pt");
    assert_eq!(link.event.sender.id.app_id.as_ref().unwrap(), &"cli_s");
    assert_eq!(link.event.sender.kind, Some(im::SenderType::Bot));
    assert_eq!(link.event.observer.id.union_id.as_ref().unwrap(), &"on_o");
    assert_eq!(link.odd_fields(), []);
    let text = serde_json::to_string(&link).unwrap();
    assert_eq!(
        decode::<feishu_callbacks::UrlPreviewEvent>(text.as_bytes()).unwrap().event.sender,
        link.event.sender
    );
    let empty: UrlPreviewGet = read(r#"{"sender":null,"observer":{"id":null}}"#);
    assert_eq!(empty.odd_fields(), []);
}

#[test]
fn all_odd_fields_lists_a_member_of_schema_1_0_once() {
    let payload = br#"{"uuid":[1],"event":{"type":"p2p_chat_create","app_id":[1],"chat_id":[1]}}"#;
    let created = decode::<im::P2pChatCreatedEvent>(payload).unwrap();
    let places: Vec<_> = created.all_odd_fields().map(OddField::place).collect();
    assert_eq!(places, ["event.app_id", "uuid", "event.chat_id"]);
}

#[test]
fn operator_is_found_where_each_kind_of_payload_has_it() {
    for (event_type, event, open_id) in [
        (
            "card.action.trigger",
            r#"{"operator":{"tenant_key":"t","open_id":"ou_1"},"action":{}}"#,
            Some("ou_1"),
        ),
        ("card.action.trigger", r#"{"operator":{"user_id":{"open_id":"ou_1"}}}"#, Some("ou_1")),
        (
            "application.bot.menu_v6",
            r#"{"operator":{"operator_name":"A","operator_id":{"open_id":"ou_2"}}}"#,
            Some("ou_2"),
        ),
        (
            "im.message.receive_v1",
            r#"{"sender":{"sender_id":{"open_id":"ou_3"},"sender_type":"user"}}"#,
            Some("ou_3"),
        ),
        (
            "im.message.reaction.created_v1",
            r#"{"user_id":{"open_id":"ou_4"},"message_id":"om_1"}"#,
            Some("ou_4"),
        ),
        ("im.chat.member.bot.added_v1", r#"{"operator_id":{"open_id":"ou_6"}}"#, Some("ou_6")),
        ("url.preview.get", r#"{"observer":{"id":{"open_id":"ou_9"}}}"#, Some("ou_9")),
        ("x", r#"{"operator":{"open_id":"ou_5"},"user_id":"b2"}"#, Some("ou_5")),
        ("x", r#"{"sender":{"sender_id":{"open_id":"ou_7"}}}"#, Some("ou_7")),
        ("x", r#"{"user_id":"b2"}"#, None),
        ("x", r#"{"operator":"b2"}"#, None),
        ("x", r#"{"order":7}"#, None),
        ("x", "7", None),
    ] {
        let payload = format!(r#"{{"header":{{"event_type":"{event_type}"}},"event":{event}}}"#);
        let header = peek(payload.as_bytes()).unwrap();
        let found = operator(&header, payload.as_bytes());
        assert_eq!(
            found.as_ref().and_then(|ids| ids.open_id.as_ref()).map(OpenId::as_str),
            open_id,
            "{payload}"
        );
        assert_eq!(found.is_some(), open_id.is_some(), "{payload}");
    }
    let legacy = br#"{"open_id":"ou_8","action":{"tag":"button"}}"#;
    assert_eq!(operator(&peek(legacy).unwrap(), legacy).unwrap().open_id.unwrap(), "ou_8");
    assert_eq!(operator(&peek(legacy).unwrap(), b"no JSON"), None);
}
