//! Card entities on the local platform: creation, their elements and streamed text.

mod common;

use std::time::Duration;

use common::local::Local;
use common::{Client, request};
use feishu_gateway::{Value, json};

struct Bot {
    local: Local,
    token: String,
    sequence: u32,
}

impl Bot {
    async fn start() -> Self {
        let local = Local::start().await;
        let body = json!({"app_id": local.gateway.app_id(), "app_secret": local.gateway.app_secret()});
        let path = "/open-apis/auth/v3/tenant_access_token/internal";
        let reply = request(local.gateway.dial(), "POST", path, &[], &body.to_string()).await;
        let token = reply.json()["tenant_access_token"].as_str().unwrap().to_owned();
        Self { local, token, sequence: 0 }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("Authorization", &*authorization)];
        let path = format!("/open-apis/{path}");
        request(self.local.gateway.dial(), method, &path, &headers, &body.to_string()).await.json()
    }

    /// A change of a card under the next number; its code.
    async fn change(&mut self, method: &str, path: &str, mut body: Value) -> i64 {
        self.sequence += 1;
        body["sequence"] = self.sequence.into();
        let answer = self.call(method, &format!("cardkit/v1/cards/{path}"), body).await;
        answer["code"].as_i64().unwrap()
    }

    async fn create(&self, card: &Value) -> String {
        let body = json!({"type": "card_json", "data": card.to_string()});
        let answer = self.call("POST", "cardkit/v1/cards", body).await;
        assert_eq!(answer["code"], 0, "{answer}");
        answer["data"]["card_id"].as_str().unwrap().to_owned()
    }

    /// Sends an entity; the id of the message.
    async fn send(&self, card_id: &str) -> Value {
        let content = json!({"type": "card", "data": {"card_id": card_id}}).to_string();
        let body = json!({"receive_id": "ou_1", "msg_type": "interactive", "content": content});
        self.call("POST", "im/v1/messages?receive_id_type=open_id", body).await
    }
}

fn card() -> Value {
    json!({"schema": "2.0", "config": {"streaming_mode": true}, "body": {"elements": [
        {"tag": "markdown", "element_id": "answer", "content": " "},
        {"tag": "button", "element_id": "stop", "name": "stop", "behaviors": [{"type": "callback"}]},
    ]}})
}

#[tokio::test(start_paused = true)]
async fn streamed_text_appears_in_the_message_as_it_comes() {
    let mut bot = Bot::start().await;
    let id = bot.create(&card()).await;
    let sent = bot.send(&id).await;
    let message_id = sent["data"]["message_id"].as_str().unwrap().to_owned();
    let last = bot.local.get("snapshot").await["last_event"].as_u64().unwrap();
    for text in ["Hel", "Hello", "Hello, world"] {
        assert_eq!(
            bot.change("PUT", &format!("{id}/elements/answer/content"), json!({"content": text})).await,
            0
        );
    }
    let off = json!({"settings": json!({"config": {"streaming_mode": false}}).to_string()});
    assert_eq!(bot.change("PATCH", &format!("{id}/settings"), off).await, 0);
    let events = bot.local.events(last).await;
    let shown: Vec<(&Value, &Value)> = events
        .iter()
        .filter(|(name, _)| name == "message")
        .map(|(_, it)| (&it["content"]["body"]["elements"][0]["content"], &it["streaming"]))
        .collect();
    let wanted = [("Hel", true), ("Hello", true), ("Hello, world", true), ("Hello, world", false)];
    assert_eq!(
        shown,
        wanted.map(|(text, on)| (json!(text), json!(on))).iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
    assert_eq!(bot.local.get(&format!("messages/{message_id}")).await["changed_by"], "card_kit");
    assert_eq!(bot.send(&id).await["code"], 230_099, "an entity is sent once");
    let answer = bot.call("POST", "cardkit/v1/cards/id_convert", json!({"message_id": message_id})).await;
    assert_eq!(answer["data"]["card_id"], *id);
}

#[tokio::test(start_paused = true)]
async fn elements_are_added_changed_and_removed() {
    let mut bot = Bot::start().await;
    let id = bot.create(&card()).await;
    let message = bot.send(&id).await["data"]["message_id"].as_str().unwrap().to_owned();
    let hr = |id: &str| json!({"tag": "hr", "element_id": id});
    let add = json!({"type": "insert_before", "target_element_id": "stop", "elements": json!([hr("line")]).to_string()});
    assert_eq!(bot.change("POST", &format!("{id}/elements"), add).await, 0);
    let patch = json!({"partial_element": json!({"disabled": true}).to_string()});
    assert_eq!(bot.change("PATCH", &format!("{id}/elements/stop"), patch).await, 0);
    let put =
        json!({"element": json!({"tag": "markdown", "element_id": "answer", "content": "new"}).to_string()});
    assert_eq!(bot.change("PUT", &format!("{id}/elements/answer"), put).await, 0);
    let batch = json!({"actions": json!([
        {"action": "delete_elements", "params": {"element_ids": ["line"]}},
        {"action": "add_elements", "params": {"type": "append", "elements": [hr("end")]}},
        {"action": "partial_update_setting", "params": {"settings": {"config": {"summary": {"content": "x"}}}}},
    ]).to_string()});
    assert_eq!(bot.change("POST", &format!("{id}/batch_update"), batch).await, 0);
    assert_eq!(bot.change("DELETE", &format!("{id}/elements/end"), json!({})).await, 0);
    let shown = bot.local.gateway.card(&message).unwrap();
    assert_eq!(
        shown["body"]["elements"],
        json!([
            {"tag": "markdown", "element_id": "answer", "content": "new"},
            {"tag": "button", "element_id": "stop", "name": "stop", "behaviors": [{"type": "callback"}], "disabled": true},
        ])
    );
    assert_eq!(shown["config"]["summary"]["content"], "x");
    let whole = json!({"card": {"type": "card_json", "data": card().to_string()}});
    assert_eq!(bot.change("PUT", &id, whole).await, 0);
    assert_eq!(bot.local.gateway.card(&message), Some(card()));
}

#[tokio::test(start_paused = true)]
async fn wrong_changes_have_the_documented_codes() {
    let mut bot = Bot::start().await;
    let id = bot.create(&card()).await;
    let element = |json: Value| json!({"element": json.to_string()});
    for (method, path, body, code) in [
        ("PUT", format!("{id}/elements/none"), element(json!({"tag": "hr"})), 300_313),
        ("PATCH", format!("{id}/elements/stop"), json!({"partial_element": "{\"tag\":\"hr\"}"}), 300_312),
        ("PUT", format!("{id}/elements/stop/content"), json!({"content": "x"}), 300_310),
        ("PUT", format!("{id}/elements/answer/content"), json!({"content": ""}), 10_002),
        (
            "PUT",
            format!("{id}/elements/answer"),
            element(json!({"tag": "hr", "element_id": "stop"})),
            300_301,
        ),
        ("DELETE", format!("{id}/elements/none"), json!({}), 300_314),
        (
            "POST",
            format!("{id}/elements"),
            json!({"type": "insert_after", "target_element_id": "none", "elements": "[]"}),
            300_315,
        ),
        ("PATCH", format!("{id}/settings"), json!({"settings": "{"}), 200_220),
        ("PATCH", "7300000000000000009/settings".into(), json!({"settings": "{}"}), 200_740),
    ] {
        assert_eq!(bot.change(method, &path, body.clone()).await, code, "{method} {path} {body}");
    }
    let many: Vec<Value> = (0..200).map(|_| json!({"tag": "hr"})).collect();
    let add = json!({"type": "append", "elements": json!(many).to_string()});
    assert_eq!(bot.change("POST", &format!("{id}/elements"), add).await, 300_305);
    let content = json!({"content": "again", "sequence": 1});
    let path = format!("cardkit/v1/cards/{id}/elements/answer/content");
    assert_eq!(bot.call("PUT", &path, content).await["code"], 300_317, "the number did not rise");
    let uuid = json!({"content": "once", "uuid": "u"});
    assert_eq!(bot.change("PUT", &format!("{id}/elements/answer/content"), uuid.clone()).await, 0);
    assert_eq!(bot.change("PUT", &format!("{id}/elements/answer/content"), uuid).await, 200_770);
    let old = json!({"type": "card_json", "data": "{\"elements\":[]}"});
    assert_eq!(bot.call("POST", "cardkit/v1/cards", old).await["code"], 300_303);
}

#[tokio::test(start_paused = true)]
async fn streaming_ends_after_ten_minutes_and_can_be_switched_on_again() {
    let mut bot = Bot::start().await;
    let id = bot.create(&card()).await;
    let path = format!("{id}/elements/answer/content");
    tokio::time::sleep(Duration::from_secs(600)).await;
    // The token still lives.
    assert_eq!(bot.change("PUT", &path, json!({"content": "late"})).await, 200_850);
    assert_eq!(bot.change("PUT", &path, json!({"content": "late"})).await, 300_309);
    let on = json!({"settings": json!({"config": {"streaming_mode": true}}).to_string()});
    assert_eq!(bot.change("PATCH", &format!("{id}/settings"), on).await, 0);
    assert_eq!(bot.change("PUT", &path, json!({"content": "late, but here"})).await, 0);
}

#[tokio::test(start_paused = true)]
async fn card_cannot_be_changed_while_a_click_on_it_waits() {
    let mut bot = Bot::start().await;
    let mut client = Client::connect(&bot.local.gateway).await;
    bot.local.gateway.connected(1).await;
    let id = bot.create(&card()).await;
    bot.send(&id).await;
    let path = format!("{id}/elements/answer/content");
    let gateway = bot.local.gateway.clone();
    let click = tokio::spawn(async move {
        let headers = [("Content-Type", "application/json")];
        request(gateway.dial(), "POST", "/local/click", &headers, "{\"name\":\"stop\"}").await.json()
    });
    let push = client.push().await;
    assert_eq!(bot.change("PUT", &path, json!({"content": "too early"})).await, 200_810);
    client.send_frame(&push.into_answer(common::payload(200, Some(json!({}))), 0)).await;
    assert_eq!(click.await.unwrap()["verdict"]["kind"], "nothing");
    assert_eq!(bot.change("PUT", &path, json!({"content": "now"})).await, 0);
}

#[tokio::test(start_paused = true)]
async fn card_of_a_template_is_shown_with_its_variables_and_has_no_elements_here() {
    let mut bot = Bot::start().await;
    let template = |data: Value| json!({"type": "template", "data": data.to_string()});
    let no_id = bot.call("POST", "cardkit/v1/cards", template(json!({"template_variable": {}}))).await;
    assert_eq!(no_id["code"], 10_002, "{no_id}");
    let data = json!({"template_id": "AAqk1", "template_variable": {"name": "Ann"}});
    let made = bot.call("POST", "cardkit/v1/cards", template(data.clone())).await;
    let id = made["data"]["card_id"].as_str().unwrap().to_owned();
    let sent = bot.send(&id).await;
    let shown = bot.local.gateway.messages().pop().unwrap();
    assert_eq!(sent["data"]["message_id"], shown.message_id);
    assert_eq!(shown.content, json!({"type": "template", "data": data}));
    let on = json!({"settings": json!({"config": {"streaming_mode": true}}).to_string()});
    assert_eq!(bot.change("PATCH", &format!("{id}/settings"), on).await, 0);
    let text = json!({"content": "Tea"});
    assert_eq!(bot.change("PUT", &format!("{id}/elements/answer/content"), text).await, 300_313);
    let whole = json!({"card": {"type": "card_json", "data": card().to_string()}});
    assert_eq!(bot.change("PUT", &id, whole).await, 0);
}
