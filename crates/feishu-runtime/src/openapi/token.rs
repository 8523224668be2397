//! The app's tenant access token: cached, shared by concurrent calls, renewed before it expires.

use std::time::Duration;

use bytes::Bytes;
use feishu_callbacks::AppId;
use feishu_callbacks::openapi::{AccessToken, Call as _, CallKind, TokenAnswer, TokenRequest};
use feishu_transport::AppSecret;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{ApiRequest, Bounds, CallError, Exchange, JSON, OpenApi, Patience, Reply};

/// The remaining lifetime at which a token is renewed. With less than 30 minutes left the platform issues a new one, and
/// the old one stays valid.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// A token and when to renew it.
#[derive(Clone)]
pub(super) struct Token {
    value: AccessToken,
    renew_at: Instant,
    ends: Instant,
}

impl Token {
    pub(super) fn expose(&self) -> &str {
        self.value.expose()
    }
}

/// The app's tenant access token, for a client of your own. `Debug` does not show the token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TenantToken {
    /// The token: `Authorization: Bearer` and [`expose`](AccessToken::expose).
    pub token: AccessToken,
    /// How long it is valid from now on, at most 2 hours. Usually at least 10 minutes: one with less is renewed first.
    pub valid_for: Duration,
}

impl OpenApi {
    /// The app's current tenant access token, for a client of your own. It is shared with the calls of this client and all
    /// its clones, and requested only when there is none or it has less than 10 minutes left.
    ///
    /// Ask for it before each call instead of keeping it. If the platform rejects it (99991663), see
    /// [`drop_token`](Self::drop_token).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let api = feishu_runtime::testing::FakeApi::new().api();
    /// let current = api.token().await?;
    /// let header = format!("Bearer {}", current.token.expose());
    /// # assert_eq!((header.as_str(), current.valid_for.as_secs() > 600), ("Bearer t-fake", true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the platform refused the request for a token, or was not reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons a request that is on its way; the next call makes another.
    pub async fn token(&self) -> Result<TenantToken, CallError> {
        let Token { value, ends, .. } = self.inner.tokens.token(&self.inner.exchange).await?;
        Ok(TenantToken { token: value, valid_for: ends.saturating_duration_since(Instant::now()) })
    }

    /// Forgets a token that the platform rejected, so that the next call requests another. No effect if it was renewed
    /// meanwhile. Calls of this client do so themselves.
    pub async fn drop_token(&self, rejected: &AccessToken) {
        self.inner.tokens.drop_value(rejected).await;
    }
}

/// The token of one app at one site. Concurrent callers share one request for it.
pub(super) struct TokenCache {
    app_id: AppId,
    secret: AppSecret,
    current: Mutex<Option<Token>>,
}

impl TokenCache {
    pub(super) fn new(app_id: String, secret: AppSecret) -> Self {
        Self { app_id: app_id.into(), secret, current: Mutex::new(None) }
    }

    pub(super) async fn token(&self, exchange: &Exchange) -> Result<Token, CallError> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| Instant::now() < token.renew_at) {
            return Ok(token.clone());
        }
        let token = self.request(exchange).await?;
        *current = Some(token.clone());
        Ok(token)
    }

    /// Drops a token that the platform rejected, unless it was replaced meanwhile.
    pub(super) async fn drop_bad(&self, bad: &Token) {
        self.drop_value(&bad.value).await;
    }

    async fn drop_value(&self, bad: &AccessToken) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| token.value == *bad) {
            *current = None;
        }
    }

    async fn request(&self, exchange: &Exchange) -> Result<Token, CallError> {
        let call = TokenRequest { app_id: &self.app_id, app_secret: self.secret.expose() };
        let (method, path, body) = (TokenRequest::METHOD, call.path(), Bytes::from(call.body()));
        let (mut patience, bounds) = (Patience::default(), Bounds::default());
        let (asked, response) = loop {
            let asked = Instant::now();
            let request = ApiRequest {
                method,
                path: &path,
                token: None,
                content_type: JSON,
                body: body.clone(),
                bounds,
            };
            patience.attempts += 1;
            let failed = |error: CallError| error.after(patience.attempts);
            let response = exchange.send(request).await.map_err(|error| failed(error.into()))?;
            let Reply::Refused { code, msg } = response.read() else { break (asked, response) };
            let error = CallError::refused(code, msg, CallKind::Token, response);
            if !patience.wait(&path, &error).await {
                return Err(error.after(patience.attempts));
            }
        };
        let given = TokenRequest::read_answer(&response.body).and_then(TokenAnswer::into_token);
        let Ok((value, life)) = given else {
            return Err(CallError::not_an_answer(response));
        };
        Ok(Token { value, renew_at: asked + life.saturating_sub(MARGIN.min(life / 2)), ends: asked + life })
    }
}
