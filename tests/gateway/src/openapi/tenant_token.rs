//! `tenant_access_token` of a custom app.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::Refused;
use crate::envelope::id;
use crate::shared::{Shared, lock};

/// Life of a token ("tenant access token of a custom app").
const LIFE: Duration = Duration::from_secs(2 * 60 * 60);
/// With this much left, the same token is given again (same page).
const RENEW_BELOW: Duration = Duration::from_secs(30 * 60);

/// Tokens that were issued and have not ended.
#[derive(Debug, Default)]
pub(crate) struct TenantTokens(Vec<TenantToken>);

#[derive(Debug)]
struct TenantToken {
    app: Arc<str>,
    text: String,
    ends: Instant,
}

impl TenantTokens {
    /// The newest token of an app while it has enough time left, or a new one, and the time it has left.
    fn issue(&mut self, app: &Arc<str>) -> (String, Duration) {
        let now = Instant::now();
        self.0.retain(|token| token.ends > now);
        let newest = self.0.iter().rev().find(|token| token.app == *app);
        if let Some(token) = newest.filter(|token| token.ends - now >= RENEW_BELOW) {
            return (token.text.clone(), token.ends - now);
        }
        let text = id("t-");
        self.0.push(TenantToken { app: Arc::clone(app), text: text.clone(), ends: now + LIFE });
        (text, LIFE)
    }

    /// The app that an `Authorization` header speaks for.
    pub(super) fn check(&self, authorization: &str) -> Result<Arc<str>, Refused> {
        if authorization.is_empty() {
            return Err(Refused::code(99_991_661, "Missing access token for authorization"));
        }
        let text = authorization.strip_prefix("Bearer ").unwrap_or_default();
        if !text.starts_with("t-") && !text.starts_with("u-") {
            return Err(Refused::code(99_991_671, "the token must begin with t- or u-"));
        }
        let now = Instant::now();
        let found = self.0.iter().find(|token| token.text == text && token.ends > now);
        found
            .map(|token| Arc::clone(&token.app))
            .ok_or_else(|| Refused::code(99_991_663, "Invalid access token for authorization"))
    }

    /// The app that an `Authorization` header speaks for, empty when it speaks for none.
    pub(super) fn app(&self, authorization: &str) -> Arc<str> {
        self.check(authorization).unwrap_or_else(|_| "".into())
    }

    /// Makes every token invalid at once, as a reset of the app secret does.
    pub(crate) fn revoke(&mut self) {
        self.0.clear();
    }
}

/// `POST /open-apis/auth/v3/tenant_access_token/internal`. Its fields are at the top level.
pub(super) fn issue(shared: &Shared, body: &[u8]) -> Result<Value, Refused> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (Some(app_id), Some(secret)) = (text("app_id"), text("app_secret")) else {
        return Err(Refused::new(200, 10003, "invalid param"));
    };
    let app = shared.apps.get(app_id).ok_or_else(|| Refused::new(200, 10003, "invalid param"))?;
    if app.secret != secret {
        return Err(Refused::new(200, 10014, "app secret invalid"));
    }
    let (token, left) = lock(&shared.tokens).issue(&app.id);
    Ok(json!({"code": 0, "msg": "ok", "tenant_access_token": token, "expire": left.as_secs()}))
}
