//! A request and its answer, as values.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use crate::Error;
use crate::net::exchange::header;

/// One HTTP request.
pub struct HttpRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Result<HeaderMap, Error>,
    pub(super) body: Bytes,
    pub(super) timeout: Option<Duration>,
    pub(super) response_bytes: Option<usize>,
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
        Self {
            method: method.into(),
            path: path.into(),
            headers: Ok(HeaderMap::new()),
            body: Bytes::new(),
            timeout: None,
            response_bytes: None,
        }
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

    /// The deadline of this call in place of [`Timeouts::call`](crate::Timeouts::call).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The largest body of this call's answer, in bytes, in place of
    /// [`Limits::response_bytes`](crate::Limits::response_bytes).
    #[must_use]
    pub fn response_bytes(mut self, limit: usize) -> Self {
        self.response_bytes = Some(limit);
        self
    }
}

impl HttpResponse {
    /// The first header of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
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
