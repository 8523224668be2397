//! The app's tenant access token: asked for once, shared, renewed before its end.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::outcome::read;
use super::{HttpClient, HttpRequest};
use crate::{AppSecret, Error, Stage};

const PATH: &str = "/open-apis/auth/v3/tenant_access_token/internal";
/// A token is renewed when less than this is left of it. Asked with less than 30 minutes left the platform gives a new
/// one, and the old one stays valid.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// A token; shown by no `Debug`.
#[derive(Clone)]
pub(super) struct Token {
    value: Zeroizing<String>,
    renew_at: Instant,
}

impl Token {
    pub(super) fn expose(&self) -> &str {
        &self.value
    }
}

/// The token of one app at one site. Whoever comes while it is being renewed waits for that one call.
pub(super) struct TokenCache {
    app_id: String,
    secret: AppSecret,
    current: Mutex<Option<Token>>,
}

#[derive(Serialize)]
struct Ask<'a> {
    app_id: &'a str,
    app_secret: &'a str,
}

#[derive(Deserialize)]
struct Given {
    tenant_access_token: String,
    expire: u64,
}

impl TokenCache {
    pub(super) fn new(app_id: String, secret: AppSecret) -> Self {
        Self { app_id, secret, current: Mutex::new(None) }
    }

    pub(super) async fn token(&self, client: &HttpClient) -> Result<Token, Error> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| Instant::now() < token.renew_at) {
            return Ok(token.clone());
        }
        let token = self.ask(client).await?;
        *current = Some(token.clone());
        Ok(token)
    }

    /// Forgets a token that the platform called bad, unless another one has taken its place meanwhile.
    pub(super) async fn drop_bad(&self, bad: &Token) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| token.value == bad.value) {
            *current = None;
        }
    }

    async fn ask(&self, client: &HttpClient) -> Result<Token, Error> {
        let ask = Ask { app_id: self.app_id.as_str(), app_secret: self.secret.expose() };
        let body = serde_json::to_vec(&ask)
            .map_err(|error| Error::misuse("the credentials cannot be written as JSON").with_source(error))?;
        let asked = Instant::now();
        let request = HttpRequest::new("POST", PATH)
            .header("content-type", "application/json; charset=utf-8")
            .body(body);
        let response = client.send(request).await?;
        let answer = read(response).map_err(|refused| refused.error)?;
        // The parser's own words could quote the token.
        let given: Given = serde_json::from_slice(&answer.body).map_err(|_| {
            Error::protocol(Stage::Call, "the platform's answer holds no tenant_access_token")
        })?;
        let life = Duration::from_secs(given.expire);
        Ok(Token {
            value: Zeroizing::new(given.tenant_access_token),
            renew_at: asked + life.saturating_sub(MARGIN.min(life / 2)),
        })
    }
}
