//! A small HTTP client: one request and its answer, bounded in time and size.
//!
//! hyper speaks HTTP; there is no library client above it, because the [`Dial`] decides how bytes reach the platform.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{HOST, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use tokio::time::timeout;

use crate::net::exchange::{AGENT, dial, exchange, header};
use crate::{Dial, Domain, Error, Limits, NetworkDial, Stage, Target, Timeouts};

/// An HTTP client for one site. Each call is bounded in time and size and opens its own connection.
///
/// An invalid setting makes every call return an error.
pub struct HttpClient {
    domain: Domain,
    dial: Arc<dyn Dial>,
    timeouts: Timeouts,
    limits: Limits,
    headers: Result<HeaderMap, Error>,
}

/// One HTTP request.
pub struct HttpRequest {
    method: String,
    path: String,
    headers: Result<HeaderMap, Error>,
    body: Bytes,
}

/// The answer to an [`HttpRequest`].
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Bytes,
    pub(super) headers: HeaderMap,
}

impl HttpRequest {
    /// Creates a request without headers and body. `method` is in capitals, `path` starts with `/` and includes the query.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), headers: Ok(HeaderMap::new()), body: Bytes::new() }
    }

    /// Sets a header. It replaces a header of the client with the same name.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers = self.headers.and_then(|mut headers| {
            let (name, value) = header(name.as_ref(), value.as_ref())?;
            headers.insert(name, value);
            Ok(headers)
        });
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl HttpResponse {
    /// The first header of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl HttpClient {
    /// Creates a client for `domain` with the default deadlines and limits, over a [`NetworkDial`].
    #[must_use]
    pub fn new(domain: Domain) -> Self {
        Self {
            domain,
            dial: Arc::new(NetworkDial::new()),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            headers: Ok(HeaderMap::new()),
        }
    }

    /// Sets the site to call.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domain = domain;
        self
    }

    /// Sets how byte streams are opened.
    #[must_use]
    pub fn dial(mut self, dial: impl Dial + 'static) -> Self {
        self.dial = Arc::new(dial);
        self
    }

    /// Sets the deadlines; `call` and those of dialling are used.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the limits; `response_bytes` is used.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a header to every call.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers = self.headers.and_then(|mut headers| {
            let (name, value) = header(name.as_ref(), value.as_ref())?;
            headers.append(name, value);
            Ok(headers)
        });
        self
    }

    /// The error of an invalid setting, if any.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.headers.as_ref().map(drop).map_err(Clone::clone)
    }

    /// Makes one call. Any HTTP status is returned as a response, not as an error.
    ///
    /// # Errors
    ///
    /// If the platform was not reached, its response was not valid HTTP or was over a limit, or a deadline passed; misuse
    /// if the request or a setting is invalid.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the call; the platform may have carried it out.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        self.send_at(Stage::Call, request).await
    }

    /// As [`send`](Self::send), with errors that name this stage.
    pub(crate) async fn send_at(&self, stage: Stage, request: HttpRequest) -> Result<HttpResponse, Error> {
        let (target, request) = self.prepare(request)?;
        let stream = dial(&*self.dial, &target, &self.timeouts).await?;
        let limit = self.timeouts.call;
        let failed = |error: hyper::Error| {
            Error::protocol(stage, format_args!("invalid HTTP response: {error}")).with_source(error)
        };
        let answer = exchange(stream, request, failed, |response| async move {
            let (head, body) = response.into_parts();
            let body = read_body(stage, body, self.limits.response_bytes).await?;
            Ok(HttpResponse { status: head.status.as_u16(), headers: head.headers, body })
        });
        timeout(limit, answer).await.unwrap_or_else(|_| Err(Error::timed_out(stage, limit)))
    }

    fn prepare(&self, call: HttpRequest) -> Result<(Target, Request<Full<Bytes>>), Error> {
        let base = self.domain.parts();
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = Method::from_bytes(call.method.as_bytes())
            .map_err(|_| Error::misuse(format!("{:?} is not an HTTP method", call.method)))?;
        if !call.path.starts_with('/') {
            return Err(Error::misuse("the path of the call must begin with a slash, such as /open-apis/…"));
        }
        *request.uri_mut() = format!("{}{}", base.path().trim_end_matches('/'), call.path)
            .parse()
            .map_err(|_| Error::misuse("the path of the call is not a valid URL path; percent-encode it"))?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.extend(self.headers.clone()?);
        headers.extend(call.headers?);
        let host_header = HeaderValue::from_str(base.authority).map_err(|_| {
            Error::misuse("the domain contains characters that are not allowed in a host name; check its URL")
        })?;
        headers.insert(HOST, host_header);
        Ok((Target::new(base.host, base.port(), base.is_tls()), request))
    }
}

/// Reads a body up to the limit. Memory is not reserved by `Content-Length`.
async fn read_body(stage: Stage, mut body: hyper::body::Incoming, limit: usize) -> Result<Bytes, Error> {
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

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// Shows method and path without its query.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("path", &path)
            .finish_non_exhaustive()
    }
}

/// Shows status and size.
impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
