//! What the platform answered to a call: success, or a refusal and whether waiting helps.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;

use super::{HttpResponse, LOG_ID};
use crate::{Error, ErrorKind, Stage};

/// Code of the rate limit; it comes with HTTP status 429 (earlier 400).
const RATE_LIMIT: i64 = 99_991_400;

/// A successful answer: `code` 0.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiAnswer {
    /// The whole body, JSON.
    pub body: Bytes,
    /// `X-Tt-Logid`, to quote to the platform's support.
    pub log_id: Option<String>,
}

/// What every answer has.
#[derive(Deserialize)]
struct Outcome {
    code: Option<i64>,
    #[serde(default)]
    msg: Option<String>,
}

/// A call that the platform answered with something else than success.
pub(super) struct Refused {
    pub(super) code: i64,
    /// How long to wait before the call may be made again, if waiting helps.
    pub(super) retry_after: Option<Duration>,
    pub(super) error: Error,
}

/// Tells success from refusal.
pub(super) fn read(response: HttpResponse) -> Result<ApiAnswer, Refused> {
    let log_id = log_id(&response.headers);
    let outcome: Option<Outcome> = serde_json::from_slice(&response.body).ok();
    let code = outcome.as_ref().and_then(|outcome| outcome.code);
    match code {
        Some(0) if response.status < 400 => Ok(ApiAnswer { body: response.body, log_id }),
        None if response.status < 400 => Err(Refused {
            code: 0,
            retry_after: None,
            error: Error::protocol(
                Stage::Call,
                "the answer is not the platform's JSON; check domain and proxy",
            ),
        }),
        code => {
            let code = code.filter(|code| *code != 0).unwrap_or_else(|| i64::from(response.status));
            let message = outcome.and_then(|outcome| outcome.msg).unwrap_or_default();
            let limited = response.status == 429 || code == RATE_LIMIT;
            Err(Refused {
                code,
                retry_after: limited.then(|| reset_after(&response.headers)),
                error: Error::new(ErrorKind::CallRefused {
                    code,
                    message: message.chars().take(500).collect(),
                    status: response.status,
                    log_id,
                }),
            })
        }
    }
}

/// Seconds until the rate limit is over; one where the platform does not say.
fn reset_after(headers: &HeaderMap) -> Duration {
    let seconds = ["x-ogw-ratelimit-reset", "retry-after"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok());
    Duration::from_secs(seconds.unwrap_or(1).max(1).into())
}

fn log_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(LOG_ID)?.to_str().ok()?;
    Some(id.chars().filter(char::is_ascii_graphic).take(100).collect())
}
