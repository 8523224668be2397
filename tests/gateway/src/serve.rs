//! Accepting streams, and HTTP on them: one server for the endpoint call, the handshake and OpenAPI.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::body::Body;
use crate::journal::Seen;
use crate::shared::{Shared, lock};
use crate::wire::{Io, Tap, Wire};
use crate::{endpoint, handshake, local, openapi};

/// Largest body of a request. The largest documented one is a message of 150 KB.
const BODY_LIMIT: usize = 256 * 1024;

/// Pause after a failed accept, for file descriptors to come free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

pub(crate) type Answer = Response<Body>;

/// Puts TLS around accepted streams, or does nothing.
#[derive(Clone)]
pub(crate) enum Security {
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

/// Accepts until the gateway is dropped.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, security: Security) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.closed() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                // Small frames must leave at once; without this a click takes 40 ms.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "cannot switch Nagle's algorithm off");
                }
                spawn(&shared, stream, &security);
            }
            Err(error) => {
                // Out of file descriptors, or a client that left already: neither is a reason to stop.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one stream in its own task.
pub(crate) fn spawn(shared: &Arc<Shared>, io: impl Io, security: &Security) {
    let shared = Arc::clone(shared);
    match security {
        Security::Plain => {
            tokio::spawn(serve(shared, io));
        }
        #[cfg(feature = "tls")]
        Security::Tls(acceptor) => {
            let accepting = acceptor.accept(io);
            tokio::spawn(async move {
                let accepted = tokio::select! {
                    accepted = accepting => accepted,
                    () = shared.closed() => return,
                };
                match accepted {
                    Ok(io) => serve(shared, io).await,
                    Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
                }
            });
        }
    }
}

async fn serve(shared: Arc<Shared>, io: impl Io) {
    let tap = lock(&shared.state).new_tap();
    let wire = Wire::new(io, Arc::clone(&tap));
    let service = {
        let shared = Arc::clone(&shared);
        service_fn(move |request| route(Arc::clone(&shared), Arc::clone(&tap), request))
    };
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    tokio::select! {
        served = connection => if let Err(error) = served {
            tracing::debug!(%error, "an HTTP connection ended");
        },
        () = shared.closed() => {}
    }
}

async fn route(shared: Arc<Shared>, tap: Arc<Tap>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let path = request.uri().path();
    let clock = shared.config.clock_offset;
    let date = (clock != 0).then(|| http_date(shared.config.now().as_secs()));
    let refused = shared.config.local.as_ref().and_then(|local| local.access.check_bot(&request).err());
    let mut answer = match (request.method(), path) {
        (_, path) if is_for_bots(path) && refused.is_some() => text(403, refused.unwrap_or_default()),
        (_, "/callback/ws/endpoint") => endpoint::call(&shared, request).await,
        (&Method::GET, "/ws/v2") => handshake::upgrade(&shared, tap, request).await,
        (_, path) if path.starts_with("/open-apis/") => openapi::answer(&shared, request).await,
        (method, path) => {
            let unknown = format!("{method} {path}");
            let local = match &shared.config.local {
                Some(local) => local::answer(&shared, local, request).await,
                None => None,
            };
            local.unwrap_or_else(|| {
                shared.journal.add(None, Seen::UnknownPath(unknown));
                text(404, "404 page not found")
            })
        }
    };
    // Without one hyper adds the host's.
    if let Some(date) = date.and_then(|date| header::HeaderValue::from_str(&date).ok()) {
        answer.headers_mut().insert(header::DATE, date);
    }
    Ok(answer)
}

fn is_for_bots(path: &str) -> bool {
    matches!(path, "/callback/ws/endpoint" | "/ws/v2") || path.starts_with("/open-apis/")
}

/// Seconds since 1970 as the header `Date` has them.
fn http_date(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let weekday = DAYS.into_iter().cycle().nth(usize::try_from(days % 7).unwrap_or_default());
    let weekday = weekday.unwrap_or_default();
    let (mut year, mut day) = (1970, days);
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |year| if is_leap(year) { 366 } else { 365 };
    while day >= length(year) {
        day -= length(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = "Dec";
    for (name, length) in MONTHS.into_iter().zip(lengths) {
        if day < length {
            month = name;
            break;
        }
        day -= length;
    }
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{weekday}, {:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT", day + 1)
}

/// Reads a whole body; `None` when it is too large or the client left.
pub(crate) async fn body(request: Request<Incoming>) -> Option<Bytes> {
    body_up_to(request, BODY_LIMIT).await
}

/// Reads a whole body of at most so many bytes.
pub(crate) async fn body_up_to(request: Request<Incoming>, limit: usize) -> Option<Bytes> {
    let limited = Limited::new(request.into_body(), limit);
    limited.collect().await.ok().map(http_body_util::Collected::to_bytes)
}

pub(crate) fn json(status: u16, body: &Value) -> Answer {
    respond(status, "application/json; charset=utf-8", body.to_string())
}

pub(crate) fn text(status: u16, body: impl Into<Bytes>) -> Answer {
    respond(status, "text/plain; charset=utf-8", body)
}

pub(crate) fn respond(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Body::Whole(Some(body.into())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

/// A header of a request as text; empty when it is absent or no text.
pub(crate) fn header_text<'a, B>(request: &'a Request<B>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn dates_are_as_http_writes_them() {
        for (seconds, wanted) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
        ] {
            assert_eq!(http_date(seconds), wanted);
        }
    }
}
