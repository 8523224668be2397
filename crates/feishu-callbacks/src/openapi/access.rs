//! Tenant access tokens of custom apps.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::{ApiError, Nothing};
use super::{Call, json};
use crate::ids::AppId;
use crate::secret::secrets;
use crate::text;

secrets! {
    /// Tenant access token, `t-…`.
    AccessToken;
}

/// Asks for a tenant access token. Source: "Custom app: get tenant access token" of the Feishu documentation.
#[derive(Serialize)]
pub struct TokenRequest<'a> {
    /// The app.
    pub app_id: &'a AppId,
    /// Its secret.
    pub app_secret: &'a str,
}

impl Call for TokenRequest<'_> {
    const METHOD: &'static str = "POST";
    const NEEDS_TOKEN: bool = false;
    /// The token stands beside `code`, not in `data`: read the answer as [`TokenAnswer`].
    type Data = Nothing;

    fn path(&self) -> String {
        "/open-apis/auth/v3/tenant_access_token/internal".to_owned()
    }

    fn body(&self) -> Vec<u8> {
        json(self)
    }
}

impl fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest").field("app_id", self.app_id).finish_non_exhaustive()
    }
}

/// The answer, which has its members at the top level, other than all answers else.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct TokenAnswer {
    /// Zero for success.
    #[serde(default)]
    pub code: i64,
    /// Words to the code.
    #[serde(default, deserialize_with = "text::string")]
    pub msg: Option<String>,
    /// The token.
    #[serde(default, deserialize_with = "text::filled")]
    pub tenant_access_token: Option<AccessToken>,
    /// Seconds for which it is still good; 7200 at most.
    pub expire: Option<u64>,
}

impl TokenAnswer {
    /// Asked with less than this left, the platform gives a new token; before, the same one again.
    pub const RENEWED_BELOW: Duration = Duration::from_secs(30 * 60);

    /// The token and the time for which it is good.
    ///
    /// # Errors
    /// When the platform refused, or gave none.
    pub fn into_token(self) -> Result<(AccessToken, Duration), ApiError> {
        let msg = self.msg.unwrap_or_default();
        match (self.code, self.tenant_access_token) {
            (0, Some(token)) => Ok((token, Duration::from_secs(self.expire.unwrap_or_default()))),
            (0, None) => Err(ApiError::new(0, "the answer has no token")),
            (code, _) => Err(ApiError::new(code, msg)),
        }
    }
}
