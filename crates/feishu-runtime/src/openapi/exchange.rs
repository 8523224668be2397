//! One HTTP exchange of [`OpenApi`](super::OpenApi), over the network or with a fake in a test.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use feishu_transport::{Error as TransportError, HttpStream};

use super::{ApiCode, CallAnswer, Deserialize, HttpClient, HttpRequest};

/// Maximum characters of the platform's message that an error keeps.
const MAX_MESSAGE: usize = 500;
/// Maximum characters kept of a log id or a content type.
const MAX_WORD: usize = 100;
/// Maximum bytes of JSON answers, unless the call says otherwise: a page of 50 messages of 150 KB has 7.5 MB.
const MAX_JSON: usize = 16 << 20;
/// Maximum bytes that are read of a refusal in place of a file.
const MAX_REFUSAL: usize = 64 << 10;

/// The target of calls.
pub(crate) enum Exchange {
    Http(Box<HttpClient>),
    Fake(Arc<dyn Fake>),
}

/// Answers calls without a network.
pub(crate) trait Fake: Send + Sync {
    /// Returns status, content type and body of the answer.
    fn answer(&self, request: &ApiRequest<'_>) -> (u16, String, Bytes);
}

/// An outgoing call.
pub(crate) struct ApiRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) content_type: &'a str,
    pub(crate) body: Bytes,
    pub(super) bounds: Bounds,
}

/// Bounds of one call in place of the client's.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bounds {
    pub(super) timeout: Option<Duration>,
    pub(super) response_bytes: Option<usize>,
    /// Whether a finding in a card fails the call.
    pub(super) strict: bool,
}

/// The answer to a call.
pub(super) struct ApiResponse {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) log_id: Option<String>,
    /// The wait that a rate limit asks for.
    pub(super) reset_after: Option<Duration>,
}

/// The answer to a call whose body is read piece by piece.
pub(super) struct ApiStream {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    /// `Content-Length`.
    pub(super) length: Option<u64>,
    pub(super) log_id: Option<String>,
    reset_after: Option<Duration>,
    source: Source,
}

enum Source {
    Http(Box<HttpStream>),
    Whole(Bytes),
}

/// The result of an answer.
pub(super) enum Reply {
    Done,
    Refused {
        code: ApiCode,
        msg: String,
    },
    /// Not JSON of the platform: a page of a proxy or of another server.
    NotAnAnswer,
}

impl Exchange {
    pub(super) fn clock_ahead(&self) -> Option<i64> {
        match self {
            Self::Http(client) => client.clock_ahead(),
            Self::Fake(_) => None,
        }
    }

    /// Makes a call and reads its answer to the end.
    pub(super) async fn send(&self, request: ApiRequest<'_>) -> Result<ApiResponse, TransportError> {
        let client = match self {
            Self::Http(client) => client,
            Self::Fake(fake) => {
                let (status, content_type, body) = fake.answer(&request);
                let content_type = Some(content_type);
                return Ok(ApiResponse { status, body, content_type, log_id: None, reset_after: None });
            }
        };
        let response = client.send(request.into_http()).await?;
        Ok(ApiResponse {
            status: response.status,
            content_type: content_type(response.header("content-type")),
            log_id: log_id(response.header("x-tt-logid")),
            reset_after: reset_after(|name| response.header(name)),
            body: response.body,
        })
    }

    /// Makes a call and returns when the header of its answer has come.
    pub(super) async fn open(&self, request: ApiRequest<'_>) -> Result<ApiStream, TransportError> {
        let client = match self {
            Self::Http(client) => client,
            Self::Fake(fake) => {
                let (status, content_type, body) = fake.answer(&request);
                let (length, source) = (u64::try_from(body.len()).ok(), Source::Whole(body));
                let content_type = Some(content_type);
                return Ok(ApiStream {
                    status,
                    content_type,
                    length,
                    log_id: None,
                    reset_after: None,
                    source,
                });
            }
        };
        let stream = client.open(request.into_http()).await?;
        Ok(ApiStream {
            status: stream.status,
            content_type: content_type(stream.header("content-type")),
            length: stream.header("content-length").and_then(|length| length.parse().ok()),
            log_id: log_id(stream.header("x-tt-logid")),
            reset_after: reset_after(|name| stream.header(name)),
            source: Source::Http(Box::new(stream)),
        })
    }
}

impl ApiRequest<'_> {
    fn into_http(self) -> HttpRequest {
        let mut http = HttpRequest::new(self.method, self.path)
            .header("content-type", self.content_type)
            .response_bytes(self.bounds.response_bytes.unwrap_or(MAX_JSON))
            .body(self.body);
        if let Some(token) = self.token {
            http = http.header("authorization", format!("Bearer {token}"));
        }
        if let Some(timeout) = self.bounds.timeout {
            http = http.timeout(timeout);
        }
        http
    }
}

fn log_id(header: Option<&str>) -> Option<String> {
    header.map(|id| id.chars().filter(char::is_ascii_graphic).take(MAX_WORD).collect())
}

fn content_type(header: Option<&str>) -> Option<String> {
    header.map(|kind| kind.chars().filter(|letter| !letter.is_control()).take(MAX_WORD).collect())
}

fn reset_after<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Duration> {
    let seconds = ["x-ogw-ratelimit-reset", "retry-after"]
        .into_iter()
        .find_map(|name| header(name)?.trim().parse::<u32>().ok());
    seconds.map(|seconds| Duration::from_secs(seconds.max(1).into()))
}

impl ApiStream {
    /// The next piece of the body.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        match &mut self.source {
            Source::Http(stream) => stream.chunk().await,
            Source::Whole(body) => Ok(Some(std::mem::take(body)).filter(|body| !body.is_empty())),
        }
    }

    /// Reads a refusal in place of a file. What is longer than any refusal is cut off.
    pub(super) async fn into_refusal(mut self) -> Result<ApiResponse, TransportError> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_REFUSAL {
                break;
            }
        }
        let Self { status, content_type, log_id, reset_after, .. } = self;
        Ok(ApiResponse { status, body: body.freeze(), content_type, log_id, reset_after })
    }
}

impl From<ApiResponse> for ApiStream {
    fn from(response: ApiResponse) -> Self {
        let ApiResponse { status, body, content_type, log_id, reset_after } = response;
        let length = u64::try_from(body.len()).ok();
        Self { status, content_type, length, log_id, reset_after, source: Source::Whole(body) }
    }
}

/// The answer to a call that was read to its end.
impl From<ApiStream> for CallAnswer {
    fn from(answer: ApiStream) -> Self {
        let body = match answer.source {
            Source::Whole(body) => body,
            Source::Http(_) => Bytes::new(),
        };
        Self { body, log_id: answer.log_id }
    }
}

impl ApiResponse {
    /// Whether this refusal means too many calls.
    pub(super) fn is_rate_limit(&self, code: ApiCode) -> bool {
        self.status == 429 || code.is_rate_limit()
    }

    /// Distinguishes success from refusal, without parsing `data`.
    pub(super) fn read(&self) -> Reply {
        #[derive(Deserialize)]
        struct Outcome {
            code: Option<i64>,
            #[serde(default)]
            msg: Option<String>,
        }

        let outcome = serde_json::from_slice::<Outcome>(&self.body).ok();
        let code = outcome.as_ref().and_then(|outcome| outcome.code);
        match code {
            Some(0) if self.status < 400 => Reply::Done,
            None if self.status < 400 => Reply::NotAnAnswer,
            code => {
                let code = code.filter(|code| *code != 0).unwrap_or_else(|| i64::from(self.status));
                let msg = outcome.and_then(|outcome| outcome.msg).unwrap_or_default();
                let msg = msg.chars().filter(|letter| !letter.is_control()).take(MAX_MESSAGE).collect();
                Reply::Refused { code: ApiCode(code), msg }
            }
        }
    }
}
