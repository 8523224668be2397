//! HTTP calls to the platform, over hyper and a [`Dial`](crate::Dial).

mod client;
mod endpoint;
mod exchange;

use http::header::{HeaderName, HeaderValue};
use tokio::time::timeout;

pub use client::{HttpClient, HttpRequest, HttpResponse};
pub use endpoint::HttpEndpoint;
pub(crate) use exchange::exchange;

use crate::{BoxStream, Dial, Error, Stage, Target, Timeouts};

/// The answer's header that the platform's support asks for.
const LOG_ID: &str = "x-tt-logid";
/// `User-Agent` of every request.
pub(crate) const AGENT: &str = concat!("feishu-transport/", env!("CARGO_PKG_VERSION"));

/// Dials within the deadlines of its three steps, also where the [`Dial`] has none of its own.
pub(crate) async fn dial(dial: &dyn Dial, target: &Target, timeouts: &Timeouts) -> Result<BoxStream, Error> {
    let limit = timeouts.connect + timeouts.proxy + timeouts.tls;
    timeout(limit, dial.dial(target)).await.unwrap_or_else(|_| Err(Error::timed_out(Stage::Connect, limit)))
}

/// A header as the caller gave it; its value is shown by no `Debug`.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::misuse(format!("{name:?} is not a valid header name")))?;
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::misuse(format!("the value of header {name} holds characters that no header may hold"))
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}
