//! A small HTTP client: requests and their answers, bounded in time and size, over connections that are kept.
//!
//! hyper speaks HTTP; there is no library client above it, because the [`Dial`] decides how bytes reach the platform.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{DATE, HOST, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request};
use http_body_util::Full;
use tokio::time::{Instant, timeout};

use super::date::ClockAhead;
use super::pool::{Open, Pool};
use super::request::{HttpRequest, HttpResponse};
use super::stream::{Back, HttpStream};
use crate::net::exchange::{AGENT, dial, header};
use crate::{Dial, Domain, Error, Limits, NetworkDial, Stage, Target, Timeouts};

/// An HTTP client for one site. Each call is bounded in time and size.
///
/// At most eight connections are kept for the next calls, each for [`Timeouts::keep_alive`]. If one turns out to be closed
/// by the site, the call is made once more over a new one, unless it was sent already and could be carried out twice.
///
/// An invalid setting makes every call return an error.
pub struct HttpClient {
    domain: Domain,
    dial: Arc<dyn Dial>,
    timeouts: Timeouts,
    limits: Limits,
    headers: Result<HeaderMap, Error>,
    pool: Pool,
    clock: ClockAhead,
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
            pool: Pool::default(),
            clock: ClockAhead::unknown(),
        }
    }

    /// Sets the site to call.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domain = domain;
        self.pool = Pool::default();
        self
    }

    /// Sets how byte streams are opened.
    #[must_use]
    pub fn dial(mut self, dial: impl Dial + 'static) -> Self {
        self.dial = Arc::new(dial);
        self.pool = Pool::default();
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

    /// Makes one call and returns when the header of its answer has come; the body is read with [`HttpStream::chunk`] and
    /// has no bound but the reader's. The deadline of the call is that of the header, and then of each piece of the body, so
    /// that a large answer may take its time as long as something comes.
    ///
    /// # Errors
    ///
    /// If the platform was not reached, its response was not valid HTTP, its header was over a limit, or the deadline
    /// passed; misuse if the request or a setting is invalid.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the call; the platform may have carried it out.
    pub async fn open(&self, request: HttpRequest) -> Result<HttpStream, Error> {
        let call = self.call(Stage::Call, request)?;
        self.open_call(&call).await
    }

    /// By how many seconds the host's clock is ahead of the site's, by the `Date` of the last answer; negative if it is
    /// behind. True to about 2 s. `None` before the first answer.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.clock.get()
    }

    /// As [`send`](Self::send), with errors that name this stage.
    pub(crate) async fn send_at(&self, stage: Stage, request: HttpRequest) -> Result<HttpResponse, Error> {
        let call = self.call(stage, request)?;
        self.open_call(&call).await?.collect(call.bytes).await
    }

    /// A request with its bounds.
    fn call(&self, stage: Stage, request: HttpRequest) -> Result<Call, Error> {
        Ok(Call {
            stage,
            time: request.timeout.unwrap_or_else(|| self.timeouts.call + upload_time(request.body.len())),
            bytes: request.response_bytes.unwrap_or(self.limits.response_bytes),
            keep: if stage == Stage::Call { self.timeouts.keep_alive } else { Duration::ZERO },
            request: self.prepare(request)?,
        })
    }

    async fn open_call(&self, call: &Call) -> Result<HttpStream, Error> {
        if let Some(kept) = self.pool.take(call.keep) {
            match self.exchange(kept, call).await {
                Err(Failure { retry: true, error }) => {
                    tracing::debug!(%error, "a kept connection was closed meanwhile; calling over a new one");
                }
                done => return done.map_err(|failure| failure.error),
            }
        }
        let base = self.domain.parts();
        let target = Target::new(base.host, base.port(), base.is_tls());
        let stream = dial(&*self.dial, &target, &self.timeouts).await?;
        let open = Open::over(stream, self.limits.header_bytes).await;
        let open = open.map_err(|error| self.invalid(call.stage, error))?;
        self.exchange(open, call).await.map_err(|failure| failure.error)
    }

    /// One request and the header of its answer. The connection is kept when the body was read to its end.
    async fn exchange(&self, mut open: Open, call: &Call) -> Result<HttpStream, Failure> {
        let ends = Instant::now().checked_add(call.time);
        let head = async {
            // Without this a request would be given to a connection that is known to be closed.
            open.sender
                .ready()
                .await
                .map_err(|error| Failure { retry: true, error: self.invalid(call.stage, error) })?;
            let sent = open.sender.try_send_request(call.request.clone()).await;
            sent.map_err(|mut failed| {
                let unsent = failed.take_message().is_some();
                let error = failed.into_error();
                let closed = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
                let retry = unsent || closed && call.request.method().is_idempotent();
                Failure { retry, error: self.invalid(call.stage, error) }
            })
        };
        let head: Result<_, Failure> = timeout(call.time, head)
            .await
            .unwrap_or_else(|_| Err(Error::timed_out(call.stage, call.time).into()));
        let (head, body) = head?.into_parts();
        if let Some(date) = head.headers.get(DATE).and_then(|date| date.to_str().ok()) {
            self.clock.learn(date, SystemTime::now());
        }
        Ok(HttpStream {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            stage: call.stage,
            time: call.time,
            ends,
            back: Some(Back { open, pool: self.pool.clone(), keep: call.keep }),
        })
    }

    fn invalid(&self, stage: Stage, error: hyper::Error) -> Error {
        // hyper reports to a server only which part could not be read.
        let detail = if error.is_parse() && error.to_string().contains("too large") {
            let limit = self.limits.header_bytes;
            format!(
                "the header of the answer is larger than {limit} bytes (Limits::header_bytes), or has more than 100 lines"
            )
        } else {
            format!("invalid HTTP response: {error}")
        };
        Error::protocol(stage, detail).with_source(error)
    }

    fn prepare(&self, call: HttpRequest) -> Result<Request<Full<Bytes>>, Error> {
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
        Ok(request)
    }
}

/// What a call gets besides its deadline: a second for each 128 KiB of its body.
fn upload_time(bytes: usize) -> Duration {
    Duration::from_secs((bytes >> 17).try_into().unwrap_or(u64::MAX >> 32))
}

/// A request on its way, and its bounds.
struct Call {
    stage: Stage,
    time: Duration,
    bytes: usize,
    /// How long the connection is kept after it.
    keep: Duration,
    request: Request<Full<Bytes>>,
}

/// Why an exchange failed, and whether the site can have seen nothing of the request, or may see it twice.
struct Failure {
    retry: bool,
    error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { retry: false, error }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("domain", &self.domain).finish_non_exhaustive()
    }
}
