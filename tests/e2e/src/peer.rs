//! A gateway made of a bare TCP listener: it answers endpoint calls, and leaves every byte of the WebSocket to the test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, BytesMut};
use feishu_proto::{Frame, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::bot::HANG;

/// The opcode of a binary message.
pub const BINARY: u8 = 2;
/// The opcode of the rest of a fragmented message.
pub const CONTINUATION: u8 = 0;
/// The opcode of a close frame.
pub const CLOSE: u8 = 8;
/// The parts of a connection URL that no log may hold.
pub const SECRETS: [&str; 2] = ["e2e-ticket-0001", "e2e-access-key-0002"];

/// The gateway.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    shakes: mpsc::Receiver<Handshake>,
}

/// A WebSocket handshake that waits for its answer.
#[derive(Debug)]
pub struct Handshake {
    stream: TcpStream,
    key: String,
}

/// A WebSocket connection, seen as bytes.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    unread: BytesMut,
}

impl Peer {
    /// Starts listening on loopback.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let (sender, shakes) = mpsc::channel(16);
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, address, Arc::clone(&counted), sender.clone()));
            }
        });
        Self { address, calls, shakes }
    }

    /// Its base URL.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often the endpoint was called.
    pub fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    /// The next handshake.
    pub async fn handshake(&mut self) -> Handshake {
        timeout(HANG, self.shakes.recv()).await.unwrap().unwrap()
    }

    /// The next connection, accepted as it should be.
    pub async fn accept(&mut self) -> Socket {
        let handshake = self.handshake().await;
        let response = handshake.response();
        handshake.answer(&response).await
    }
}

impl Handshake {
    /// The proper 101.
    pub fn response(&self) -> Vec<u8> {
        let mut hash = sha1_smol::Sha1::new();
        hash.update(self.key.as_bytes());
        hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let accept = STANDARD.encode(hash.digest().bytes());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
        .into_bytes()
    }

    /// Answers with these bytes at once.
    pub async fn answer(self, bytes: &[u8]) -> Socket {
        let mut socket = Socket { stream: self.stream, unread: BytesMut::new() };
        socket.write(bytes).await;
        socket
    }
}

impl Socket {
    /// Writes bytes as they are. A client that is gone already does not matter.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _ = timeout(HANG, self.stream.write_all(bytes)).await.unwrap();
    }

    /// Writes bytes one by one, each in a separate segment.
    pub async fn write_one_by_one(&mut self, bytes: &[u8]) {
        self.stream.set_nodelay(true).unwrap();
        for byte in bytes {
            self.write(&[*byte]).await;
            tokio::task::yield_now().await;
        }
    }

    /// Waits for the answer to a message and gives its code. Pings and the like are passed over, another answer is not.
    pub async fn answer(&mut self, message_id: &str) -> i64 {
        let (answered, code) = self.next_answer().await;
        assert_eq!(answered, message_id);
        code
    }

    /// The next answer: the message it is for, and its code.
    pub async fn next_answer(&mut self) -> (String, i64) {
        loop {
            let (opcode, payload) = self.message().await.unwrap();
            if opcode != BINARY {
                continue;
            }
            let frame = Frame::decode(payload.as_slice()).unwrap();
            if let Some(message_id) = frame.message_id() {
                let answer: Value = serde_json::from_slice(frame.payload.as_deref().unwrap()).unwrap();
                return (message_id.to_owned(), answer["code"].as_i64().unwrap());
            }
        }
    }

    /// Reads until the client closes, with a close frame or without, and closes as well.
    pub async fn closed(&mut self) {
        while self.message().await.is_some_and(|(opcode, _)| opcode != CLOSE) {}
        let _ = self.stream.shutdown().await;
    }

    /// The next message, unmasked; `None` at the end of the stream.
    async fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.bytes(2).await?;
        assert_eq!(head[1] & 0x80, 0x80, "a client masks what it sends");
        let len = match head[1] & 0x7f {
            126 => u64::from(self.bytes(2).await?.get_u16()),
            127 => self.bytes(8).await?.get_u64(),
            short => u64::from(short),
        };
        let mask = self.bytes(4).await?;
        let payload = self.bytes(usize::try_from(len).unwrap()).await?;
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        Some((head[0] & 0x0f, payload))
    }

    async fn bytes(&mut self, len: usize) -> Option<BytesMut> {
        while self.unread.len() < len {
            match timeout(HANG, self.stream.read_buf(&mut self.unread)).await.unwrap() {
                Ok(read) if read > 0 => {}
                _ => return None,
            }
        }
        Some(self.unread.split_to(len))
    }
}

/// A WebSocket frame: the last of its message or not, masked or not.
pub fn frame(opcode: u8, last: bool, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut wire = vec![opcode | if last { 0x80 } else { 0 }];
    let masked = if mask.is_some() { 0x80 } else { 0 };
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len), _) if len < 126 => wire.push(masked | len),
        (_, Ok(len)) => {
            wire.push(masked | 0x7e);
            wire.extend(len.to_be_bytes());
        }
        _ => {
            wire.push(masked | 0x7f);
            wire.extend(u64::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    wire.extend(mask.unwrap_or_default().iter().take(if mask.is_some() { 4 } else { 0 }));
    let mask = mask.unwrap_or_default();
    wire.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    wire
}

/// The protobuf of a click.
pub fn click(message_id: &str, padding: usize) -> Vec<u8> {
    let payload = json!({
        "schema": "2.0",
        "header": {"event_id": message_id, "event_type": "card.action.trigger"},
        "event": {"action": {"tag": "button", "value": {"do": "length"}}, "padding": "p".repeat(padding)},
    });
    let headers = [("type", "event"), ("message_id", message_id), ("sum", "1"), ("seq", "0")];
    Frame {
        method: 1,
        headers: headers.into_iter().map(|(key, value)| Header::new(key, value)).collect(),
        payload: Some(payload.to_string().into_bytes().into()),
        ..Frame::default()
    }
    .encode_to_vec()
}

/// A whole, proper WebSocket message with a click.
pub fn proper(message_id: &str) -> Vec<u8> {
    frame(BINARY, true, None, &click(message_id, 0))
}

/// Answers an endpoint call, or hands a handshake to the test.
async fn serve(
    mut stream: TcpStream,
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    shakes: mpsc::Sender<Handshake>,
) -> Option<()> {
    let mut head = Vec::new();
    let end = loop {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(head.get(..end)?).to_lowercase();
    let header = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim).map(str::to_owned))
    };
    if !text.starts_with("post") {
        // The key is case-sensitive: it is taken from the text as it came.
        let raw = String::from_utf8_lossy(&head);
        let line = raw.lines().find(|line| line.to_lowercase().starts_with("sec-websocket-key:"))?;
        let key = line.split_once(':')?.1.trim().to_owned();
        return shakes.send(Handshake { stream, key }).await.ok();
    }
    let len: usize = header("content-length")?.parse().ok()?;
    while head.len() < end + len {
        stream.read_buf(&mut head).await.ok()?;
    }
    let number = calls.fetch_add(1, SeqCst) + 1;
    let [ticket, key] = SECRETS;
    let body = json!({"code": 0, "msg": "success", "data": {
        "URL": format!("ws://{address}/ws/v2?device_id={number}&access_key={key}&service_id=7&ticket={ticket}"),
        "ClientConfig": {"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 0, "PingInterval": 120},
    }})
    .to_string();
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(response.as_bytes()).await.ok()
}
