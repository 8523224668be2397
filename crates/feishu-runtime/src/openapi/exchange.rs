//! One HTTP exchange of [`OpenApi`](super::OpenApi), over the network or with a fake in a test.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use feishu_transport::Error as TransportError;

use super::{ApiCode, Deserialize, HttpClient, HttpRequest};

/// Maximum characters of the platform's message that an error keeps.
const MAX_MESSAGE: usize = 500;
/// Maximum characters kept of a log id.
const MAX_LOG_ID: usize = 100;

/// The target of calls.
pub(crate) enum Exchange {
    Http(Box<HttpClient>),
    Fake(Arc<dyn Fake>),
}

/// Answers calls without a network.
pub(crate) trait Fake: Send + Sync {
    /// Returns status and body of the answer.
    fn answer(&self, request: &ApiRequest<'_>) -> (u16, Bytes);
}

/// An outgoing call.
pub(crate) struct ApiRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) token: Option<&'a str>,
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
    pub(super) log_id: Option<String>,
    /// The wait that a rate limit asks for.
    pub(super) reset_after: Option<Duration>,
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

    pub(super) async fn send(&self, request: ApiRequest<'_>) -> Result<ApiResponse, TransportError> {
        let client = match self {
            Self::Http(client) => client,
            Self::Fake(fake) => {
                let (status, body) = fake.answer(&request);
                return Ok(ApiResponse { status, body, log_id: None, reset_after: None });
            }
        };
        let mut http = HttpRequest::new(request.method, request.path)
            .header("content-type", "application/json; charset=utf-8")
            .body(request.body);
        if let Some(token) = request.token {
            http = http.header("authorization", format!("Bearer {token}"));
        }
        if let Some(timeout) = request.bounds.timeout {
            http = http.timeout(timeout);
        }
        if let Some(limit) = request.bounds.response_bytes {
            http = http.response_bytes(limit);
        }
        let response = client.send(http).await?;
        let seconds = ["x-ogw-ratelimit-reset", "retry-after"]
            .into_iter()
            .find_map(|name| response.header(name)?.trim().parse::<u32>().ok());
        let log_id = response.header("x-tt-logid");
        Ok(ApiResponse {
            status: response.status,
            log_id: log_id.map(|id| id.chars().filter(char::is_ascii_graphic).take(MAX_LOG_ID).collect()),
            reset_after: seconds.map(|seconds| Duration::from_secs(seconds.max(1).into())),
            body: response.body,
        })
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
