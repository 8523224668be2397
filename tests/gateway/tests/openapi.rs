//! Tokens, card updates, messages and preview refreshes.

mod common;

use std::time::Duration;

use common::{Client, Reply, event_of, in_memory, request};
use feishu_gateway::{Click, Fault, FindingKind, Gateway, Sent, Value, json};

async fn token(gateway: &Gateway) -> String {
    token_of(gateway, gateway.app_id(), gateway.app_secret()).await
}

async fn token_of(gateway: &Gateway, app: &str, secret: &str) -> String {
    let body = json!({"app_id": app, "app_secret": secret});
    let path = "/open-apis/auth/v3/tenant_access_token/internal";
    let reply = request(gateway.dial(), "POST", path, &[], &body.to_string()).await;
    reply.json()["tenant_access_token"].as_str().unwrap().to_owned()
}

async fn call(gateway: &Gateway, method: &str, path: &str, body: Value) -> Reply {
    call_with(&token(gateway).await, gateway, method, path, body).await
}

async fn call_with(token: &str, gateway: &Gateway, method: &str, path: &str, body: Value) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", &*authorization), ("Content-Type", "application/json")];
    request(gateway.dial(), method, &format!("/open-apis/{path}"), &headers, &body.to_string()).await
}

async fn update(gateway: &Gateway, token: &str, card: Value) -> i64 {
    call(gateway, "POST", "interactive/v1/card/update", json!({"token": token, "card": card})).await.code()
}

/// A gateway and a click that was answered with `{}`.
async fn answered_click() -> (Gateway, Client, Sent) {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let sent = gateway.send(Click::button("x")).await.unwrap();
    client.answer(json!({})).await;
    gateway.seen(|entry| entry.seen.to_string().starts_with("<- answer")).await;
    (gateway, client, sent)
}

fn card(text: &str) -> Value {
    json!({"elements": [{"tag": "div", "text": {"tag": "plain_text", "content": text}}]})
}

#[tokio::test(start_paused = true)]
async fn a_token_is_the_same_until_half_an_hour_is_left() {
    let gateway = in_memory().await;
    let path = "/open-apis/auth/v3/tenant_access_token/internal";
    let ask = async |secret: &str| {
        let body = json!({"app_id": "cli_local", "app_secret": secret}).to_string();
        request(gateway.dial(), "POST", path, &[], &body).await
    };
    let first = ask("local-secret").await.json();
    assert_eq!((&first["code"], &first["expire"]), (&json!(0), &json!(7200)));
    tokio::time::sleep(Duration::from_secs(5400)).await;
    let second = ask("local-secret").await.json();
    assert_eq!(second["tenant_access_token"], first["tenant_access_token"]);
    assert_eq!(second["expire"], 1800);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let third = ask("local-secret").await.json();
    assert_ne!(third["tenant_access_token"], first["tenant_access_token"]);
    assert_eq!(third["expire"], 7200);

    let wrong = ask("guess").await;
    assert_eq!((wrong.status, wrong.code()), (200, 10014));
    let reply =
        request(gateway.dial(), "POST", path, &[], "{\"app_id\":\"cli_other\",\"app_secret\":\"\"}").await;
    assert_eq!(reply.code(), 10003);
}

#[tokio::test(start_paused = true)]
async fn calls_need_a_living_token() {
    let gateway = in_memory().await;
    let path = "/open-apis/im/v1/messages/om_1";
    let get = async |headers: &[(&str, &str)]| request(gateway.dial(), "GET", path, headers, "").await.code();
    assert_eq!(get(&[]).await, 99_991_661);
    assert_eq!(get(&[("Authorization", "Bearer x-1")]).await, 99_991_671);
    assert_eq!(get(&[("Authorization", "Bearer t-unknown")]).await, 99_991_663);
    let good = format!("Bearer {}", token(&gateway).await);
    assert_eq!(get(&[("Authorization", &good)]).await, 230_001);
    tokio::time::sleep(Duration::from_secs(7200)).await;
    assert_eq!(get(&[("Authorization", &good)]).await, 99_991_663);
    let good = format!("Bearer {}", token(&gateway).await);
    gateway.revoke_tokens();
    assert_eq!(get(&[("Authorization", &good)]).await, 99_991_663);
}

#[tokio::test(start_paused = true)]
async fn a_callback_token_updates_its_card_twice_within_half_an_hour() {
    let (gateway, _client, sent) = answered_click().await;
    let (token, message) = (sent.card_token().unwrap(), sent.card_message().unwrap());
    assert_eq!(gateway.card(message), None);
    assert_eq!(update(&gateway, token, card("one")).await, 0);
    assert_eq!(gateway.card(message), Some(card("one")));
    assert_eq!(update(&gateway, token, json!({"type": "raw", "data": {}})).await, 11_311);
    assert_eq!(update(&gateway, token, card("two")).await, 0, "a refused update does not count");
    assert_eq!(update(&gateway, token, card("three")).await, 300_040);
    assert_eq!(gateway.card(message), Some(card("two")));

    let (gateway, _client, sent) = answered_click().await;
    gateway.recall(sent.card_message().unwrap());
    assert_eq!(update(&gateway, sent.card_token().unwrap(), card("gone")).await, 200_000);
    tokio::time::sleep(Duration::from_secs(30 * 60)).await;
    assert_eq!(update(&gateway, sent.card_token().unwrap(), card("late")).await, 300_030);
    assert_eq!(update(&gateway, "c-unknown", card("x")).await, 300_030);
    assert_eq!(update(&gateway, "unknown", card("x")).await, 300_020);
}

#[tokio::test(start_paused = true)]
async fn an_update_before_the_answer_fails_and_is_named() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let sent = gateway.send(Click::button("x")).await.unwrap();
    let push = client.push().await;
    let token = event_of(&push)["event"]["token"].as_str().unwrap().to_owned();
    assert_eq!(update(&gateway, &token, card("early")).await, 10_002);
    let finding = gateway.findings().pop().unwrap();
    assert_eq!(finding.kind, FindingKind::OpenApi);
    assert!(finding.text.contains("answer it first"), "{finding}");
    client.send_frame(&push.into_answer(common::payload(200, Some(json!({}))), 0)).await;
    sent.answer().await.unwrap();
    assert_eq!(update(&gateway, &token, card("now")).await, 0);
}

#[tokio::test(start_paused = true)]
async fn exclusive_cards_need_open_ids_and_shared_ones_have_none() {
    let (gateway, _client, sent) = answered_click().await;
    let token = sent.card_token().unwrap();
    let exclusive = json!({"config": {"update_multi": false}, "elements": []});
    assert_eq!(update(&gateway, token, exclusive.clone()).await, 300_090);
    let mut with_ids = exclusive;
    with_ids["open_ids"] = json!(["ou_1"]);
    assert_eq!(update(&gateway, token, with_ids).await, 0);
    let mut shared = card("x");
    shared["open_ids"] = json!(["ou_1"]);
    assert_eq!(update(&gateway, token, shared.clone()).await, 200_320);
    shared["open_ids"] = json!("ou_1");
    assert_eq!(update(&gateway, token, shared).await, 200_320);
    let template = json!({"type": "template", "data": {"template_id": "AAq1"}});
    assert_eq!(update(&gateway, token, template.clone()).await, 0);
    assert_eq!(gateway.card(sent.card_message().unwrap()), Some(template));
}

#[tokio::test(start_paused = true)]
async fn messages_are_sent_updated_and_read() {
    let gateway = in_memory().await;
    let send =
        async |body: Value| call(&gateway, "POST", "im/v1/messages?receive_id_type=open_id", body).await;
    let content = json!({"schema": "2.0", "body": {"elements": []}});
    let body =
        json!({"receive_id": "ou_1", "msg_type": "interactive", "content": content.to_string(), "uuid": "u"});
    let reply = send(body.clone()).await;
    assert_eq!(reply.code(), 0, "{}", reply.body);
    let id = reply.json()["data"]["message_id"].as_str().unwrap().to_owned();
    assert_eq!(
        send(body).await.json()["data"]["message_id"],
        *id,
        "the same uuid within an hour sends nothing"
    );
    assert_eq!(gateway.card(&id), Some(content));
    let log = gateway.log();
    let shown =
        log.iter().map(ToString::to_string).find(|line| line.contains("of type interactive")).unwrap();
    assert!(shown.contains(&id) && shown.contains("ou_1"), "the id of what was sent is shown: {shown}");

    let patch = async |id: &str, card: Value| {
        let path = format!("im/v1/messages/{id}");
        call(&gateway, "PATCH", &path, json!({"content": card.to_string()})).await.code()
    };
    let next = json!({"schema": "2.0", "body": {"elements": [{"tag": "hr"}]}});
    assert_eq!(patch(&id, next.clone()).await, 0);
    assert_eq!(gateway.card(&id), Some(next.clone()));
    assert_eq!(patch(&id, json!({"elements": []})).await, 230_099, "2.0 stays 2.0");
    assert_eq!(patch("om_none", next.clone()).await, 230_001);
    let place = format!("im/v1/messages/{id}");
    let read = call(&gateway, "GET", &place, json!({})).await.json();
    let content = read["data"]["items"][0]["body"]["content"].as_str().unwrap();
    assert!(content.contains("[Interactive Card]"), "a card is reduced: {content}");
    let place = format!("{place}?card_msg_content_type=user_card_content");
    let read = call(&gateway, "GET", &place, json!({})).await.json();
    assert_eq!(read["data"]["items"][0]["body"]["content"], next.to_string());

    let text = json!({"msg_type": "text", "content": "{\"text\":\"hi\"}"});
    let reply = call(&gateway, "POST", &format!("im/v1/messages/{id}/reply"), text).await;
    assert_eq!(reply.json()["data"]["parent_id"], *id);
    assert_eq!(gateway.messages().len(), 2);

    gateway.recall(&id);
    assert_eq!(patch(&id, next.clone()).await, 230_011);
    for (body, code) in [
        (json!({"receive_id": "ou_1", "msg_type": "text", "content": {"text": "x"}}), 230_001),
        (json!({"receive_id": "ou_1", "msg_type": "text"}), 230_001),
        (json!({"msg_type": "text", "content": "{}"}), 230_001),
        (json!({"receive_id": "ou_1", "msg_type": "interactive", "content": "{}"}), 230_099),
        (
            json!({"receive_id": "ou_1", "msg_type": "text", "content": format!("\"{}\"", "x".repeat(160_000))}),
            230_025,
        ),
    ] {
        assert_eq!(
            send(body.clone()).await.code(),
            code,
            "{}",
            &body.to_string()[..60.min(body.to_string().len())]
        );
    }
    assert_eq!(call(&gateway, "POST", "im/v1/messages", json!({})).await.code(), 230_001);
    let text = gateway.messages()[1].message_id.clone();
    assert_eq!(patch(&text, next).await, 230_027, "a text is not a card");
}

#[tokio::test(start_paused = true)]
async fn a_card_cannot_be_updated_after_two_weeks() {
    let gateway = in_memory().await;
    let id = gateway.post_card(card("old"));
    let body = json!({"content": card("new").to_string()});
    tokio::time::sleep(Duration::from_secs(14 * 24 * 3600 + 1)).await;
    assert_eq!(call(&gateway, "PATCH", &format!("im/v1/messages/{id}"), body).await.code(), 230_031);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_makes_the_clients_ask_again() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let (_, push) = tokio::join!(gateway.preview("https://example.com/42"), client.answer(json!({})));
    let context = event_of(&push)["event"]["context"].clone();
    let path = "im/v2/url_previews/batch_update";
    let body = json!({"preview_tokens": [context["preview_token"], "unknown"]});
    let (reply, again) = tokio::join!(call(&gateway, "POST", path, body), client.answer(json!({})));
    assert_eq!(reply.code(), 0);
    assert_eq!(event_of(&again)["event"]["context"], context);

    for body in [
        json!({}),
        json!({"preview_tokens": []}),
        json!({"preview_tokens": vec!["t"; 11]}),
        json!({"preview_tokens": "t"}),
        json!({"preview_tokens": ["t"], "open_ids": vec!["o"; 101]}),
    ] {
        assert_eq!(call(&gateway, "POST", path, body.clone()).await.code(), 230_001, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn any_call_can_be_refused_by_a_fault() {
    let (gateway, _client, sent) = answered_click().await;
    gateway.fault_times(
        1,
        Fault::OpenApi {
            path: "card/update".into(),
            status: 429,
            code: 99_991_400,
            msg: "rate limit".into(),
        },
    );
    let body = json!({"token": sent.card_token(), "card": card("x")});
    let reply = call(&gateway, "POST", "interactive/v1/card/update", body.clone()).await;
    assert_eq!((reply.status, reply.code()), (429, 99_991_400));
    assert!(reply.headers.contains_key("x-ogw-ratelimit-reset"));
    assert_eq!(call(&gateway, "POST", "interactive/v1/card/update", body).await.code(), 0);
    assert_eq!(call(&gateway, "POST", "no/such/call", json!({})).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_uuid_sends_once_for_each_app_and_call() {
    let gateway = Gateway::builder().in_memory().app("cli_a", "s").app("cli_b", "s").start().await.unwrap();
    let message =
        json!({"receive_id": "oc_1", "msg_type": "text", "content": "{\"text\":\"x\"}", "uuid": "u"});
    let mut ids = std::collections::BTreeSet::new();
    for app in ["cli_a", "cli_b"] {
        let token = token_of(&gateway, app, "s").await;
        for path in ["im/v1/messages?receive_id_type=chat_id", "im/v1/messages/om_1/reply"] {
            for _ in 0..2 {
                let sent = call_with(&token, &gateway, "POST", path, message.clone()).await.json();
                ids.insert(sent["data"]["message_id"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!((ids.len(), gateway.messages().len()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_id_is_refused_as_users_reported() {
    let gateway = in_memory().await;
    let body = json!({"msg_type": "text", "content": "{\"text\":\"x\"}"});
    for (method, path) in [
        ("POST", "im/v1/messages/c-0000/reply"),
        ("POST", "im/v1/messages/omt_1/reply"),
        ("PATCH", "im/v1/messages/c-0000"),
        ("GET", "im/v1/messages/c-0000"),
    ] {
        assert_eq!(call(&gateway, method, path, body.clone()).await.code(), 99_992_354, "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn bot_info_stands_under_bot_and_differs_by_app() {
    let gateway = Gateway::builder().in_memory().app("cli_a", "s").app("cli_b", "s").start().await.unwrap();
    let info = call(&gateway, "GET", "bot/v3/info", json!({})).await.json();
    assert_eq!((&info["code"], &info["data"]), (&json!(0), &Value::Null));
    assert_eq!(info["bot"]["open_id"], gateway.bot_open_id());
    let token = token_of(&gateway, "cli_b", "s").await;
    let other = call_with(&token, &gateway, "GET", "bot/v3/info", json!({})).await.json();
    assert_ne!(other["bot"]["open_id"], info["bot"]["open_id"]);
}

#[tokio::test(start_paused = true)]
async fn a_users_message_can_be_read_back_with_its_resources() {
    let local = common::local::Local::start().await;
    let gateway = &local.gateway;
    let content = json!({"title": "", "content": [[{"tag": "img", "image_key": "img_v3_1"}, {"tag": "media", "file_key": "file_v3_1"}]]});
    let sent = local.post("message", json!({"msg_type": "post", "content": content, "repeat": false})).await;
    let id = sent["open_message_id"].as_str().unwrap();
    let read = call(gateway, "GET", &format!("im/v1/messages/{id}"), json!({})).await.json();
    let item = &read["data"]["items"][0];
    assert_eq!((&item["msg_type"], &item["sender"]["sender_type"]), (&json!("post"), &json!("user")));
    assert_eq!(item["body"]["content"], content.to_string());
    let get = async |path: &str| {
        call(gateway, "GET", &format!("im/v1/messages/{id}/resources/{path}"), json!({})).await
    };
    let image = get("img_v3_1?type=image").await;
    assert_eq!((image.status, &*image.headers["content-type"]), (200, "image/png"));
    let file = get("file_v3_1?type=file").await;
    assert!(file.body.contains("file_v3_1"), "{}", file.body);
    assert_eq!(get("img_v3_1?type=file").await.code(), 234_003);
    assert_eq!(get("img_v3_9?type=image").await.code(), 234_003);
    assert_eq!(get("img_v3_1").await.code(), 234_001);
    gateway.recall(id);
    assert_eq!(get("img_v3_1?type=image").await.code(), 230_110);
    let read = call(gateway, "GET", &format!("im/v1/messages/{id}"), json!({})).await.json();
    assert_eq!(
        (&read["data"]["items"][0]["deleted"], &read["data"]["items"][0]["body"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test(start_paused = true)]
async fn calls_over_their_rate_are_refused_until_the_next_second() {
    let gateway = Gateway::builder().in_memory().rate_limits().start().await.unwrap();
    let token = token(&gateway).await;
    let message = |to: &str| json!({"receive_id": to, "msg_type": "text", "content": "{\"text\":\"x\"}"});
    let send = async |to: &str| {
        call_with(&token, &gateway, "POST", "im/v1/messages?receive_id_type=open_id", message(to)).await
    };
    for _ in 0..5 {
        assert_eq!(send("ou_1").await.code(), 0);
    }
    assert_eq!(send("ou_1").await.code(), 230_020);
    for number in 0..44 {
        assert_eq!(send(&format!("ou_{}", number + 2)).await.code(), 0);
    }
    let refused = send("ou_99").await;
    assert_eq!((refused.status, refused.code()), (429, 99_991_400));
    assert_eq!(refused.headers["x-ogw-ratelimit-reset"], "1");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(send("ou_1").await.code(), 0);
    for second in 0..21 {
        for number in 0..50 {
            send(&format!("ou_{second}_{number}")).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(send("ou_last").await.code(), 99_991_400, "1000 in a minute");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(send("ou_last").await.code(), 0);
}
