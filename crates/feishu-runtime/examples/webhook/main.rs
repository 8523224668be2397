//! The same dispatcher behind a webhook: hyper, signature check, decryption.
//!
//! ```text
//! cargo run -p feishu-runtime --example webhook
//! ```
//!
//! Without settings it is a demo: it listens on loopback and sends itself a signed and encrypted click.
//! With `FEISHU_ENCRYPT_KEY` and `FEISHU_VERIFICATION_TOKEN` (both are on the console's page "Events & Callbacks", tab
//! "Encryption Strategy") it serves the platform on `LISTEN`, `0.0.0.0:8080` by default; put TLS in front of it.

mod transport;

use std::error::Error;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use feishu_runtime::callbacks::webhook::{EncryptKey, Webhook};
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_runtime::{Client, Dispatcher};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use transport::WebhookServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _| async move {
            let name = click.event.action.name.unwrap_or_default();
            Ok(CardReply::toast(Toast::success(format!("{name}: done"))))
        })
        .build()?;

    if let Ok(key) = std::env::var("FEISHU_ENCRYPT_KEY") {
        let listen = std::env::var("LISTEN").unwrap_or_else(|_| "0.0.0.0:8080".to_owned());
        let listener = TcpListener::bind(listen).await?;
        let webhook = Webhook::new(key, std::env::var("FEISHU_VERIFICATION_TOKEN")?)?;
        let client =
            Client::with_transport(WebhookServer::new(listener, webhook)).dispatcher(dispatcher).build()?;
        println!("{}", client.run_until(tokio::signal::ctrl_c()).await?);
        return Ok(());
    }

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = WebhookServer::new(listener, Webhook::new("an encrypt key", "a token")?);
    let client = Client::with_transport(server).dispatcher(dispatcher).build()?;
    println!("{}", client.run_until(play_the_platform(address, EncryptKey::from("an encrypt key"))).await?);
    Ok(())
}

/// Sends a request as the platform does, and prints the response.
async fn play_the_platform(address: SocketAddr, key: EncryptKey) {
    let challenge = json!({ "type": "url_verification", "token": "a token", "challenge": "say this" });
    let click = json!({
        "schema": "2.0",
        "header": { "event_id": "e-1", "event_type": "card.action.trigger", "app_id": "cli_1", "token": "a token" },
        "event": { "action": { "tag": "button", "name": "approve" } },
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    for payload in [challenge, click] {
        let body = key.seal(payload.to_string().as_bytes(), *b"sixteen bytes iv");
        let signature = key.sign(&now, "nonce", body.as_bytes());
        let request = Request::post("/")
            .header("x-lark-request-timestamp", &now)
            .header("x-lark-request-nonce", "nonce")
            .header("x-lark-signature", signature)
            .body(Full::from(body));
        println!("-> {payload}");
        match send(address, request).await {
            Ok((status, answer)) => println!("<- {status} {answer}"),
            Err(error) => println!("<- {error}"),
        }
    }
}

async fn send(
    address: SocketAddr,
    request: Result<Request<Full<hyper::body::Bytes>>, hyper::http::Error>,
) -> Result<(u16, String), Box<dyn Error>> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection);
    let answer = sender.send_request(request?).await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
