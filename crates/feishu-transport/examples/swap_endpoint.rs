//! A custom endpoint source with its own HTTP client, and one that wraps the default to count calls.
//!
//! `cargo run -p feishu-transport --example swap_endpoint`

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use feishu_gateway::{Click, Gateway};
use feishu_transport::{
    Answer, AppSecret, Delivery, Endpoint, EndpointSource, Error, HttpEndpoint, LongConnection, Shutdown,
    Stage,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A minimal HTTP client: one request per connection.
struct OwnHttp {
    /// Host and port of the platform.
    address: String,
    app_id: String,
    secret: AppSecret,
}

#[async_trait]
impl EndpointSource for OwnHttp {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        let (status, body) = self
            .post()
            .await
            .map_err(|error| Error::unreachable(Stage::Endpoint, &error).with_source(error))?;
        // Parses URL, settings and refusals as the client does.
        Endpoint::from_response(status, &body)
    }
}

impl OwnHttp {
    async fn post(&self) -> std::io::Result<(u16, Vec<u8>)> {
        let (address, app_id, secret) = (&self.address, self.app_id.as_str(), self.secret.expose());
        let body = format!(r#"{{"AppID":"{app_id}","AppSecret":"{secret}"}}"#);
        let request = format!(
            "POST /callback/ws/endpoint HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             locale: zh\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        // The client bounds the time of the whole call; the size is this code's to bound.
        stream.take(256 << 10).read_to_end(&mut answer).await?;
        let text = String::from_utf8_lossy(&answer);
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((status, body.as_bytes().to_vec()))
    }
}

/// Counts the endpoint calls and lets the default make them.
struct CountingEndpoint {
    inner: HttpEndpoint,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl EndpointSource for CountingEndpoint {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.endpoint().await
    }
}

/// Connects with the default endpoint call inside a counting one; returns the number of calls.
pub async fn counted() -> Result<usize, Box<dyn std::error::Error>> {
    let gateway = Gateway::start().await?;
    let calls = Arc::new(AtomicUsize::new(0));
    let inner = HttpEndpoint::new(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(gateway.base_url().parse()?);
    let source = CountingEndpoint { inner, calls: Arc::clone(&calls) };

    let client = LongConnection::with_endpoints(source).build()?;
    let handle = client.handle();
    let (stop, stopped) = Shutdown::new();
    let running =
        tokio::spawn(client.run(Arc::new(|delivery: Delivery| delivery.answer(&Answer::empty())), stopped));
    handle.ready().await?;
    stop.stop(std::time::Duration::from_secs(3));
    running.await??;
    Ok(calls.load(Ordering::Relaxed))
}

/// Connects with it and answers one click; returns the answer's code.
pub async fn answered() -> Result<i64, Box<dyn std::error::Error>> {
    let gateway = Gateway::start().await?;
    let address = gateway.base_url().replace("http://", "");
    let (app_id, secret) = (gateway.app_id().to_owned(), AppSecret::new(gateway.app_secret()));
    let source = OwnHttp { address, app_id, secret };

    let client = LongConnection::with_endpoints(source).build()?;
    let handle = client.handle();
    let (stop, stopped) = Shutdown::new();
    let running =
        tokio::spawn(client.run(Arc::new(|delivery: Delivery| delivery.answer(&Answer::empty())), stopped));
    handle.ready().await?;
    gateway.connected(1).await;
    let code = gateway.click(Click::button("approve")).await?.code();
    stop.stop(std::time::Duration::from_secs(3));
    running.await??;
    Ok(code)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("answered with code {}", answered().await?);
    println!("{} endpoint call by the default inside a counting one", counted().await?);
    Ok(())
}
