//! A webhook as a transport: each request is a delivery, its response the answer.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use feishu_runtime::transport::{Delivery, Error, Inbox, Received, Shutdown, Transport, header_name};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::sealed::EncryptKey;

/// Bytes of a request. Documented payloads have a few KiB.
const MOST_BODY: usize = 1 << 20;
/// Connections at one time.
const MOST_CONNECTIONS: usize = 1024;

/// The server.
pub(crate) struct Webhook {
    listener: TcpListener,
    key: Arc<EncryptKey>,
}

/// What the platform sends.
#[derive(Deserialize)]
struct Envelope {
    encrypt: String,
}

impl Webhook {
    pub(crate) fn new(listener: TcpListener, key: EncryptKey) -> Self {
        Self { listener, key: Arc::new(key) }
    }
}

#[async_trait]
impl Transport for Webhook {
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, mut stop: Shutdown) -> Result<(), Error> {
        let (closing, close) = watch::channel(false);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = stop.requested() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < MOST_CONNECTIONS => {
                    // What a peer does wrong on the way here is no reason to stop.
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(serve(stream, Arc::clone(&inbox), Arc::clone(&self.key), close.clone()));
                    }
                }
            }
        }
        closing.send_replace(true);
        let all_closed = async { while connections.join_next().await.is_some() {} };
        tokio::select! {
            () = all_closed => {}
            () = stop.over() => {}
        }
        Ok(())
    }
}

async fn serve(
    stream: TcpStream,
    inbox: Arc<dyn Inbox>,
    key: Arc<EncryptKey>,
    mut close: watch::Receiver<bool>,
) {
    let service = service_fn(|request| {
        let (inbox, key) = (Arc::clone(&inbox), Arc::clone(&key));
        async move { Ok::<_, Infallible>(respond(request, &*inbox, &key).await) }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = close.wait_for(|close| *close) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn respond(request: Request<Incoming>, inbox: &dyn Inbox, key: &EncryptKey) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(body) = Limited::new(body, MOST_BODY).collect().await else {
        return status(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let body = body.to_bytes();
    // The signature is over the bytes as they came, so it is checked before anything is read.
    let (time, nonce) = (header("x-lark-request-timestamp"), header("x-lark-request-nonce"));
    if !key.verify(time, nonce, &body, header("x-lark-signature")) {
        return status(StatusCode::UNAUTHORIZED);
    }
    let Ok(Envelope { encrypt }) = serde_json::from_slice(&body) else {
        return status(StatusCode::BAD_REQUEST);
    };
    let Some(payload) = key.open(&encrypt) else {
        return status(StatusCode::BAD_REQUEST);
    };
    let trace = (header_name::TRACE_ID.to_owned(), header("x-request-id").to_owned());
    let (delivery, answer) = Delivery::channel(Received::new(payload, [trace]));
    inbox.deliver(delivery);
    match answer.await {
        answer if answer.is_ok() => Response::new(Full::new(answer.data().cloned().unwrap_or_default())),
        _ => status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
