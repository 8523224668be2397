//! One HTTP/1.1 request over a byte stream, for proxies and the WebSocket handshake; what all HTTP shares.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::{BoxStream, Dial, Error, Stage, Target, Timeouts};

/// The `User-Agent` of every request.
pub(crate) const AGENT: &str = concat!("feishu-transport/", env!("CARGO_PKG_VERSION"));

/// Sends `request` and passes the response to `read`; hyper drives the connection until `read` is done. `failed` converts
/// an error of hyper to one of the caller's stage.
#[cfg_attr(
    not(any(feature = "proxy", feature = "ws")),
    expect(dead_code, reason = "a proxy and the WebSocket handshake use it")
)]
pub(crate) async fn exchange<T, R>(
    stream: BoxStream,
    request: Request<Full<Bytes>>,
    failed: impl Fn(hyper::Error) -> Error,
    read: impl FnOnce(Response<Incoming>) -> R,
) -> Result<T, Error>
where
    R: Future<Output = Result<T, Error>>,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(&failed)?;
    let connection = connection.with_upgrades();
    let answer = async {
        let response = sender.send_request(request).await.map_err(&failed)?;
        read(response).await
    };
    tokio::pin!(connection, answer);
    tokio::select! {
        answer = &mut answer => answer,
        // The peer closed the connection, but the response may already be complete.
        _ = &mut connection => answer.await,
    }
}

/// Dials within the deadlines of its three steps, in case the [`Dial`] has no deadlines.
pub(crate) async fn dial(dial: &dyn Dial, target: &Target, timeouts: &Timeouts) -> Result<BoxStream, Error> {
    let limit = timeouts.connect + timeouts.proxy + timeouts.tls;
    timeout(limit, dial.dial(target)).await.unwrap_or_else(|_| Err(Error::timed_out(Stage::Connect, limit)))
}

/// Parses a header. Its value is marked sensitive, so no `Debug` shows it.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::misuse(format!("{name:?} is not a valid header name")))?;
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::misuse(format!(
            "the value of header {name} contains characters that are not allowed in a header"
        ))
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}
