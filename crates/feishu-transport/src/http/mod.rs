//! HTTP calls to the platform, over hyper and the client's own [`Dial`].

mod endpoint;
mod openapi;
mod outcome;
mod token;

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

pub use endpoint::HttpEndpoint;
pub use openapi::OpenApi;
pub use outcome::ApiAnswer;

use crate::{BoxStream, Dial, Error, Limits, Stage, Target, Timeouts};

/// The answer's header that the platform's support wants quoted.
const LOG_ID: &str = "x-tt-logid";
/// `User-Agent` of every request.
pub(crate) const AGENT: &str = concat!("feishu-transport/", env!("CARGO_PKG_VERSION"));

/// Makes calls to one base URL. Each call is bounded in time and size.
pub(crate) struct HttpClient {
    dial: Arc<dyn Dial>,
    target: Target,
    /// Host and port as they stand in the URL.
    authority: String,
    /// The base URL's path, without a slash at its end.
    prefix: String,
    timeouts: Timeouts,
    limits: Limits,
    headers: HeaderMap,
}

/// A call's answer.
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl HttpClient {
    pub(crate) fn new(
        base_url: &str,
        dial: Arc<dyn Dial>,
        timeouts: Timeouts,
        limits: Limits,
        extra: &[(String, String)],
    ) -> Result<Self, Error> {
        let wrong = || Error::misuse(format!("{base_url:?} is not a URL such as https://open.feishu.cn"));
        let uri: Uri = base_url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let mut headers = header_map(extra)?;
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
        Ok(Self {
            dial,
            target: Target::new(host, port, tls),
            authority: authority.as_str().to_owned(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            timeouts,
            limits,
            headers,
        })
    }

    /// One request and its answer, over a connection of its own.
    pub(crate) async fn call(
        &self,
        stage: Stage,
        method: Method,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> Result<HttpResponse, Error> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.prefix)
            .parse()
            .map_err(|_| Error::misuse("the path of the call is not a valid URL path"))?;
        let host = HeaderValue::from_str(&self.authority)
            .map_err(|_| Error::misuse("the domain holds characters that no host name has"))?;
        request.headers_mut().extend(self.headers.clone());
        request.headers_mut().insert(HOST, host);
        for (name, value) in headers {
            request.headers_mut().insert(name, value.clone());
        }
        let stream = dial(&*self.dial, &self.target, &self.timeouts).await?;
        let limit = self.timeouts.call;
        timeout(limit, self.exchange(stage, stream, request))
            .await
            .unwrap_or_else(|_| Err(Error::timed_out(stage, limit)))
    }

    async fn exchange(
        &self,
        stage: Stage,
        stream: BoxStream,
        request: Request<Full<Bytes>>,
    ) -> Result<HttpResponse, Error> {
        let broken =
            |error: &dyn fmt::Display| Error::protocol(stage, format_args!("no proper HTTP answer: {error}"));
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
            let (head, body) = response.into_parts();
            let body = read_body(stage, body, self.limits.response_bytes).await?;
            Ok(HttpResponse { status: head.status.as_u16(), headers: head.headers, body })
        };
        tokio::pin!(connection, answer);
        tokio::select! {
            answer = &mut answer => answer,
            _ = &mut connection => answer.await,
        }
    }
}

/// Dials within the deadlines of its three steps, also where the [`Dial`] has none of its own.
pub(crate) async fn dial(dial: &dyn Dial, target: &Target, timeouts: &Timeouts) -> Result<BoxStream, Error> {
    let limit = timeouts.connect + timeouts.proxy + timeouts.tls;
    timeout(limit, dial.dial(target)).await.unwrap_or_else(|_| Err(Error::timed_out(Stage::Connect, limit)))
}

/// Reads a body up to the limit. Nothing is reserved by what a header says of its length.
pub(crate) async fn read_body(
    stage: Stage,
    mut body: hyper::body::Incoming,
    limit: usize,
) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Error::protocol(stage, format_args!("the answer broke off: {error}")))?;
        let Some(data) = frame.data_ref() else { continue };
        if whole.len() + data.len() > limit {
            return Err(Error::protocol(stage, format_args!("the answer is larger than {limit} bytes")));
        }
        whole.extend_from_slice(data);
    }
    Ok(whole.freeze())
}

/// Headers as the caller gave them.
pub(crate) fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::misuse(format!("{name:?} is not a valid header name")))?;
        let mut parsed = HeaderValue::from_str(value).map_err(|_| {
            Error::misuse(format!("the value of header {name} holds characters that no header may hold"))
        })?;
        parsed.set_sensitive(true);
        map.append(name, parsed);
    }
    Ok(map)
}
