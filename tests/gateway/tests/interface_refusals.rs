//! What the interface refuses: wrong requests with the field and a right example, and other sites.

mod common;

use feishu_gateway::{Gateway, json};

use common::local::Local;
use common::request;

#[tokio::test(start_paused = true)]
async fn wrong_requests_name_the_field_and_a_right_example() {
    let local = Local::start().await;
    for (path, body, field, part) in [
        ("click", json!({"nam": "x"}), "nam", "there is no such member"),
        ("click", json!({"user": "nobody"}), "user", "there are lin"),
        ("click", json!({"app_id": "cli_x"}), "app_id", "cli_local"),
        ("preview", json!({}), "url", "missing"),
        ("message", json!({}), "text", "missing"),
        ("event", json!({"type": 1}), "type", "a number"),
        ("raw", json!({"payload": 1, "seq_id": "-1"}), "seq_id", "64 bits"),
        ("raw", json!({"payload": 1, "copies": 100_000}), "copies", "1 to 100"),
        ("click", json!({"fragments": 0}), "fragments", "1 to 100"),
        ("apps", json!({"app_id": "cli_x"}), "app_secret", "missing"),
        ("faults", json!({"fault": "slow"}), "delay_ms", "missing"),
        ("faults", json!({"fault": "cut", "probability": 2.0}), "probability", "0 to 1"),
        ("heal", json!({"id": 7}), "id", "no active fault"),
        ("card", json!({"card": {}}), "card", "elements"),
    ] {
        let (named, text) = local.wrong(path, body.clone()).await;
        assert_eq!(named, field, "{path} {body}");
        assert!(text.contains(part), "{path} {body}: {text}");
        let (_, answer) = local.try_post(path, body).await;
        assert!(answer["error"]["example"].is_object(), "{answer}");
    }
    let reply =
        request(local.gateway.dial(), "POST", "/local/click", &[("Content-Type", "text/plain")], "{}").await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("Content-Type: application/json"), "{}", reply.body);
    for (method, path, part) in [
        ("GET", "/local/nothing?a=b", "there is no /local/nothing"),
        ("GET", "/local/click", "/local/click takes POST only"),
        ("GET", "/local/deliveries/1/replay", "takes POST only"),
        ("POST", "/local/connections", "takes GET only"),
    ] {
        let reply = request(local.gateway.dial(), method, path, &[], "").await;
        assert_eq!(reply.status, 404, "{method} {path}");
        assert!(reply.body.contains(part), "{method} {path}: {}", reply.body);
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_query_names_the_field_and_a_right_example() {
    let local = Local::start().await;
    for (path, field, part) in [
        ("deliveries?limit=x", "limit", "not a number"),
        ("deliveries?since=3", "since", "app_id, limit, after"),
        ("messages?chat=oc_1", "chat", "chat_id"),
        ("faults?limit=1", "limit", "no query"),
        ("stream?after=x", "after", "not the id"),
        ("stream?from=1", "from", "after"),
    ] {
        let (status, answer) = local.try_get(path).await;
        assert_eq!((status, answer["error"]["field"].as_str()), (400, Some(field)), "{path}: {answer}");
        assert!(answer["error"]["text"].as_str().unwrap().contains(part), "{path}: {answer}");
        let Some(example) = answer["error"]["example"].as_str() else {
            assert_eq!(path, "faults?limit=1", "{answer}");
            continue;
        };
        assert!(example.starts_with("/local/") && example.contains('='), "{answer}");
        if !path.starts_with("stream") {
            local.get(example.trim_start_matches("/local/")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_sites_and_those_without_the_token_are_refused() {
    let local = Local::start().await;
    for headers in [
        &[("Origin", "http://evil.example"), ("Content-Type", "application/json")][..],
        &[("Origin", "null"), ("Content-Type", "application/json")],
        &[("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/json")],
    ] {
        let reply = request(local.gateway.dial(), "POST", "/local/click", headers, "{}").await;
        assert_eq!(reply.status, 403, "{headers:?}");
    }
    assert!(local.gateway.log().iter().all(|entry| !entry.to_string().contains("->")), "nothing was pushed");
    // App id and secret are known, so that a page of another site could connect as a bot.
    for (method, path) in
        [("POST", "/callback/ws/endpoint"), ("GET", "/ws/v2"), ("GET", "/open-apis/bot/v3/info")]
    {
        let origin = [("Origin", "http://evil.example")];
        assert_eq!(request(local.gateway.dial(), method, path, &origin, "{}").await.status, 403, "{path}");
    }

    let gateway = Gateway::builder().in_memory().token("s3cret-token").start().await.unwrap();
    let get =
        async |path: &str, headers: &[(&str, &str)]| request(gateway.dial(), "GET", path, headers, "").await;
    for path in ["/", "/local/health", "/local/stream", "/local/openapi.json", "/?token=wrong"] {
        assert_eq!(get(path, &[]).await.status, 403, "{path}");
    }
    assert_eq!(get("/local/health", &[("Authorization", "Bearer s3cret-token")]).await.status, 200);
    let opened = get("/?token=s3cret-token", &[]).await;
    assert_eq!((opened.status, opened.headers["location"].as_str()), (303, "/"));
    let cookie = opened.headers["set-cookie"].split(';').next().unwrap().to_owned();
    let page = get("/", &[("Cookie", &cookie)]).await;
    assert_eq!(page.status, 200);
    assert!(page.headers["content-security-policy"].starts_with("default-src 'self'"));
}
