//! The webhook of the example, with the same dispatcher as everything else.

#[path = "../examples/webhook/sealed.rs"]
mod sealed;
#[path = "../examples/webhook/transport.rs"]
mod transport;

use feishu_callbacks::webhook::UrlVerification;
use feishu_callbacks::{CardActionTrigger, CardReply, Envelope, Toast};
use feishu_runtime::{Client, Dispatcher};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sealed::EncryptKey;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use transport::Webhook;

const KEY: &str = "an encrypt key";

#[test]
fn the_documented_vector_is_opened_and_seals_open_again() {
    let key = EncryptKey::new("test key");
    let opened = key.open("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=").unwrap();
    assert_eq!(opened, b"hello world");
    assert_eq!(key.open(&key.seal(b"{}", [7; 16])).unwrap(), b"{}");
    for noise in ["", "AAAA", "not base64!", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzgho="] {
        assert!(key.open(noise).is_none(), "{noise}");
    }
    assert!(key.verify("1", "n", b"{}", &key.sign("1", "n", b"{}")));
    assert!(!key.verify("1", "n", b"{} ", &key.sign("1", "n", b"{}")));
    assert!(!key.verify("1", "n", b"{}", ""));
}

async fn post(address: std::net::SocketAddr, payload: &Value, signature: Option<&str>) -> (u16, Value) {
    let key = EncryptKey::new(KEY);
    let body = json!({ "encrypt": key.seal(payload.to_string().as_bytes(), [3; 16]) }).to_string();
    let signature = signature.map_or_else(|| key.sign("1", "n", body.as_bytes()), str::to_owned);
    let request = Request::post("/")
        .header("x-lark-request-timestamp", "1")
        .header("x-lark-request-nonce", "n")
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
async fn a_webhook_answers_challenges_and_clicks_and_refuses_forgeries() {
    let dispatcher = Dispatcher::builder()
        .on(|asked: Envelope<UrlVerification>, _| async move { Ok(asked.event.answer()) })
        .on(|click: CardActionTrigger, _| async move {
            let name = click.event.action.name.ok_or("no name")?;
            Ok(CardReply::toast(Toast::success(name)))
        })
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let webhook = Webhook::new(listener, EncryptKey::new(KEY));
    let client = Client::with_transport(webhook).dispatcher(dispatcher).build().unwrap();
    let (stop, signal) = oneshot::channel::<()>();
    let running = tokio::spawn(client.run_until(signal));

    let challenge = json!({ "type": "url_verification", "token": "v", "challenge": "say this" });
    assert_eq!(post(address, &challenge, None).await, (200, json!({ "challenge": "say this" })));
    let click = |id: &str, action: Value| {
        let header = json!({ "event_id": id, "event_type": "card.action.trigger" });
        json!({ "schema": "2.0", "header": header, "event": { "action": action } })
    };
    let approve = click("e1", json!({ "name": "approve" }));
    let toast = json!({ "toast": { "type": "success", "content": "approve" } });
    assert_eq!(post(address, &approve, None).await, (200, toast.clone()));
    assert_eq!(post(address, &approve, None).await, (200, toast), "a repeat gets the same");
    assert_eq!(post(address, &click("e2", json!({})), None).await.0, 500, "the handler failed");
    assert_eq!(post(address, &approve, Some("00")).await.0, 401);

    stop.send(()).unwrap();
    let report = running.await.unwrap().unwrap();
    let outcomes = report.stats.outcomes;
    assert_eq!((outcomes.answered, outcomes.duplicate, outcomes.failed), (2, 1, 1));
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
