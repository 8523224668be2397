//! One HTTP/1.1 request over a byte stream: for calls, proxies and the WebSocket handshake.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::{BoxStream, Error};

/// Sends `request` and gives the answer to `read`; hyper serves the connection until that has what it wants. `failed`
/// makes an error of hyper's one of the caller's stage.
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
        // The peer closed the connection; the answer may be complete all the same.
        _ = &mut connection => answer.await,
    }
}
