// A client for the example of the README, which includes this file.

use feishu_gateway::{Frame, Value};
use feishu_proto::Message as _;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

/// The least that is a client: it gets a URL, connects, and answers the first push.
async fn bot(gateway: Gateway) -> Option<()> {
    let body = json!({"AppID": gateway.app_id(), "AppSecret": gateway.app_secret()}).to_string();
    let head = "POST /callback/ws/endpoint HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nlocale: zh\r\n\
                Content-Type: application/json\r\nContent-Length: ";
    let mut call = gateway.dial();
    call.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).await.ok()?;
    let mut answer = String::new();
    call.read_to_string(&mut answer).await.ok()?;
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    let url = body["data"]["URL"].as_str()?;
    let (mut socket, _) = tokio_tungstenite::client_async(url, gateway.dial()).await.ok()?;
    let push = Frame::decode(socket.next().await?.ok()?.into_data()).ok()?;
    let answer = r#"{"code":200,"data":"eyJ0b2FzdCI6eyJ0eXBlIjoic3VjY2VzcyIsImNvbnRlbnQiOiJTYXZlZCJ9fQ=="}"#;
    let wire = push.into_answer(answer.into(), 1).encode_to_vec();
    socket.send(Message::binary(wire)).await.ok()?;
    socket.next().await;
    Some(())
}
