//! HTTP probes of a bot on the local platform: `/live` and `/ready` for an orchestrator, `/stats` for people.
//!
//! ```text
//! cargo run -p feishu-runtime --example health
//! ```

use std::convert::Infallible;
use std::error::Error;

use feishu_gateway::{Click, Gateway};
use feishu_runtime::callbacks::{CardActionTrigger, CardReply};
use feishu_runtime::transport::{AppSecret, Domain};
use feishu_runtime::{Client, ClientHandle, Dispatcher};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// Serves the probes of one client.
async fn probes(listener: TcpListener, client: ClientHandle) {
    while let Ok((stream, _)) = listener.accept().await {
        let client = client.clone();
        let service = service_fn(move |request| {
            let answer = answer(&request, &client);
            async { Ok::<_, Infallible>(answer) }
        });
        let server = hyper::server::conn::http1::Builder::new();
        tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(request: &Request<Incoming>, client: &ClientHandle) -> Response<Full<Bytes>> {
    let health = client.health();
    let (good, text) = match request.uri().path() {
        "/live" => (health.is_live(), health.to_string()),
        "/ready" => (health.is_ready(), health.to_string()),
        "/stats" => (true, client.stats().to_string()),
        _ => (false, "there are /live, /ready and /stats".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    if !good {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dispatcher =
        Dispatcher::builder().on(|_: CardActionTrigger, _| async { Ok(CardReply::empty()) }).build()?;
    let gateway = Gateway::start().await?;
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url())?)
        .dispatcher(dispatcher)
        .build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(probes(listener, client.handle()));

    println!("before it runs: {}", probe(address, "/ready").await?);
    let report = client
        .run_until(async {
            gateway.connected(1).await;
            let _ = gateway.click(Click::button("approve")).await;
            for path in ["/live", "/ready", "/stats"] {
                println!("{path}: {}", probe(address, path).await.unwrap_or_else(|error| error.to_string()));
            }
        })
        .await?;
    println!("after it ended: {}", probe(address, "/live").await?);
    println!("{report}");
    Ok(())
}

/// Prints what an orchestrator would see.
async fn probe(address: std::net::SocketAddr, path: &str) -> Result<String, Box<dyn Error>> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection);
    let request = Request::get(path).header("host", "localhost").body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(format!("{status}, {}", String::from_utf8_lossy(&body)))
}
