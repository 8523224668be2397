//! The same dispatcher behind a webhook: hyper, signature check, decryption.
//!
//! ```text
//! cargo run -p feishu-runtime --example webhook
//! ```
//!
//! Without settings it shows itself: it listens on loopback and plays the platform's part, a signed and encrypted click.
//! With `FEISHU_ENCRYPT_KEY` (the Encrypt Key of the page "Encryption strategy") it serves the platform on
//! `LISTEN`, `0.0.0.0:8080` by default; put TLS in front of it.

mod sealed;
mod transport;

use std::error::Error;
use std::net::SocketAddr;

use feishu_runtime::callbacks::webhook::UrlVerification;
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, Envelope, Toast};
use feishu_runtime::{Client, Dispatcher};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use sealed::EncryptKey;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use transport::Webhook;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dispatcher = Dispatcher::builder()
        // The console asks this once, when the address is saved, and wants its answer within a second.
        .on(|asked: Envelope<UrlVerification>, _| async move { Ok(asked.event.answer()) })
        .on(|click: CardActionTrigger, _| async move {
            let name = click.event.action.name.unwrap_or_default();
            Ok(CardReply::toast(Toast::success(format!("{name}: done"))))
        })
        .build()?;

    if let Ok(key) = std::env::var("FEISHU_ENCRYPT_KEY") {
        let listen = std::env::var("LISTEN").unwrap_or_else(|_| "0.0.0.0:8080".to_owned());
        let listener = TcpListener::bind(listen).await?;
        let client = Client::with_transport(Webhook::new(listener, EncryptKey::new(&key)))
            .dispatcher(dispatcher)
            .build()?;
        println!("{}", client.run_until(tokio::signal::ctrl_c()).await?);
        return Ok(());
    }

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let webhook = Webhook::new(listener, EncryptKey::new("an encrypt key"));
    let client = Client::with_transport(webhook).dispatcher(dispatcher).build()?;
    println!("{}", client.run_until(play_the_platform(address, EncryptKey::new("an encrypt key"))).await?);
    Ok(())
}

/// What the platform would send, and what it would get.
async fn play_the_platform(address: SocketAddr, key: EncryptKey) {
    let challenge = json!({ "type": "url_verification", "token": "v", "challenge": "say this" });
    let click = json!({
        "schema": "2.0",
        "header": { "event_id": "e-1", "event_type": "card.action.trigger", "app_id": "cli_1" },
        "event": { "action": { "tag": "button", "name": "approve" } },
    });
    for payload in [challenge, click] {
        let body =
            json!({ "encrypt": key.seal(payload.to_string().as_bytes(), *b"sixteen bytes iv") }).to_string();
        let signature = key.sign("1747740328", "nonce", body.as_bytes());
        let request = Request::post("/")
            .header("x-lark-request-timestamp", "1747740328")
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
