//! Where clients come in: answers the endpoint call, accepts WebSocket handshakes, and hands the connections over.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;
use tokio_rustls::rustls::{self, ServerConfig, ServerConnection};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::socket::Socket;

/// Listens on loopback until dropped.
pub(crate) struct Door {
    host: String,
    tls: bool,
    came: Receiver<Socket>,
    closed: Arc<AtomicBool>,
}

impl Door {
    pub(crate) fn open(tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let host = listener.local_addr()?.to_string();
        let (sender, came) = channel();
        let closed = Arc::new(AtomicBool::new(false));
        let door = Self { host, tls: tls.is_some(), came, closed: Arc::clone(&closed) };
        let url = door.url();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if closed.load(Ordering::Relaxed) {
                    break;
                }
                let (url, tls, sender) = (url.clone(), tls.clone(), sender.clone());
                std::thread::spawn(move || serve(stream, tls, &url, &sender));
            }
        });
        Ok(door)
    }

    /// The platform's base URL, for a bot.
    pub(crate) fn domain(&self) -> String {
        format!("http{}://{}", if self.tls { "s" } else { "" }, self.host)
    }

    /// The URL of a connection.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}/ws?device_id=7&service_id=1&ticket=bench", self.host)
    }

    /// Waits for so many connections. `ended` says whether the client is no longer there.
    pub(crate) fn accept(&self, count: usize, mut ended: impl FnMut() -> bool) -> Result<Vec<Socket>> {
        let until = Instant::now() + Duration::from_secs(20);
        let mut sockets = Vec::new();
        while sockets.len() < count {
            match self.came.recv_timeout(Duration::from_millis(1)) {
                Ok(socket) => sockets.push(socket),
                Err(RecvTimeoutError::Timeout) if ended() => bail!("the client ended before it connected"),
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(_) => bail!("{} of {count} connections came within 20 s", sockets.len()),
            }
        }
        Ok(sockets)
    }

    /// Did a client connect that nobody waited for? A client that reconnects lost its connection.
    pub(crate) fn is_someone_waiting(&self) -> bool {
        self.came.try_recv().is_ok()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.host);
    }
}

/// Serves one TCP connection: an HTTP call, or a handshake after which it is handed over.
fn serve(mut stream: TcpStream, tls: Option<Arc<ServerConfig>>, url: &str, sender: &Sender<Socket>) {
    let served = || -> Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let Some(tls) = tls else {
            if greet(&mut stream, url)? {
                let _ = sender.send(Socket::new(stream, None)?);
            }
            return Ok(());
        };
        let mut tls = Box::new(ServerConnection::new(tls)?);
        if greet(&mut rustls::Stream::new(&mut *tls, &mut stream), url)? {
            let _ = sender.send(Socket::new(stream, Some(tls))?);
        } else {
            tls.send_close_notify();
            tls.complete_io(&mut stream)?;
        }
        Ok(())
    };
    // A client that is ended in the middle is noticed elsewhere.
    let _ = served();
}

/// Reads one request and responds. True after a handshake.
fn greet(stream: &mut (impl Read + Write), url: &str) -> io::Result<bool> {
    let (head, _body) = request(stream)?;
    if let Some(key) = value(&head, "sec-websocket-key") {
        let accept = derive_accept_key(key.as_bytes());
        write!(
            stream,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nHandshake-Status: 0\r\n\r\n"
        )?;
        stream.flush()?;
        return Ok(true);
    }
    let settings =
        json!({"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 1, "PingInterval": 120});
    let body = json!({"code": 0, "msg": "ok", "data": {"URL": url, "ClientConfig": settings}}).to_string();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()?;
    Ok(false)
}

/// The head of a request, and its body.
fn request(stream: &mut impl Read) -> io::Result<(String, Vec<u8>)> {
    let mut data = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let end = data.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&data[..end]).into_owned();
            let length = value(&head, "content-length").and_then(|length| length.parse().ok());
            if data.len() >= end + 4 + length.unwrap_or(0) {
                return Ok((head, data.split_off(end + 4)));
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ if data.len() > 64 << 10 => return Err(io::ErrorKind::InvalidData.into()),
            count => data.extend_from_slice(&chunk[..count]),
        }
    }
}

/// The value of a header.
fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
