//! A raw client: HTTP by hand, WebSocket by the library, frames by `feishu-proto`.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod local;
pub(crate) mod schema;

use std::collections::HashMap;
use std::pin::Pin;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use feishu_gateway::{Frame, Gateway, Value, json};
use feishu_proto::Kind;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

/// An answer to an HTTP request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub(crate) fn code(&self) -> i64 {
        self.json()["code"].as_i64().unwrap()
    }
}

/// One HTTP request on its own stream.
pub(crate) async fn request(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    io.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    io.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Reply { status, headers, body: body.to_owned() }
}

/// The endpoint call with good headers.
pub(crate) async fn endpoint(gateway: &Gateway, app_id: &str, app_secret: &str) -> Reply {
    let body = json!({"AppID": app_id, "AppSecret": app_secret}).to_string();
    let headers = [("Content-Type", "application/json"), ("locale", "zh")];
    request(gateway.dial(), "POST", "/callback/ws/endpoint", &headers, &body).await
}

/// A connection URL for the first app.
pub(crate) async fn url(gateway: &Gateway) -> String {
    let reply = endpoint(gateway, gateway.app_id(), gateway.app_secret()).await;
    reply.json()["data"]["URL"].as_str().unwrap_or_else(|| panic!("no URL: {reply:?}")).to_owned()
}

/// A connected client that does nothing by itself.
pub(crate) struct Client<S = DuplexStream> {
    pub(crate) socket: WebSocketStream<S>,
    pub(crate) service: i32,
}

impl Client {
    pub(crate) async fn connect(gateway: &Gateway) -> Self {
        let url = url(gateway).await;
        Self::handshake(gateway, &url).await.unwrap()
    }

    pub(crate) async fn handshake(gateway: &Gateway, url: &str) -> Result<Self, Error> {
        Client::handshake_on(gateway.dial(), url).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn handshake_on(io: S, url: &str) -> Result<Self, Error> {
        let service = url
            .split(['?', '&'])
            .find_map(|pair| pair.strip_prefix("service_id="))
            .map_or(0, |service| service.parse().unwrap());
        let (socket, _) = tokio_tungstenite::client_async(url, io).await?;
        Ok(Self { socket, service })
    }

    pub(crate) async fn send(&mut self, message: Message) -> Result<(), Error> {
        let mut message = Some(message);
        std::future::poll_fn(|cx| {
            let mut socket = Pin::new(&mut self.socket);
            if message.is_some() {
                std::task::ready!(socket.as_mut().poll_ready(cx))?;
                if let Some(message) = message.take() {
                    socket.as_mut().start_send(message)?;
                }
            }
            socket.poll_flush(cx)
        })
        .await
    }

    pub(crate) async fn send_frame(&mut self, frame: &Frame) {
        self.send(Message::Binary(frame.encode_to_vec().into())).await.unwrap();
    }

    pub(crate) async fn ping(&mut self) {
        self.send_frame(&Frame::ping(self.service)).await;
    }

    /// The next message of any kind; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut self.socket).poll_next(cx)).await
    }

    /// The next frame, pongs left out.
    pub(crate) async fn push(&mut self) -> Frame {
        loop {
            let frame = self.frame().await;
            if frame.kind() != Kind::Pong {
                return frame;
            }
        }
    }

    pub(crate) async fn frame(&mut self) -> Frame {
        loop {
            match self.next().await.expect("the connection ended").unwrap() {
                Message::Binary(bytes) => return Frame::decode(bytes).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    /// Answers one push well.
    pub(crate) async fn answer(&mut self, data: Value) -> Frame {
        let push = self.push().await;
        self.send_frame(&push.clone().into_answer(payload(200, Some(data)), 1)).await;
        push
    }
}

/// Payload of an answer.
pub(crate) fn payload(code: i64, data: Option<Value>) -> Bytes {
    let data = data.map(|data| BASE64_STANDARD.encode(data.to_string()));
    json!({"code": code, "data": data}).to_string().into()
}

/// The JSON that a whole push carries.
pub(crate) fn event_of(push: &Frame) -> Value {
    serde_json::from_slice(push.payload.as_deref().unwrap()).unwrap()
}

/// A gateway without sockets, for the paused clock.
pub(crate) async fn in_memory() -> Gateway {
    Gateway::builder().in_memory().start().await.unwrap()
}
