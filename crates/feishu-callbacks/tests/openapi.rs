//! Requests and answers of the OpenAPI, in the documented shape.

use std::time::Duration;

use feishu_callbacks::build::Card;
use feishu_callbacks::openapi::{
    ApiCode, ApiCodeKind, BotInfoGet, Call, CardUpdate, DataPlace, MessagePatch, MessageReply, MessageSend,
    Nothing, OutgoingMessage, PreviewRefresh, Receiver, TokenAnswer, TokenRequest,
};
use feishu_callbacks::{AppId, CallbackToken, OpenId, PreviewToken, RawCard, Template, TokenSpent};
use serde_json::{Value, json};

fn body(call: &impl Call) -> Value {
    serde_json::from_slice(&call.body()).unwrap()
}

#[test]
fn card_update_has_the_card_inline_and_open_ids_only_for_exclusive_cards() {
    let token = || CallbackToken::from("c-1");
    let shared = RawCard::parse(r#"{"schema":"2.0","body":{"elements":[]}}"#).unwrap();
    let exclusive = RawCard::parse(r#" { "elements":[] }"#).unwrap();
    let empty = RawCard::parse("{}").unwrap();
    let users = || [OpenId::from("ou_1"), OpenId::from("ou_2")];
    let cases = [
        (CardUpdate::new(token(), shared.clone()), json!({"schema": "2.0", "body": {"elements": []}})),
        (
            CardUpdate::new(token(), shared).only_for(users()),
            json!({"schema": "2.0", "body": {"elements": []}}),
        ),
        (
            CardUpdate::new(token(), exclusive).only_for(users()),
            json!({"open_ids": ["ou_1", "ou_2"], "elements": []}),
        ),
        (CardUpdate::new(token(), empty).only_for(users()), json!({"open_ids": ["ou_1", "ou_2"]})),
        (
            CardUpdate::new(token(), Template::new("AAq1").variable("n", 1)).only_for(users()),
            json!({"type": "template", "data": {"template_id": "AAq1", "template_variable": {"n": 1}}}),
        ),
    ];
    for (update, card) in cases {
        assert_eq!(update.path(), "/open-apis/interactive/v1/card/update");
        assert_eq!(body(&update), json!({"token": "c-1", "card": card}));
    }
}

#[test]
fn callback_token_claim_allows_two_updates_within_thirty_minutes() {
    let token = CallbackToken::from("c-1");
    let second = token.clone();
    let just_in_time = CallbackToken::LIFE.checked_sub(Duration::from_nanos(1)).unwrap();
    assert_eq!(token.claim(CallbackToken::LIFE), Err(TokenSpent::Expired));
    assert_eq!(token.uses_left(), 2, "what was not sent is not counted");
    token.claim(just_in_time).unwrap();
    second.claim(just_in_time).unwrap();
    assert_eq!(token.claim(Duration::ZERO), Err(TokenSpent::UsedUp));
    second.give_back();
    assert_eq!(token.uses_left(), 1);
    token.claim(Duration::ZERO).unwrap();
    assert_eq!((token.uses_left(), second.uses_left()), (0, 0));
    CallbackToken::from("c-2").give_back();
}

#[test]
fn debug_shows_no_tokens_or_secrets() {
    let token: TokenAnswer =
        TokenRequest::read_answer(br#"{"code":0,"tenant_access_token":"t-secret","expire":7200}"#).unwrap();
    let app_id = AppId::from("cli_1");
    let shown = [
        format!("{:?} {0}", CallbackToken::from("c-secret")),
        format!("{token:?}"),
        format!("{:?}", token.into_token().unwrap().0),
        format!("{:?}", TokenRequest { app_id: &app_id, app_secret: "secret" }),
        format!("{:?}", feishu_callbacks::VerificationToken::from("secret")),
        format!("{:?}", CardUpdate::new(CallbackToken::from("c-secret"), Template::new("AAq1"))),
    ];
    for shown in shown {
        assert!(!shown.contains("secret\""), "{shown}");
        assert!(!shown.contains("-secret") && !shown.contains("(secret"), "{shown}");
    }
}

#[test]
fn token_request_is_written_and_its_answer_read() {
    let app_id = AppId::from("cli_1");
    let request = TokenRequest { app_id: &app_id, app_secret: "s" };
    assert_eq!(request.path(), "/open-apis/auth/v3/tenant_access_token/internal");
    assert_eq!(body(&request), json!({"app_id": "cli_1", "app_secret": "s"}));
    const { assert!(!<TokenRequest<'static> as Call>::NEEDS_TOKEN && <CardUpdate as Call>::NEEDS_TOKEN) };
    let answer = |text: &str| TokenRequest::read_answer(text.as_bytes()).and_then(TokenAnswer::into_token);
    let (token, life) = answer(r#"{"code":0,"msg":"ok","tenant_access_token":"t-1","expire":7140}"#).unwrap();
    assert_eq!((token.expose(), life), ("t-1", Duration::from_secs(7140)));
    assert_eq!(
        answer(r#"{"code":10014,"msg":"app secret invalid"}"#).unwrap_err().kind(),
        Some(ApiCodeKind::WrongCredentials)
    );
    assert_eq!(answer(r#"{"code":0,"msg":"ok"}"#).unwrap_err().code(), None);
}

#[test]
fn message_requests_have_their_content_as_json_in_a_string() {
    let send = MessageSend {
        to: Receiver::Chat("oc_1".into()),
        message: OutgoingMessage::text("hi \"you\"").once("u-1"),
    };
    assert_eq!(send.path(), "/open-apis/im/v1/messages?receive_id_type=chat_id");
    assert_eq!(
        body(&send),
        json!({"receive_id": "oc_1", "msg_type": "text", "content": r#"{"text":"hi \"you\""}"#, "uuid": "u-1"}),
    );
    let reply =
        MessageReply { to: "om/1".into(), message: OutgoingMessage::card(Card::untitled()), in_thread: true };
    assert_eq!(reply.path(), "/open-apis/im/v1/messages/om%2F1/reply");
    assert_eq!(
        body(&reply),
        json!({
            "msg_type": "interactive", "reply_in_thread": true,
            "content": r#"{"schema":"2.0","config":{"update_multi":true},"body":{"elements":[]}}"#,
        }),
    );
    let patch = MessagePatch { message: "om_1".into(), card: Template::new("AAq1").into() };
    assert_eq!((MessagePatch::METHOD, patch.path().as_str()), ("PATCH", "/open-apis/im/v1/messages/om_1"));
    assert_eq!(body(&patch), json!({"content": r#"{"type":"template","data":{"template_id":"AAq1"}}"#}));
}

#[test]
fn preview_refresh_accepts_at_most_ten_tokens_and_a_hundred_users() {
    let tokens = |count: usize| (0..count).map(|n| PreviewToken::from(format!("pt-{n}")));
    let users = |count: usize| (0..count).map(|n| OpenId::from(format!("ou_{n}")));
    assert!(PreviewRefresh::new(tokens(0)).is_err());
    assert!(PreviewRefresh::new(tokens(11)).is_err());
    let most = PreviewRefresh::new(tokens(10)).unwrap();
    assert!(most.clone().only_for(users(101)).is_err());
    assert!(most.only_for(users(100)).is_ok());
    let one = PreviewRefresh::new(tokens(1)).unwrap();
    assert_eq!(body(&one), json!({"preview_tokens": ["pt-0"]}));
    assert_eq!(
        body(&one.only_for(users(1)).unwrap()),
        json!({"preview_tokens": ["pt-0"], "open_ids": ["ou_0"]})
    );
}

#[test]
fn answer_is_read_and_api_error_says_what_to_do() {
    let sent = MessageSend::read_answer(
        br#"{"code":0,"msg":"success","data":{"message_id":"om_1","chat_id":7,"thread_id":[]}}"#,
    );
    assert_eq!(sent.unwrap().message_id.unwrap(), "om_1");
    assert_eq!(CardUpdate::read_answer(br#"{"code":0,"msg":"ok"}"#), Ok(Nothing {}));
    let refused = CardUpdate::read_answer(br#"{"code":300040,"msg":"used","data":null}"#).unwrap_err();
    assert_eq!(refused.kind(), Some(ApiCodeKind::CallbackTokenUsedUp));
    assert!(refused.to_string().contains("message id"), "{refused}");
    for page in [&b"<html>"[..], b"[]", b"{}", b"", br#"{"code":"0"}"#] {
        let error = CardUpdate::read_answer(page).unwrap_err();
        assert!(error.code().is_none() && error.to_string().contains("proxy"), "{error}");
    }
}

#[test]
fn read_answer_takes_no_default_for_data_that_is_missing() {
    for answer in [&br#"{"code":0,"msg":"success"}"#[..], br#"{"code":0,"data":null}"#] {
        let error = MessageSend::read_answer(answer).unwrap_err();
        assert!(error.code().is_none() && error.to_string().contains("lacks the data"), "{error}");
    }
}

#[test]
fn data_place_says_where_the_data_of_a_call_of_ones_own_stands() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Bot {
        open_id: String,
    }

    #[derive(serde::Deserialize)]
    struct BotAnswer {
        bot: Bot,
    }

    struct WhoAmI;

    impl Call for WhoAmI {
        const METHOD: &'static str = "GET";
        const DATA: DataPlace = DataPlace::TopLevel;
        type Data = BotAnswer;

        fn path(&self) -> String {
            "/open-apis/bot/v3/info".to_owned()
        }

        fn body(&self) -> Vec<u8> {
            Vec::new()
        }
    }

    let answer = WhoAmI::read_answer(br#"{"code":0,"msg":"ok","bot":{"open_id":"ou_1"}}"#).unwrap();
    assert_eq!(answer.bot, Bot { open_id: "ou_1".to_owned() });
    assert!(WhoAmI::read_answer(br#"{"code":0,"msg":"ok"}"#).is_err());
}

#[test]
fn is_rate_limit_and_is_bad_token_decide_what_to_try_again() {
    assert!(ApiCode(99_991_400).is_rate_limit() && !ApiCode(99_991_663).is_rate_limit());
    assert!(ApiCode(99_991_663).is_bad_token() && !ApiCode(99_991_400).is_bad_token());
}

#[test]
fn bot_info_is_read_from_the_member_bot_and_needs_an_open_id() {
    let read = |answer: &str| BotInfoGet::read_answer(answer.as_bytes());
    let bot = read(
        r#"{"code":0,"msg":"ok","bot":{"activate_status":2,"app_name":"Kettle","open_id":"ou_bot","later":[]}}"#,
    );
    let bot = bot.unwrap();
    assert_eq!(
        (bot.open_id.as_str(), bot.app_name.as_deref(), bot.activate_status),
        ("ou_bot", Some("Kettle"), Some(2))
    );
    let odd = read(r#"{"code":0,"bot":{"open_id":"ou_bot","app_name":[],"activate_status":"x"}}"#).unwrap();
    assert_eq!((odd.open_id.as_str(), odd.app_name), ("ou_bot", None));
    for nothing in [
        r#"{"code":0,"msg":"ok"}"#,
        r#"{"code":0,"msg":"ok","bot":null}"#,
        r#"{"code":0,"msg":"ok","bot":{}}"#,
        r#"{"code":0,"msg":"ok","bot":{"open_id":""}}"#,
        r#"{"code":0,"msg":"ok","bot":{"open_id":null}}"#,
        r#"{"code":0,"msg":"ok","bot":[]}"#,
        r#"{"code":0,"msg":"ok","data":{"open_id":"ou_bot"}}"#,
    ] {
        let error = read(nothing).unwrap_err();
        assert_eq!(error.code(), None, "{nothing}");
        assert!(error.to_string().contains("lacks the data"), "{error}");
    }
    assert_eq!(
        read(r#"{"code":99991663,"msg":"invalid token"}"#).unwrap_err().kind(),
        Some(ApiCodeKind::BadAccessToken)
    );
}

#[test]
fn read_answer_refuses_an_answer_without_the_data_that_the_call_wants() {
    for nothing in [r#"{"code":0,"msg":"ok"}"#, r#"{"code":0,"data":null}"#] {
        let error = MessageSend::read_answer(nothing.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("lacks the data"), "{error}");
    }
    assert!(MessagePatch::read_answer(br#"{"code":0,"msg":"ok"}"#).is_ok(), "a call that wants none");
}
