//! A client of the platform's OpenAPI, which handles the app's access token and rate limits.

mod bot;
mod download;
mod error;
mod exchange;
mod fates;
mod patience;
mod rates;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use feishu_callbacks::openapi::{ApiCode, ApiCodeKind, Call, CallKind};
use feishu_transport::{AppSecret, Domain, HttpClient, HttpRequest};
use serde::Deserialize;

use bot::BotCache;
pub use download::Download;
pub use error::CallError;
pub(crate) use exchange::{ApiRequest, Exchange, Fake};
use exchange::{ApiStream, Bounds, Reply};
pub(crate) use fates::Fates;
use patience::{MAX_WAIT, Patience};
pub(crate) use rates::{Place, Rates, Target, Urgency};
pub use token::TenantToken;
use token::TokenCache;

use crate::{Error, RateCounts, Stats};

/// The content type of JSON.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// An OpenAPI client of one app: requests, caches and renews its tenant access token, and retries after rate limits.
///
/// Cheap to clone; clones share the token and the connections. Every call is bounded in time
/// ([`Timeouts`](feishu_transport::Timeouts)) and its answer in size (16 MiB, which is twice a page of the largest
/// messages); see [`with_timeout`](Self::with_timeout) and [`with_response_bytes`](Self::with_response_bytes). In a unit
/// test, use that of a [`FakeApi`](crate::testing::FakeApi).
///
/// JSON is called with [`send`](Self::send) and [`call`](Self::call), a file is fetched with [`download`](Self::download).
///
/// ```
/// use feishu_runtime::callbacks::openapi::{MessageSend, OutgoingMessage, Receiver};
/// use feishu_runtime::prelude::*;
/// use feishu_runtime::OpenApi;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let platform = feishu_gateway::Gateway::start().await?;
/// # let (app_id, secret, url) = (platform.app_id(), platform.app_secret(), platform.base_url());
/// let api = OpenApi::new(app_id, AppSecret::new(secret), Domain::url(url)?)?;
/// let message = OutgoingMessage::text("Your order is on its way");
/// let sent = api.send(&MessageSend { to: Receiver::Chat("oc_1".into()), message }).await?;
/// assert!(sent.message_id.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OpenApi {
    inner: Arc<Inner>,
    bounds: Bounds,
}

struct Inner {
    exchange: Exchange,
    tokens: TokenCache,
    bot: BotCache,
    rates: Rates,
    fates: Fates,
}

/// The successful answer to an [`OpenApi::call`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallAnswer {
    /// The whole body: JSON with `code` 0.
    pub body: Bytes,
    /// `X-Tt-Logid`, to quote to the platform's support.
    pub log_id: Option<String>,
}

impl OpenApi {
    /// Creates a client of an app on a site, over the network with default deadlines and limits.
    ///
    /// # Errors
    ///
    /// Misuse: an empty app id or secret.
    pub fn new(app_id: impl Into<String>, secret: AppSecret, domain: Domain) -> Result<Self, Error> {
        Self::with_client(HttpClient::new(domain), app_id, secret)
    }

    /// Creates a client of an app over a configured HTTP client, with its domain, dial, deadlines, headers and limits other
    /// than [`Limits::response_bytes`](feishu_transport::Limits).
    ///
    /// # Errors
    ///
    /// Misuse: an empty app id or secret.
    pub fn with_client(
        client: HttpClient,
        app_id: impl Into<String>,
        secret: AppSecret,
    ) -> Result<Self, Error> {
        Self::over(Exchange::Http(Box::new(client)), app_id.into(), secret)
    }

    pub(crate) fn over(exchange: Exchange, app_id: String, secret: AppSecret) -> Result<Self, Error> {
        if app_id.is_empty() || secret.expose().is_empty() {
            return Err(Error::misuse("calls to the OpenAPI need an App ID and an App Secret; one is empty"));
        }
        let (rates, fates) = (Rates::new(&app_id), Fates::new(&app_id));
        let (tokens, bot) = (TokenCache::new(app_id, secret), BotCache::default());
        let inner = Inner { exchange, tokens, bot, rates, fates };
        Ok(Self { inner: Arc::new(inner), bounds: Bounds::default() })
    }

    /// A clone whose calls have this deadline in place of [`Timeouts::call`](feishu_transport::Timeouts). It bounds each
    /// attempt, not the waits for a rate limit.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        let mut api = self.clone();
        api.bounds.timeout = Some(timeout);
        api
    }

    /// A clone whose calls accept answers of so many bytes, in place of 16 MiB. Downloads have bounds of their own.
    #[must_use]
    pub fn with_response_bytes(&self, limit: usize) -> Self {
        let mut api = self.clone();
        api.bounds.response_bytes = Some(limit);
        api
    }

    /// A clone whose calls fail, without being made, if the card that they send has a
    /// [finding](feishu_callbacks::Finding): something that the user's client would refuse or ignore. So do the streams that
    /// are opened with it. For tests, as
    /// [`DispatcherBuilder::strict_replies`](crate::DispatcherBuilder::strict_replies) is for answers; by default findings
    /// are logged as warnings.
    #[must_use]
    pub fn strict_cards(&self) -> Self {
        let mut api = self.clone();
        api.bounds.strict = true;
        api
    }

    /// By how many seconds the host's clock is ahead of the platform's, by the `Date` of its last answer; negative if it is
    /// behind. True to about 2 s. `None` before the first answer.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.inner.exchange.clock_ahead()
    }

    /// Sends one typed request of [`callbacks::openapi`](crate::callbacks::openapi) and reads its answer.
    ///
    /// # Errors
    ///
    /// If the platform refused it, with the meaning of the code and what to do, or was not reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the call; the platform may have carried it out.
    pub async fn send<C: Call + Sync>(&self, call: &C) -> Result<C::Data, CallError> {
        let (path, content_type) = (call.path(), call.content_type());
        let outgoing = Outgoing {
            method: C::METHOD,
            path: &path,
            content_type: &content_type,
            body: call.body().into(),
        };
        let answer = self.answered(&outgoing).await?;
        C::read_answer(&answer.body).map_err(|error| CallError::no_data(error, answer.log_id))
    }

    /// Makes one call with the app's token. `method` is in capitals, `path` starts with `/open-apis/` and includes the
    /// query, `body` is JSON or empty.
    ///
    /// If the platform rejects the token, it is renewed and the call repeated once. After a rate limit (HTTP 429, or a code
    /// that [`ApiCode::is_rate_limit`] knows) the call is repeated as the platform says, else after 1, 2 and 4 s: at most three
    /// times, with waits of at most 30 s and a quarter more by chance. A longer wait is an error; see
    /// [`CallError::retry_after`].
    ///
    /// So that this is rare, a call whose limits are documented waits for its turn before it is made: at most 45 in a
    /// second and 960 in a minute of each call of the app, 8 in a second for one card entity, 5 for one message and for one
    /// receiver. Waiting calls go in the order in which they came.
    ///
    /// # Errors
    ///
    /// If the platform refused the call, with its code, or was not reached. A call without an answer may have been carried
    /// out.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the call; the platform may have carried it out. The token stays usable.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<CallAnswer, CallError> {
        self.answered(&Outgoing::new(method, path, body.into())).await
    }

    async fn answered(&self, call: &Outgoing<'_>) -> Result<CallAnswer, CallError> {
        let counted = self.fates().call(CallKind::of(call.method, call.path));
        let made = match self.check_card(call.method, call.path, &call.body) {
            Ok(()) => self.made(call, false).await,
            Err(error) => Err(error),
        };
        counted.ended(made.as_ref().err());
        Ok(made?.into())
    }

    /// Makes a call, again while a wait can help. The answer is complete, unless it is to be a file.
    async fn made(&self, call: &Outgoing<'_>, is_file: bool) -> Result<ApiStream, CallError> {
        let place = Place::of(call.method, call.path, &call.body);
        let mut patience = Patience::default();
        loop {
            let again = patience.attempts > 0;
            let entered = self.rates().enter(&place, Urgency::First, again, Some(MAX_WAIT)).await;
            entered.map_err(|crowded| CallError::crowded(crowded).after(patience.attempts))?;
            let error = match self.made_once(&place, call, is_file).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            patience.attempts += error.attempts();
            if !patience.wait(call.path, &error).await {
                return Err(error.after(patience.attempts));
            }
        }
    }

    /// How often calls waited for the platform's rate limits so far; for all clones together.
    pub fn rate_counts(&self) -> RateCounts {
        self.rates().read()
    }

    /// What [`Stats`] tells of its calls; all else is 0.
    pub(crate) fn read_counts(&self) -> Stats {
        let fates = self.fates();
        Stats {
            streamed: fates.streamed(),
            streaming: fates.streaming(),
            sent: fates.sent(),
            rates: self.rate_counts(),
            ..Stats::default()
        }
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.inner.rates
    }

    /// The fates of later messages, and whether the app may use card entities.
    pub(crate) fn fates(&self) -> &Fates {
        &self.inner.fates
    }

    /// Makes one call whose turn has come, once more if the token is renewed.
    pub(crate) async fn attempt(
        &self,
        place: &Place,
        method: &str,
        path: &str,
        body: Bytes,
    ) -> Result<CallAnswer, CallError> {
        Ok(self.made_once(place, &Outgoing::new(method, path, body), false).await?.into())
    }

    async fn made_once(
        &self,
        place: &Place,
        call: &Outgoing<'_>,
        is_file: bool,
    ) -> Result<ApiStream, CallError> {
        let Inner { exchange, tokens, rates, .. } = &*self.inner;
        let &Outgoing { method, path, content_type, ref body } = call;
        let mut attempts = 0;
        loop {
            let token = tokens.token(exchange).await?;
            let (token_text, body, bounds) = (Some(token.expose()), body.clone(), self.bounds);
            let request = ApiRequest { method, path, token: token_text, content_type, body, bounds };
            attempts += 1;
            let failed = |error: CallError| error.after(attempts);
            let response = if is_file {
                let stream = exchange.open(request).await.map_err(|error| failed(error.into()))?;
                if stream.status < 400 {
                    rates.accepted(place);
                    return Ok(stream);
                }
                stream.into_refusal().await
            } else {
                exchange.send(request).await
            };
            let response = response.map_err(|error| failed(error.into()))?;
            let (code, msg) = match response.read() {
                Reply::Done => {
                    rates.accepted(place);
                    return Ok(response.into());
                }
                Reply::NotAnAnswer => {
                    return Err(failed(CallError::not_an_answer(response)));
                }
                Reply::Refused { code, msg } => (code, msg),
            };
            if code.is_bad_token() && attempts == 1 {
                tokens.drop_bad(&token).await;
                continue;
            }
            if response.is_rate_limit(code) {
                rates.refused(place, code, response.reset_after);
            }
            return Err(failed(CallError::refused(code, msg, CallKind::of(method, path), response)));
        }
    }
}

/// A call as it is made.
struct Outgoing<'a> {
    method: &'a str,
    path: &'a str,
    content_type: &'a str,
    body: Bytes,
}

impl<'a> Outgoing<'a> {
    /// A call with JSON or no body.
    fn new(method: &'a str, path: &'a str, body: Bytes) -> Self {
        Self { method, path, content_type: JSON, body }
    }
}

impl OpenApi {
    /// Looks at the card that a call sends, as is done for the card of an answer.
    pub(crate) fn check_card(&self, method: &str, path: &str, body: &[u8]) -> Result<(), CallError> {
        for finding in CallKind::of(method, path).findings(body) {
            if self.bounds.strict {
                return Err(CallError::bad_card(finding.to_string()));
            }
            let path = path.split('?').next().unwrap_or_default();
            tracing::warn!(method, path, %finding, "the user's client will not show this card as intended");
        }
        Ok(())
    }
}

impl fmt::Debug for OpenApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApi").finish_non_exhaustive()
    }
}
