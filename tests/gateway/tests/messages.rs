//! Messages on the local platform: edited, recalled, reacted to, listed, forwarded, with uploads.

mod common;

use common::local::Local;
use common::{Reply, request};
use feishu_gateway::{Gateway, Value, json};

async fn token(gateway: &Gateway) -> String {
    let body = json!({"app_id": gateway.app_id(), "app_secret": gateway.app_secret()});
    let path = "/open-apis/auth/v3/tenant_access_token/internal";
    let reply = request(gateway.dial(), "POST", path, &[], &body.to_string()).await;
    reply.json()["tenant_access_token"].as_str().unwrap().to_owned()
}

async fn call_as(gateway: &Gateway, kind: &str, method: &str, path: &str, body: &str) -> Reply {
    let authorization = format!("Bearer {}", token(gateway).await);
    let headers = [("Authorization", &*authorization), ("Content-Type", kind)];
    request(gateway.dial(), method, &format!("/open-apis/im/v1/{path}"), &headers, body).await
}

async fn call(gateway: &Gateway, method: &str, path: &str, body: Value) -> Reply {
    call_as(gateway, "application/json", method, path, &body.to_string()).await
}

async fn send(gateway: &Gateway, kind: &str, content: Value) -> Value {
    let body = json!({"receive_id": "oc_1", "msg_type": kind, "content": content.to_string()});
    call(gateway, "POST", "messages?receive_id_type=chat_id", body).await.json()
}

async fn text(gateway: &Gateway, text: &str) -> String {
    let sent = send(gateway, "text", json!({"text": text})).await;
    sent["data"]["message_id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_text_can_be_edited_twenty_times_and_recalled_once() {
    let local = Local::start().await;
    let gateway = &local.gateway;
    let id = text(gateway, "first").await;
    let edit = async |id: &str| {
        let body = json!({"msg_type": "text", "content": "{\"text\":\"next\"}"});
        call(gateway, "PUT", &format!("messages/{id}"), body).await.code()
    };
    for _ in 0..20 {
        assert_eq!(edit(&id).await, 0);
    }
    assert_eq!(edit(&id).await, 230_072);
    assert_eq!(gateway.messages()[0].content, json!({"text": "next"}));
    let card = send(gateway, "interactive", json!({"elements": []})).await;
    assert_eq!(edit(card["data"]["message_id"].as_str().unwrap()).await, 230_054);
    let users = local.post("message", json!({"text": "mine", "repeat": false})).await;
    let users = users["open_message_id"].as_str().unwrap();
    assert_eq!(edit(users).await, 230_071);
    let recall = async |id: &str| call(gateway, "DELETE", &format!("messages/{id}"), json!({})).await.code();
    assert_eq!((recall(users).await, recall(&id).await, recall(&id).await), (230_026, 0, 230_011));
    assert_eq!(edit(&id).await, 230_011);
}

#[tokio::test(start_paused = true)]
async fn a_reaction_is_added_by_its_name_and_deleted_by_its_id() {
    let local = Local::start().await;
    let gateway = &local.gateway;
    let id = text(gateway, "hi").await;
    let add = async |emoji: &str| {
        let body = json!({"reaction_type": {"emoji_type": emoji}});
        call(gateway, "POST", &format!("messages/{id}/reactions"), body).await
    };
    assert_eq!((add("TYPING").await.code(), add("PROCESSING").await.code()), (231_001, 231_001));
    let added = add("Typing").await.json();
    let reaction = added["data"]["reaction_id"].as_str().unwrap();
    let shown = local.get(&format!("messages/{id}")).await;
    assert_eq!(shown["reactions"], json!(["Typing"]));
    let delete = async |reaction: &str| {
        call(gateway, "DELETE", &format!("messages/{id}/reactions/{reaction}"), json!({})).await.code()
    };
    assert_eq!(
        (delete("r-none").await, delete(reaction).await, delete(reaction).await),
        (231_010, 0, 231_010)
    );
    assert_eq!(local.get(&format!("messages/{id}")).await["reactions"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_chat_and_a_topic_are_listed_in_pages() {
    let local = Local::start().await;
    let gateway = &local.gateway;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(text(gateway, &number.to_string()).await);
    }
    let list = async |query: &str| call(gateway, "GET", &format!("messages?{query}"), json!({})).await.json();
    let ids_of = |page: &Value| -> Vec<String> {
        let items = page["data"]["items"].as_array().unwrap();
        items.iter().map(|item| item["message_id"].as_str().unwrap().to_owned()).collect()
    };
    let chat = "container_id_type=chat&container_id=oc_1&page_size=2";
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = list(&format!("{chat}{next}")).await;
        seen.extend(ids_of(&page));
        if page["data"]["has_more"] == json!(false) {
            break;
        }
        next = format!("&page_token={}", page["data"]["page_token"].as_str().unwrap());
    }
    assert_eq!(seen, ids);
    assert_eq!(ids_of(&list(&format!("{chat}&sort_type=ByCreateTimeDesc")).await), [&*ids[4], &*ids[3]]);

    let answer = json!({"msg_type": "text", "content": "{\"text\":\"inside\"}", "reply_in_thread": true});
    let reply = call(gateway, "POST", &format!("messages/{}/reply", ids[0]), answer).await.json();
    let topic = reply["data"]["thread_id"].as_str().unwrap();
    let inside = list(&format!("container_id_type=thread&container_id={topic}")).await;
    assert_eq!(ids_of(&inside), [&*ids[0], reply["data"]["message_id"].as_str().unwrap()]);
    assert_eq!(ids_of(&list("container_id_type=chat&container_id=oc_1").await).len(), 5, "the first only");
    for wrong in [
        "container_id_type=topic&container_id=x",
        "container_id_type=chat",
        &*format!("container_id_type=thread&container_id={topic}&start_time=1"),
        "container_id_type=chat&container_id=oc_1&page_size=51",
        "container_id_type=chat&container_id=oc_1&page_token=x",
    ] {
        assert_eq!(list(wrong).await["code"], 230_001, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_forward_is_read_with_the_messages_in_it() {
    let local = Local::start().await;
    let gateway = &local.gateway;
    let (one, two) = (text(gateway, "one").await, text(gateway, "two").await);
    let content = json!({"message_ids": [one, two]});
    let body = json!({"msg_type": "merge_forward", "content": content, "repeat": false});
    let forward = local.post("message", body).await;
    let forward = forward["open_message_id"].as_str().unwrap();
    let read = call(gateway, "GET", &format!("messages/{forward}"), json!({})).await.json();
    let items = read["data"]["items"].as_array().unwrap();
    assert_eq!(items[0]["body"]["content"], "Merged and Forwarded Message");
    let inside: Vec<_> = items[1..].iter().map(|it| (&it["message_id"], &it["upper_message_id"])).collect();
    let forward = json!(forward);
    assert_eq!(inside, [(&json!(one), &forward), (&json!(two), &forward)]);
}

#[tokio::test(start_paused = true)]
async fn uploads_are_checked_and_come_back_as_they_were() {
    let local = Local::start().await;
    let gateway = &local.gateway;
    let upload = async |path: &str, parts: &[(&str, &str)]| {
        let mut form = String::new();
        for (head, value) in parts {
            form.extend(["--b\r\nContent-Disposition: form-data; name=", head, "\r\n\r\n", value, "\r\n"]);
        }
        form += "--b--\r\n";
        call_as(gateway, "multipart/form-data; boundary=b", "POST", path, &form).await
    };
    let image = "\"image\"; filename=\"a.gif\"";
    let kind = ("\"image_type\"", "message");
    let gif = "GIF89a\r\n--not the end";
    for (parts, code) in [
        (&[kind, (image, "")][..], 234_010),
        (&[kind, (image, "no image")], 234_011),
        (&[(image, gif)], 234_001),
        (&[kind, ("\"image\"", gif)], 234_001),
    ] {
        assert_eq!(upload("images", parts).await.code(), code, "{parts:?}");
    }
    assert_eq!(call(gateway, "POST", "images", json!({})).await.code(), 234_001);
    let large = format!("GIF89a{}", "x".repeat(10 * 1024 * 1024));
    assert_eq!(upload("images", &[kind, (image, &large)]).await.code(), 234_006);
    let uploaded = upload("images", &[kind, (image, gif)]).await.json();
    let key = uploaded["data"]["image_key"].as_str().unwrap();
    let sent = send(gateway, "image", json!({"image_key": key})).await;
    let id = sent["data"]["message_id"].as_str().unwrap();
    let back = call(gateway, "GET", &format!("messages/{id}/resources/{key}?type=image"), json!({})).await;
    assert_eq!((&*back.body, &*back.headers["content-type"]), (gif, "image/gif"));

    let file = "\"file\"; filename=\"a.mp4\"";
    let name = ("\"file_name\"", "a.mp4");
    let video = upload("files", &[("\"file_type\"", "mp4"), name, (file, "video")]).await.json();
    let key = video["data"]["file_key"].as_str().unwrap();
    assert_eq!(send(gateway, "file", json!({"file_key": key})).await["code"], 230_055);
    assert_eq!(send(gateway, "media", json!({"file_key": key})).await["code"], 0);
    assert_eq!(upload("files", &[("\"file_type\"", "exe"), name, (file, "x")]).await.code(), 234_001);
}

#[tokio::test(start_paused = true)]
async fn a_card_with_more_than_five_tables_is_refused_with_the_code_inside() {
    let local = Local::start().await;
    let table = "a|b\n|---|---|\n1|2\n\n";
    let card = |count: usize| {
        let text = format!("```\n{table}```\n{}", table.repeat(count));
        json!({"schema": "2.0", "body": {"elements": [{"tag": "table"}, {"tag": "markdown", "content": text}]}})
    };
    assert_eq!(send(&local.gateway, "interactive", card(4)).await["code"], 0);
    let refused = send(&local.gateway, "interactive", card(5)).await;
    assert_eq!(refused["code"], 230_099);
    assert!(refused["msg"].as_str().unwrap().contains("ErrCode: 11310"), "{refused}");
}
