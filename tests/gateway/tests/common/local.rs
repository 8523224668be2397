//! A client of the interface that checks each answer against the description.

use feishu_gateway::{Gateway, Value, json};

use super::schema::{description, differences};
use super::{Reply, request};

/// The interface of one gateway.
pub(crate) struct Local {
    pub(crate) gateway: Gateway,
    description: Value,
}

impl Local {
    pub(crate) async fn start() -> Self {
        Self::of(Gateway::builder().in_memory().interface().start().await.unwrap())
    }

    pub(crate) fn of(gateway: Gateway) -> Self {
        Self { gateway, description: description() }
    }

    /// A GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.try_get(path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn try_get(&self, path: &str) -> (u16, Value) {
        let reply = request(self.gateway.dial(), "GET", &format!("/local/{path}"), &[], "").await;
        self.checked("GET", path, &reply);
        (reply.status, reply.json())
    }

    /// A POST that must succeed.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_post(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A POST that must be refused: the field and the reason.
    pub(crate) async fn wrong(&self, path: &str, body: Value) -> (String, String) {
        let (status, answer) = self.try_post(path, body).await;
        assert_eq!(status, 400, "{path}: {answer}");
        let text = |name: &str| answer["error"][name].as_str().unwrap_or_default().to_owned();
        (text("field"), text("text"))
    }

    pub(crate) async fn try_post(&self, path: &str, body: Value) -> (u16, Value) {
        let headers = [("Content-Type", "application/json")];
        let reply =
            request(self.gateway.dial(), "POST", &format!("/local/{path}"), &headers, &body.to_string())
                .await;
        self.checked("POST", path, &reply);
        (reply.status, reply.json())
    }

    fn checked(&self, method: &str, path: &str, reply: &Reply) {
        let path = path.split('?').next().unwrap();
        let parts: Vec<&str> = path.split('/').collect();
        let described = match parts.as_slice() {
            ["deliveries", _] => "deliveries/{id}".to_owned(),
            ["deliveries", _, "replay"] => "deliveries/{id}/replay".to_owned(),
            ["messages", _] => "messages/{message_id}".to_owned(),
            ["messages", _, "recall"] => "messages/{message_id}/recall".to_owned(),
            _ => path.to_owned(),
        };
        let described = format!("/local/{described}");
        let found = differences(&self.description, method, &described, reply.status, &reply.json());
        assert!(found.is_empty(), "{method} {described} differs from openapi.json: {found:#?}");
    }

    /// The events behind an id that are there now, as (name, data).
    pub(crate) async fn events(&self, after: u64) -> Vec<(String, Value)> {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = self.gateway.dial();
        let text = format!("GET /local/stream?after={after} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        // All pieces that are there come before the first heartbeat.
        let pause = std::time::Duration::from_secs(10);
        while let Ok(Ok(count)) = tokio::time::timeout(pause, stream.read_buf(&mut read)).await {
            if count == 0 {
                break;
            }
        }
        let text = String::from_utf8(read).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let events = body.split("\n\n").filter(|event| event.starts_with("id: "));
        let field = |event: &str, name: &str| {
            event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
        };
        events
            .map(|event| {
                (
                    field(event, "event: "),
                    serde_json::from_str(&field(event, "data: ")).unwrap_or(json!(null)),
                )
            })
            .collect()
    }
}
