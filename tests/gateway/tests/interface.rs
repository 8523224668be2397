//! The interface under `/local/`: what it answers, and that its description is true.

mod common;

use std::time::Duration;

use common::local::Local;
use common::{Client, event_of, payload, request};
use feishu_gateway::{Gateway, Value, json};

/// A gateway with a connected client.
async fn connected() -> (Local, Client) {
    let local = Local::start().await;
    let client = Client::connect(&local.gateway).await;
    local.gateway.connected(1).await;
    (local, client)
}

fn toast() -> Value {
    json!({"toast": {"type": "success", "content": "Saved", "i18n": {"zh_cn": "已保存"}}})
}

#[tokio::test(start_paused = true)]
async fn every_get_of_the_description_answers_as_described() {
    let (local, mut client) = connected().await;
    client.ping().await;
    let (_, _) = tokio::join!(local.post("click", json!({"name": "approve"})), client.answer(toast()));
    local.post("card", json!({"card": {"elements": []}})).await;
    for path in [
        "health",
        "openapi.json",
        "snapshot",
        "cards",
        "events",
        "people",
        "chats",
        "connections",
        "deliveries",
        "deliveries/1",
        "messages",
        "findings",
        "calls",
        "apps",
        "faults",
    ] {
        local.get(path).await;
    }
    let description = local.get("openapi.json").await;
    let gets = description["paths"].as_object().unwrap().values().filter(|path| path.get("get").is_some());
    assert_eq!(gets.count(), 15 + 2, "all but the stream and one message are asked for above");
}

#[tokio::test(start_paused = true)]
async fn click_waits_for_the_answer_and_judges_it() {
    let (local, mut client) = connected().await;
    let click = json!({"name": "approve", "value": {"order": 42}, "user": "chen"});
    let (outcome, push) = tokio::join!(local.post("click", click), client.answer(toast()));
    assert_eq!((&outcome["code"], &outcome["data"]), (&json!(200), &toast()));
    assert_eq!(outcome["verdict"]["kind"], "toast");
    assert_eq!(outcome["verdict"]["toast"]["i18n"]["zh_cn"], "已保存");
    assert_eq!((&outcome["connection"], &outcome["handler_ms"]), (&json!(1), &json!(1.0)));
    let event = &event_of(&push)["event"];
    assert_eq!(event["action"], json!({"tag": "button", "name": "approve", "value": {"order": 42}}));
    let operator = event["operator"].as_object().unwrap();
    assert!(!operator.contains_key("user_id"), "without the scope: {operator:?}");
    let people = local.get("people").await;
    assert_eq!(operator["open_id"], people[1]["open_id"]);
}

#[tokio::test(start_paused = true)]
async fn click_without_a_client_or_an_answer_is_200341_with_its_own_remedy() {
    let local = Local::start().await;
    let outcome = local.post("click", json!({"name": "approve"})).await;
    assert_eq!((&outcome["verdict"]["code"], &outcome["connection"]), (&json!(200_341), &Value::Null));
    let remedy = outcome["verdict"]["remedy"]["en"].as_str().unwrap();
    assert!(remedy.contains("Start the bot"), "{remedy}");
    assert_eq!(local.get("deliveries/1").await["state"], "not_connected");

    let _client = Client::connect(&local.gateway).await;
    local.gateway.connected(1).await;
    let outcome = local.post("click", json!({"name": "approve"})).await;
    assert_eq!((&outcome["verdict"]["code"], &outcome["connection"]), (&json!(200_341), &json!(1)));
    assert!(outcome["verdict"]["cause"]["zh"].as_str().unwrap().contains("3 秒"));
    assert_eq!(local.get("deliveries").await[1]["state"], "unanswered");
}

#[tokio::test(start_paused = true)]
async fn raw_callback_is_judged_as_a_callback() {
    let (local, mut client) = connected().await;
    let callback =
        json!({"payload": {"schema": "2.0", "header": {"event_type": "card.action.trigger"}, "event": {}}});
    let answer = client.answer(json!({"toast": {"type": "loud"}}));
    let (outcome, _) = tokio::join!(local.post("raw", callback), answer);
    assert_eq!((&outcome["code"], &outcome["verdict"]["code"]), (&json!(200), &json!(200_672)));
    let event =
        json!({"payload": {"schema": "2.0", "header": {"event_type": "a.b"}, "event": {}}, "fragments": 3});
    let (outcome, _) = tokio::join!(local.post("raw", event), async {
        for _ in 0..2 {
            client.push().await;
        }
        client.answer(json!({})).await
    });
    assert_eq!(outcome["verdict"]["kind"], "done");
}

#[tokio::test(start_paused = true)]
async fn message_carries_mentions_and_can_be_read_back() {
    let (local, mut client) = connected().await;
    let group = local.get("chats").await[0]["chat_id"].clone();
    let message = json!({"text": "@bot ask @Chen Yu", "chat_id": group});
    let (outcome, push) = tokio::join!(local.post("message", message), client.answer(json!({})));
    assert_eq!(outcome["verdict"]["kind"], "done");
    let event = &event_of(&push)["event"]["message"];
    assert_eq!(event["content"], "{\"text\":\"@_user_1 ask @_user_2\"}");
    assert_eq!(event["mentions"][0]["id"]["open_id"], local.gateway.bot_open_id());
    assert_eq!((&event["chat_type"], &event["chat_id"]), (&json!("group"), &group));
    let id = outcome["open_message_id"].as_str().unwrap();
    let read = local.get(&format!("messages/{id}")).await;
    assert_eq!(read["text"], "@Local bot ask @Chen Yu");
    assert_eq!(read["sender"]["type"], "user");
    assert!(local.gateway.messages().is_empty(), "it is none of the bot's");
}

#[tokio::test(start_paused = true)]
async fn stream_resumes_behind_an_event_and_snapshot_says_where() {
    let (local, mut client) = connected().await;
    let snapshot = local.get("snapshot").await;
    let last = snapshot["last_event"].as_u64().unwrap();
    assert_eq!(snapshot["connections"][0]["state"], "live");
    let (outcome, _) = tokio::join!(local.post("click", json!({"name": "approve"})), client.answer(toast()));
    let events = local.events(last).await;
    let states: Vec<&Value> =
        events.iter().filter(|(name, _)| name == "delivery").map(|(_, data)| &data["state"]).collect();
    assert_eq!(states, ["waiting", "answered"]);
    assert_eq!(events.last().unwrap().1["id"], outcome["delivery"]);
    local.post("reset", json!({})).await;
    let names: Vec<String> = local.events(last).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.last().map(String::as_str), Some("reset"));
    assert_eq!(local.get("deliveries").await, json!([]));
    assert_eq!(local.events(last + 1000).await[0].0, "missed", "an id of another run");
}

#[tokio::test(start_paused = true)]
async fn delivery_shows_frames_without_tokens_and_texts_to_copy() {
    let (local, mut client) = connected().await;
    let click = json!({"name": "approve", "value": {"order": 42}});
    let (_, push) = tokio::join!(local.post("click", click.clone()), client.answer(toast()));
    let token = event_of(&push)["event"]["token"].as_str().unwrap().to_owned();
    let detail = local.get("deliveries/1").await;
    assert!(!detail.to_string().contains(&token), "the token of the callback is hidden");
    assert!(!detail.to_string().contains("local-verification-token"));
    assert_eq!(detail["frames"][0]["direction"], "to_client");
    assert_eq!(detail["frames"][1]["json"]["code"], 200);
    assert_eq!(detail["request"], json!({"path": "/local/click", "body": click}));
    let rust = detail["as_test"]["rust"].as_str().unwrap();
    assert!(
        rust.contains("Click::component(\"button\", \"approve\")") && rust.contains("a toast (success)"),
        "{rust}"
    );

    let (again, push) = tokio::join!(local.post("deliveries/1/replay", json!({})), client.answer(json!({})));
    assert_eq!(again["delivery"], 2);
    assert_eq!(event_of(&push)["event"]["action"]["value"], json!({"order": 42}));
    let same = json!({"same_event_id": true});
    let (same, _) = tokio::join!(local.post("deliveries/2/replay", same), client.answer(json!({})));
    assert_eq!(same["event_id"], again["event_id"]);
}

#[tokio::test(start_paused = true)]
async fn failed_event_climbs_the_ladder_on_a_fast_clock() {
    let gateway = Gateway::builder().in_memory().interface().clock(60.0).start().await.unwrap();
    let local = Local::of(gateway);
    let mut client = Client::connect(&local.gateway).await;
    local.gateway.connected(1).await;
    let answer = async |client: &mut Client, code| {
        let push = client.push().await;
        client.send_frame(&push.clone().into_answer(payload(code, None), 0)).await;
        event_of(&push)["header"]["event_id"].clone()
    };
    let event = json!({"type": "a.b_v1"});
    let (outcome, first) = tokio::join!(local.post("event", event), answer(&mut client, 500));
    assert_eq!(outcome["verdict"]["kind"], "again");
    let begun = tokio::time::Instant::now();
    let mut times = Vec::new();
    for code in [500, 500, 200] {
        let again = answer(&mut client, code).await;
        assert_eq!(again, first, "under the same event_id");
        times.push(begun.elapsed().as_millis());
    }
    assert_eq!(times, [250, 250 + 5_000, 250 + 5_000 + 60_000], "15 s, 5 min and 1 h, sixty times faster");
    tokio::time::sleep(Duration::from_secs(400)).await;
    let rows = local.get("deliveries").await;
    let attempts: Vec<&Value> = rows.as_array().unwrap().iter().map(|row| &row["attempt"]).collect();
    assert_eq!(attempts, [1, 2, 3, 4], "and no fifth after it was acknowledged");
    assert!(rows.as_array().unwrap().iter().all(|row| row["next_attempt_at"].is_null()));
    assert_eq!(rows[3]["first"], 1);
}

#[tokio::test(start_paused = true)]
async fn several_apps_have_their_own_connections_and_settings() {
    let (local, mut first) = connected().await;
    let app = json!({"app_id": "cli_two", "app_secret": "two", "settings": {"PingInterval": 7}, "max_connections": 1,
        "people": [{"key": "eva", "name": {"en": "Eva", "zh": "伊娃"}}], "without_ids": ["union_id", "user_id"]});
    let answer = local.post("apps", app).await;
    assert_eq!(answer["settings"]["PingInterval"], 7);
    let reply = common::endpoint(&local.gateway, "cli_two", "two").await.json();
    assert_eq!(reply["data"]["ClientConfig"]["PingInterval"], 7);
    let url = reply["data"]["URL"].as_str().unwrap();
    let mut second = Client::handshake(&local.gateway, url).await.unwrap();
    local.gateway.connected(2).await;

    let click = json!({"name": "a", "app_id": "cli_two"});
    let (outcome, push) = tokio::join!(local.post("click", click), second.answer(json!({})));
    assert_eq!(outcome["connection"], 2);
    let ids: Vec<String> =
        event_of(&push)["event"]["operator"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(ids, ["open_id", "tenant_key"]);
    let (outcome, _) = tokio::join!(local.post("click", json!({"name": "a"})), first.answer(json!({})));
    assert_eq!(outcome["connection"], 1);
    let reply = common::endpoint(&local.gateway, "cli_two", "two").await.json();
    let url = reply["data"]["URL"].as_str().unwrap();
    assert!(Client::handshake(&local.gateway, url).await.is_err(), "its limit is 1");
}

#[tokio::test(start_paused = true)]
async fn faults_hit_whom_they_name_and_heal() {
    let (local, mut client) = connected().await;
    let _other = Client::connect(&local.gateway).await;
    local.gateway.connected(2).await;
    local.post("faults", json!({"fault": "cut", "connection": 2})).await;
    let ended = local.gateway.seen(|entry| matches!(entry.seen, feishu_gateway::Seen::Ended { .. })).await;
    assert_eq!(ended.connection.map(|id| id.to_string()).as_deref(), Some("#2"));

    let active = local.post("faults", json!({"fault": "slow", "delay_ms": 2000, "times": 1})).await;
    assert_eq!((&active[0]["fault"], &active[0]["left"]), (&json!("slow"), &json!(1)));
    let (outcome, _) = tokio::join!(local.post("click", json!({"name": "a"})), client.answer(json!({})));
    assert_eq!(outcome["elapsed_ms"], 2000.0, "the 3 s run from the push on");

    let script =
        json!({"seed": 7, "script": [{"fault": "unpublished"}, {"fault": "no_pongs", "probability": 0.5}]});
    assert_eq!(local.post("faults", script).await.as_array().unwrap().len(), 2);
    let (_, push) = tokio::join!(local.post("click", json!({"name": "a"})), client.answer(json!({})));
    assert_eq!(push.kind().as_str(), "card");
    assert_eq!(local.post("heal", json!({})).await, json!([]));
    let (_, push) = tokio::join!(local.post("click", json!({"name": "a"})), client.answer(json!({})));
    assert_eq!(push.kind().as_str(), "event");
}

#[tokio::test(start_paused = true)]
async fn fault_that_is_used_up_or_healed_is_announced_as_over() {
    let (local, mut client) = connected().await;
    let last = local.get("snapshot").await["last_event"].as_u64().unwrap();
    local.post("faults", json!({"fault": "unpublished", "times": 1})).await;
    local.post("faults", json!({"fault": "no_pongs"})).await;
    tokio::join!(local.post("click", json!({"name": "a"})), client.answer(json!({})));
    local.post("heal", json!({})).await;
    let events = local.events(last).await;
    let faults = events.iter().filter(|(name, _)| name == "fault");
    let seen: Vec<(&Value, &Value)> = faults.map(|(_, it)| (&it["fault"], &it["left"])).collect();
    let wanted = [
        ("unpublished", json!(1)),
        ("no_pongs", Value::Null),
        ("unpublished", json!(0)),
        ("no_pongs", json!(0)),
    ];
    assert_eq!(seen.len(), wanted.len(), "{seen:?}");
    for ((fault, left), (name, wanted)) in seen.into_iter().zip(wanted) {
        assert_eq!((fault, left), (&json!(name), &wanted));
    }
}

#[tokio::test(start_paused = true)]
async fn event_that_is_answered_after_the_request_ended_is_not_repeated() {
    let (local, mut client) = connected().await;
    let outcome = local.post("event", json!({"type": "a.b_v1", "wait_ms": 1})).await;
    assert_eq!((&outcome["code"], &outcome["next_attempt_at"]), (&Value::Null, &Value::Null));
    client.answer(json!({})).await;
    tokio::time::sleep(Duration::from_secs(8 * 3600)).await;
    let rows = local.get("deliveries").await;
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["state"]), (1, &json!("answered")));
}

#[tokio::test(start_paused = true)]
async fn repeated_cut_ends_every_new_connection_until_healed() {
    let local = Local::start().await;
    local.post("faults", json!({"fault": "cut", "every_ms": 1000, "times": 2})).await;
    for _ in 0..1 {
        let _client = Client::connect(&local.gateway).await;
        local.gateway.connected(1).await;
        local.gateway.connected(0).await;
    }
    let _client = Client::connect(&local.gateway).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(local.gateway.connections().len(), 1, "it was two times");
    assert_eq!(local.get("faults").await, json!([]));
}

#[tokio::test(start_paused = true)]
async fn favicon_that_a_browser_asks_for_is_no_call_of_a_client() {
    let local = Local::start().await;
    assert_eq!(request(local.gateway.dial(), "GET", "/favicon.ico", &[], "").await.status, 204);
    assert_eq!(local.get("calls").await, json!([]));
}

#[tokio::test(start_paused = true)]
async fn gateway_without_the_interface_has_none() {
    let gateway = common::in_memory().await;
    for path in ["/", "/local/health", "/local/stream"] {
        assert_eq!(request(gateway.dial(), "GET", path, &[], "").await.status, 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_is_bounded_and_says_so() {
    let gateway = Gateway::builder().in_memory().keep(3).start().await.unwrap();
    let local = Local::of(gateway);
    for _ in 0..5 {
        local.post("click", json!({"name": "a"})).await;
    }
    let snapshot = local.get("snapshot").await;
    assert_eq!(snapshot["kept"]["deliveries"], json!({"limit": 3, "forgotten": 2}));
    let ids: Vec<&Value> = snapshot["deliveries"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, [3, 4, 5]);
    let reply = request(local.gateway.dial(), "GET", "/local/deliveries/1", &[], "").await;
    assert_eq!(reply.status, 404);
}

#[tokio::test(start_paused = true)]
async fn event_sends_a_sample_by_its_type_with_what_is_changed() {
    let (local, mut client) = connected().await;
    let event =
        json!({"type": "contact.user.created_v3", "sample": true, "event": {"object": {"name": "Ann"}}});
    let (outcome, push) = tokio::join!(local.post("event", event), client.answer(json!({})));
    assert_eq!(outcome["verdict"]["kind"], "done");
    let payload = event_of(&push);
    assert_eq!(payload["event"]["object"]["name"], "Ann");
    assert_eq!(payload["event"]["object"]["join_time"], "1608725989000");
    let (_, push) = tokio::join!(
        local.post("event", json!({"type": "add_bot", "sample": true})),
        client.answer(json!({}))
    );
    let payload = event_of(&push);
    assert_eq!((&payload["type"], &payload["event"]["type"]), (&json!("event_callback"), &json!("add_bot")));
    let (field, text) = local.wrong("event", json!({"type": "a.b_v1", "sample": true})).await;
    assert!(field == "type" && text.contains("/local/events"), "{text}");
}
