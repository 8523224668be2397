//! Calls to the platform's OpenAPI with the app's token: what a handler needs after its answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use super::outcome::{ApiAnswer, read};
use super::token::TokenCache;
use super::{HttpClient, HttpRequest};
use crate::{AppSecret, Credential, Domain, Error, LongConnectionBuilder};

/// How often a call that met the rate limit is made again.
const RATE_LIMIT_RETRIES: usize = 3;
/// The longest wait that a rate limit may ask for; a longer one is an error, so that no call hangs.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Codes that say that the token is bad: missing, expired, of another kind, malformed.
const BAD_TOKEN: &[i64] = &[99_991_661, 99_991_663, 99_991_664, 99_991_665, 99_991_668, 99_991_671];

/// Calls the OpenAPI as one app: gets, caches and renews its tenant access token, waits out rate limits.
///
/// Cheap to clone; clones share the token. Every call is bounded in time ([`Timeouts`](crate::Timeouts)) and size
/// ([`Limits::response_bytes`](crate::Limits)).
#[derive(Clone)]
pub struct OpenApi(Arc<Inner>);

struct Inner {
    client: HttpClient,
    tokens: TokenCache,
}

impl OpenApi {
    /// Calls as this app on this site, over the network with the default dial.
    ///
    /// # Errors
    ///
    /// Misuse: empty credentials.
    pub fn new(app_id: impl Into<String>, secret: AppSecret, domain: Domain) -> Result<Self, Error> {
        Self::from_builder(&crate::LongConnection::builder(app_id, secret).domain(domain))
    }

    /// Calls as the app of a long connection, the same way out: its domain, proxy, TLS, dial, limits and deadlines.
    ///
    /// # Errors
    ///
    /// Misuse: empty credentials, a proxy or TLS that cannot be set up.
    pub fn from_builder(builder: &LongConnectionBuilder) -> Result<Self, Error> {
        let client = builder.http_client(builder.dial_of_both_legs()?)?;
        client.check()?;
        let Some(Credential::Secret(secret)) = &builder.credential else {
            return Err(Error::misuse("calls to the OpenAPI need an app secret; give the builder one"));
        };
        if builder.app_id.is_empty() || secret.expose().is_empty() {
            return Err(Error::misuse("App ID and App Secret must not be empty"));
        }
        let tokens = TokenCache::new(builder.app_id.clone(), secret.clone());
        Ok(Self(Arc::new(Inner { client, tokens })))
    }

    /// One call with the app's token: `method` in capitals, `path` from `/open-apis/` on with its query, `body` as JSON
    /// or empty.
    ///
    /// A token that the platform calls bad is renewed and the call made once more; a rate limit is waited out as told,
    /// at most 30 s and three times.
    ///
    /// # Errors
    ///
    /// [`CallRefused`](crate::ErrorKind::CallRefused) with the platform's code, or what kept the call from reaching it. A call whose answer
    /// did not come may have been carried out all the same.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the call; the platform may have carried it out. The token cache stays usable.
    pub async fn call(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Result<ApiAnswer, Error> {
        let body = body.into();
        let mut renewed = false;
        let mut waits = 0;
        loop {
            let token = self.0.tokens.token(&self.0.client).await?;
            let bearer = format!("Bearer {}", token.expose());
            let request = HttpRequest::new(method, path)
                .header("content-type", "application/json; charset=utf-8")
                .header("authorization", bearer)
                .body(body.clone());
            let response = self.0.client.send(request).await?;
            let refused = match read(response) {
                Ok(answer) => return Ok(answer),
                Err(refused) => refused,
            };
            if BAD_TOKEN.contains(&refused.code) && !renewed {
                renewed = true;
                self.0.tokens.drop_bad(&token).await;
                continue;
            }
            match refused.retry_after.filter(|wait| *wait <= LONGEST_WAIT && waits < RATE_LIMIT_RETRIES) {
                Some(wait) => {
                    waits += 1;
                    tracing::debug!(path, ?wait, "rate limit; waiting as told");
                    sleep(wait).await;
                }
                None => return Err(refused.error),
            }
        }
    }
}

impl fmt::Debug for OpenApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApi").finish_non_exhaustive()
    }
}
