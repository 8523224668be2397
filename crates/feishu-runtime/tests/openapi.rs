//! Calls with the app's token against the local platform's OpenAPI.
#![cfg(feature = "openapi")]

use std::time::Duration;

use feishu_gateway::{Fault, Gateway, json};
use feishu_kit::GatewayDial;
use feishu_runtime::OpenApi;
use feishu_runtime::callbacks::openapi::{self, ApiCode, ApiCodeKind, Retry};
use feishu_runtime::transport::{AppSecret, Domain, HttpClient};
use serde_json::Value;

const SECOND: Duration = Duration::from_secs(1);

fn api(gateway: &Gateway) -> OpenApi {
    let client = HttpClient::new(Domain::url(gateway.base_url()).unwrap()).dial(GatewayDial(gateway.clone()));
    OpenApi::with_client(client, gateway.app_id(), AppSecret::new(gateway.app_secret())).unwrap()
}

const UPDATE: &str = "/open-apis/interactive/v1/card/update";

async fn platform() -> (Gateway, OpenApi) {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let api = api(&gateway);
    (gateway, api)
}

fn token_calls(gateway: &Gateway) -> usize {
    let log = gateway.log();
    let is_token = |entry: &&feishu_gateway::Entry| matches!(&entry.seen, feishu_gateway::Seen::OpenApi { path, .. } if path.contains("tenant_access_token"));
    log.iter().filter(is_token).count()
}

fn message() -> Vec<u8> {
    json!({"receive_id": "oc_1", "msg_type": "text", "content": "{\"text\":\"hello\"}"})
        .to_string()
        .into_bytes()
}

const SEND: &str = "/open-apis/im/v1/messages?receive_id_type=chat_id";

#[tokio::test(start_paused = true)]
async fn openapi_token_serves_many_calls_and_is_renewed_before_it_expires() {
    let (gateway, api) = platform().await;
    for _ in 0..3 {
        let answer = api.call("POST", SEND, message()).await.unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(body["data"]["message_id"].as_str().unwrap().starts_with("om_"));
    }
    assert_eq!(token_calls(&gateway), 1);
    tokio::time::sleep((7_200 - 601) * SECOND).await;
    api.call("POST", SEND, message()).await.unwrap();
    assert_eq!(token_calls(&gateway), 1);
    tokio::time::sleep(2 * SECOND).await;
    api.call("POST", SEND, message()).await.unwrap();
    assert_eq!(token_calls(&gateway), 2);
}

#[tokio::test(start_paused = true)]
async fn openapi_callers_at_once_share_one_token_request() {
    let (gateway, api) = platform().await;
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let api = api.clone();
            tokio::spawn(async move { api.call("POST", SEND, message()).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(token_calls(&gateway), 1);
}

#[tokio::test(start_paused = true)]
async fn openapi_renews_a_bad_token_once_and_repeats_the_call() {
    let (gateway, api) = platform().await;
    api.call("POST", SEND, message()).await.unwrap();
    let bad = Fault::OpenApi {
        path: "im/v1/messages".into(),
        status: 400,
        code: 99_991_663,
        msg: "expired".into(),
    };
    gateway.fault_times(1, bad.clone());
    api.call("POST", SEND, message()).await.unwrap();
    gateway.fault(bad);
    let error = api.call("POST", SEND, message()).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(ApiCode(99_991_663)), 2), "{error}");
}

#[tokio::test(start_paused = true)]
async fn openapi_error_advises_on_the_call_that_was_made_and_the_code_inside() {
    let (gateway, api) = platform().await;
    let refuse = |code: i64, msg: &str| {
        gateway.fault_times(
            1,
            Fault::OpenApi { path: "im/v1/messages".into(), status: 400, code, msg: msg.into() },
        );
    };
    refuse(230_011, "recalled");
    let error = api.call("POST", "/open-apis/im/v1/messages/om_1/reply", message()).await.unwrap_err();
    assert!(error.to_string().contains("send the answer to its chat instead"), "{error}");
    assert_eq!(error.retry(), Some(Retry::No));
    refuse(230_099, "ext=ErrCode: 11310; ErrMsg: card table number over limit");
    let error = api.call("POST", SEND, message()).await.unwrap_err();
    assert_eq!((error.code(), error.inner_code()), (Some(ApiCode(230_099)), Some(ApiCode(11_310))));
    assert!(error.to_string().contains("fewer tables"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn openapi_waits_for_a_rate_limit_to_end() {
    let (gateway, api) = platform().await;
    api.call("POST", SEND, message()).await.unwrap();
    let limit =
        Fault::OpenApi { path: "im/v1/messages".into(), status: 429, code: 99_991_400, msg: "slow".into() };
    gateway.fault_times(2, limit.clone());
    let start = tokio::time::Instant::now();
    api.call("POST", SEND, message()).await.unwrap();
    assert!(start.elapsed() >= 2 * SECOND, "{:?}", start.elapsed());
    gateway.fault(limit);
    let error = api.call("POST", SEND, message()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Some(ApiCodeKind::RateLimited), 4), "{error}");
}

#[tokio::test(start_paused = true)]
async fn openapi_waits_out_every_code_of_a_rate_limit_without_a_header() {
    for code in [99_991_400, 230_020, 11_232, 2_200] {
        let (gateway, api) = platform().await;
        let limit =
            Fault::OpenApi { path: "im/v1/messages".into(), status: 400, code, msg: "too many".into() };
        gateway.fault_times(3, limit.clone());
        api.call("POST", SEND, message()).await.unwrap();
        gateway.fault(limit);
        let start = tokio::time::Instant::now();
        let error = api.call("POST", SEND, message()).await.unwrap_err();
        assert_eq!(error.attempts(), 4, "{error}");
        assert!(error.to_string().contains("after 4 attempts"), "{error}");
        let waited = start.elapsed();
        assert!((7 * SECOND..9 * SECOND).contains(&waited), "{code}: {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn openapi_calls_at_once_hold_the_platforms_rates() {
    let gateway = Gateway::builder().in_memory().rate_limits().start().await.unwrap();
    let api = api(&gateway);
    let start = tokio::time::Instant::now();
    let calls: Vec<_> = (0..300)
        .map(|number| {
            let api = api.clone();
            let body = json!({"receive_id": format!("oc_{}", number % 100), "msg_type": "text", "content": "{\"text\":\"hello\"}"});
            tokio::spawn(async move { api.call("POST", SEND, body.to_string()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().err().map(|error| error.to_string()), None);
    }
    assert!(start.elapsed() < 20 * SECOND, "{:?}", start.elapsed());
    let counts = api.rate_counts();
    assert_eq!((counts.waiting, counts.refused, counts.crowded), (0, 0, 0));
    assert!(counts.throttled >= 200, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn openapi_waits_out_a_rate_limit_of_the_token_call() {
    let (gateway, api) = platform().await;
    let limit = Fault::OpenApi {
        path: "tenant_access_token".into(),
        status: 400,
        code: 99_991_400,
        msg: "slow".into(),
    };
    gateway.fault_times(2, limit);
    api.call("POST", SEND, message()).await.unwrap();
    assert_eq!(token_calls(&gateway), 3);
}

#[tokio::test(start_paused = true)]
async fn with_response_bytes_and_with_timeout_bound_one_call() {
    let (_gateway, api) = platform().await;
    let error = api.with_response_bytes(10).call("POST", SEND, message()).await.unwrap_err().to_string();
    assert!(error.contains("10 bytes (Limits::response_bytes"), "{error}");
    api.call("POST", SEND, message()).await.unwrap();
    let error = api.with_timeout(Duration::ZERO).call("POST", SEND, message()).await.unwrap_err();
    assert!(error.to_string().contains("Timeouts::call"), "{error}");
    assert!(api.clock_ahead().is_some_and(|ahead| ahead.abs() <= 2));
}

#[tokio::test(start_paused = true)]
async fn openapi_error_has_the_code_of_a_refusal_or_unreadable_answer() {
    let (gateway, api) = platform().await;
    let error =
        api.call("POST", UPDATE, json!({"token": "c-none", "card": {}}).to_string().into_bytes()).await;
    assert!(error.unwrap_err().code().is_some());
    gateway.fault(Fault::OpenApi {
        path: String::new(),
        status: 400,
        code: 99_991_543,
        msg: "bad pair".into(),
    });
    let fresh = self::api(&gateway);
    let error = fresh.call("POST", SEND, message()).await.unwrap_err();
    assert!(error.to_string().contains("99991543"), "{error}");
    assert!(api.call("GE T", SEND, message()).await.is_err());
}

#[tokio::test]
async fn send_fails_when_the_answer_lacks_the_data_that_the_call_wants() {
    let fake = feishu_runtime::testing::FakeApi::new().answer("/im/v1/messages", json!({"code": 0}));
    let message = openapi::OutgoingMessage::text("hello");
    let send = openapi::MessageSend { to: openapi::Receiver::Chat("oc_1".into()), message };
    let error = fake.api().send(&send).await.unwrap_err();
    assert!(error.code().is_none() && error.to_string().contains("lacks the data"), "{error}");
}

fn bot_calls(gateway: &Gateway) -> usize {
    let is_bot = |entry: &&feishu_gateway::Entry| matches!(&entry.seen, feishu_gateway::Seen::OpenApi { path, .. } if path.contains("bot/v3/info"));
    gateway.log().iter().filter(is_bot).count()
}

#[tokio::test(start_paused = true)]
async fn openapi_bot_is_requested_once_for_all_callers() {
    let (gateway, api) = platform().await;
    assert_eq!(api.known_bot(), None);
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let api = api.clone();
            tokio::spawn(async move { api.bot().await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().open_id, gateway.bot_open_id());
    }
    assert_eq!(api.known_bot(), Some(&api.bot().await.unwrap()));
    assert_eq!(bot_calls(&gateway), 1);
}

#[tokio::test(start_paused = true)]
async fn openapi_bot_that_is_not_known_is_an_error_and_requested_again_after_a_pause() {
    let (gateway, api) = platform().await;
    let refuse = || {
        let path = "bot/v3/info".into();
        gateway.fault_times(1, Fault::OpenApi { path, status: 400, code: 10_003, msg: "no".into() });
    };
    refuse();
    assert_eq!(api.bot().await.unwrap_err().code(), Some(ApiCode(10_003)));
    assert_eq!(api.bot().await.unwrap_err().code(), Some(ApiCode(10_003)));
    assert_eq!((bot_calls(&gateway), api.known_bot()), (1, None));
    refuse();
    tokio::time::sleep(SECOND).await;
    api.bot().await.unwrap_err();
    tokio::time::sleep(SECOND).await;
    api.bot().await.unwrap_err();
    assert_eq!(bot_calls(&gateway), 2, "the second pause is longer");
    tokio::time::sleep(SECOND).await;
    assert_eq!(api.bot().await.unwrap().open_id, gateway.bot_open_id());
}
