//! SOCKS5 tunnels, over hyper-util.

use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use crate::{BoxStream, Target};

/// User and password of a SOCKS5 proxy.
pub(super) type Credentials = (String, String);

/// Asks the proxy at the other end of `stream` to connect to `target`. The proxy looks the name up. The error says what
/// went wrong and what to do.
pub(super) async fn tunnel(
    stream: BoxStream,
    target: &Target,
    credentials: Option<&Credentials>,
) -> Result<BoxStream, String> {
    // The stream is open already: the proxy's own address is not used.
    let mut socks =
        SocksV5::new(Uri::from_static("socks5://proxy.invalid"), Opened(Some(TokioIo::new(stream))));
    if let Some((user, password)) = credentials {
        socks = socks.with_auth(user.clone(), password.clone());
    }
    let target: Uri =
        format!("https://{target}").parse().map_err(|_| format!("{target} is not an address"))?;
    let tunnel = socks.call(target).await.map_err(|error| {
        format!(
            "{error}; check that it is a SOCKS5 proxy, permits this host, and that its URL has the right credentials, as in \
             socks5h://user:password@…"
        )
    })?;
    Ok(tunnel.into_inner())
}

/// A connector that gives the stream it has.
struct Opened(Option<TokioIo<BoxStream>>);

impl Service<Uri> for Opened {
    type Response = TokioIo<BoxStream>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<BoxStream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}
