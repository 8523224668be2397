//! A webhook as a transport: each request is a delivery, its response the answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use feishu_runtime::callbacks::Reply as _;
use feishu_runtime::callbacks::webhook::{Opened, Webhook, WebhookError};
use feishu_runtime::transport::{Delivery, Error, Inbox, Received, Shutdown, Transport, header_name};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Maximum bytes of a request. Documented payloads have a few KiB.
const MAX_BODY: usize = 1 << 20;
/// Maximum concurrent connections.
const MAX_CONNECTIONS: usize = 1024;

/// The server.
pub(crate) struct WebhookServer {
    listener: TcpListener,
    webhook: Arc<Webhook>,
}

impl WebhookServer {
    pub(crate) fn new(listener: TcpListener, webhook: Webhook) -> Self {
        Self { listener, webhook: Arc::new(webhook) }
    }
}

#[async_trait]
impl Transport for WebhookServer {
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, mut stop: Shutdown) -> Result<(), Error> {
        let (closing, close) = watch::channel(false);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = stop.requested() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    // Errors of a peer must not stop the server.
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(serve(stream, Arc::clone(&inbox), Arc::clone(&self.webhook), close.clone()));
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
    webhook: Arc<Webhook>,
    mut close: watch::Receiver<bool>,
) {
    let service = service_fn(|request| {
        let (inbox, webhook) = (Arc::clone(&inbox), Arc::clone(&webhook));
        async move { Ok::<_, Infallible>(respond(request, &*inbox, &webhook).await) }
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

async fn respond(request: Request<Incoming>, inbox: &dyn Inbox, webhook: &Webhook) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return status(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let payload = match webhook.open(&head.headers, &body.to_bytes(), SystemTime::now()) {
        Ok(Opened::Callback(payload)) => payload,
        Ok(Opened::Challenge(challenge)) => {
            return challenge.to_json().map_or_else(
                |_| status(StatusCode::INTERNAL_SERVER_ERROR),
                |json| Response::new(Full::from(json)),
            );
        }
        Ok(_) => return status(StatusCode::NOT_IMPLEMENTED),
        Err(error) => return refuse(error),
    };
    let request_id = head.headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let trace = (header_name::TRACE_ID.to_owned(), request_id.to_owned());
    let (delivery, answer) = Delivery::channel(Received::new(payload, [trace]));
    inbox.deliver(delivery);
    match answer.await {
        answer if answer.is_ok() => Response::new(Full::new(answer.data().cloned().unwrap_or_default())),
        _ => status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Refuses a request. The reason goes to the log; the sender gets only the status.
fn refuse(error: WebhookError) -> Response<Full<Bytes>> {
    eprintln!("refused a request: {error}");
    status(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST))
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
