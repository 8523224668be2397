//! The app's tenant access token: cached, shared by concurrent calls, renewed before it expires.

use std::time::Duration;

use bytes::Bytes;
use feishu_callbacks::AppId;
use feishu_callbacks::openapi::{AccessToken, Call as _, CallKind, TokenAnswer, TokenRequest};
use feishu_transport::AppSecret;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{ApiRequest, Bounds, CallError, Exchange, Patience, Reply};

/// The remaining lifetime at which a token is renewed. With less than 30 minutes left the platform issues a new one, and
/// the old one stays valid.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// A token and when to renew it.
#[derive(Clone)]
pub(super) struct Token {
    value: AccessToken,
    renew_at: Instant,
}

impl Token {
    pub(super) fn expose(&self) -> &str {
        self.value.expose()
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
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| token.value == bad.value) {
            *current = None;
        }
    }

    async fn request(&self, exchange: &Exchange) -> Result<Token, CallError> {
        let call = TokenRequest { app_id: &self.app_id, app_secret: self.secret.expose() };
        let (method, path, body) = (TokenRequest::METHOD, call.path(), Bytes::from(call.body()));
        let (mut patience, bounds) = (Patience::default(), Bounds::default());
        let (asked, response) = loop {
            let asked = Instant::now();
            let request = ApiRequest { method, path: &path, token: None, body: body.clone(), bounds };
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
            return Err(CallError::not_an_answer(response.status, response.log_id));
        };
        Ok(Token { value, renew_at: asked + life.saturating_sub(MARGIN.min(life / 2)) })
    }
}
