//! The webhook of the example, with the same dispatcher as everything else.

#[path = "../examples/webhook/transport.rs"]
mod transport;

use std::time::{SystemTime, UNIX_EPOCH};

use feishu_callbacks::webhook::{EncryptKey, Webhook};
use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::{Client, Dispatcher};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use transport::WebhookServer;

const KEY: &str = "an encrypt key";
const TOKEN: &str = "a token";

async fn post(
    address: std::net::SocketAddr,
    payload: &Value,
    nonce: &str,
    signature: Option<&str>,
) -> (u16, Value) {
    let key = EncryptKey::from(KEY);
    let body = key.seal(payload.to_string().as_bytes(), [3; 16]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let signature = signature.map_or_else(|| key.sign(&now, nonce, body.as_bytes()), str::to_owned);
    let request = Request::post("/")
        .header("x-lark-request-timestamp", now)
        .header("x-lark-request-nonce", nonce)
        .header("x-lark-signature", signature)
        .body(Full::<Bytes>::from(body))
        .unwrap();
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn webhook_answers_challenges_and_clicks_and_refuses_forgeries() {
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _| async move {
            let name = click.event.action.name.ok_or("no name")?;
            Ok(CardReply::toast(Toast::success(name)))
        })
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = WebhookServer::new(listener, Webhook::new(KEY, TOKEN).unwrap());
    let client = Client::with_transport(server).dispatcher(dispatcher).build().unwrap();
    let (stop, signal) = oneshot::channel::<()>();
    let running = tokio::spawn(client.run_until(signal));

    let challenge = json!({ "type": "url_verification", "token": TOKEN, "challenge": "say this" });
    assert_eq!(post(address, &challenge, "n0", None).await, (200, json!({ "challenge": "say this" })));
    let click = |id: &str, action: Value| {
        let header = json!({ "event_id": id, "event_type": "card.action.trigger", "token": TOKEN });
        json!({ "schema": "2.0", "header": header, "event": { "action": action } })
    };
    let approve = click("e1", json!({ "name": "approve" }));
    let toast = json!({ "toast": { "type": "success", "content": "approve" } });
    assert_eq!(post(address, &approve, "n1", None).await, (200, toast.clone()));
    assert_eq!(post(address, &approve, "n2", None).await, (200, toast), "a repeat gets the same");
    assert_eq!(post(address, &click("e2", json!({})), "n3", None).await.0, 500, "the handler failed");
    assert_eq!(post(address, &approve, "n4", Some("00")).await.0, 401);

    stop.send(()).unwrap();
    let report = running.await.unwrap().unwrap();
    let outcomes = report.stats.outcomes;
    // The challenge is answered by the server itself, before the dispatcher.
    assert_eq!((outcomes.answered, outcomes.duplicate, outcomes.failed), (1, 1, 1));
    assert!(TcpStream::connect(address).await.is_err(), "the server no longer listens");
}
