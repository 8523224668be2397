//! The baseline: a bare WebSocket that sends frames back unchanged.

use anyhow::Result;
use bytes::Bytes;
use feishu_proto::Frame;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(url: &str) -> Result<Socket> {
    Ok(connect_async_with_config(url, None, true).await?.0)
}

/// One message, one write.
pub(super) async fn bare(url: &str) -> Result<()> {
    let mut socket = open(url).await?;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// All messages that are there, one write.
pub(super) async fn batched(url: &str) -> Result<()> {
    let mut socket = open(url).await?;
    while let Some(Ok(message)) = socket.next().await {
        socket.feed(message).await?;
        while let Some(Some(Ok(message))) = socket.next().now_or_never() {
            socket.feed(message).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}

/// As [`bare`], with the frame decoded and encoded in between.
pub(super) async fn prost(url: &str) -> Result<()> {
    let mut socket = open(url).await?;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(data) = message {
            let frame = Frame::decode(data)?;
            socket.send(Message::Binary(Bytes::from(frame.encode_to_vec()))).await?;
        }
    }
    Ok(())
}
