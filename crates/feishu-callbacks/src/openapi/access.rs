//! Tenant access tokens of custom apps.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::{ApiError, DataPlace};
use super::call_kind::CallKind;
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
    const DATA: DataPlace = DataPlace::TopLevel;
    const KIND: CallKind = CallKind::Token;
    type Data = TokenAnswer;

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

/// A tenant access token with its lifetime.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct TokenAnswer {
    /// The token.
    #[serde(default, deserialize_with = "text::filled")]
    pub tenant_access_token: Option<AccessToken>,
    /// Remaining lifetime in seconds, at most 7200.
    pub expire: Option<u64>,
}

impl TokenAnswer {
    /// Asked for with less than this left, the platform gives a new token; with more left, the same one again.
    pub const RENEWED_BELOW: Duration = Duration::from_secs(30 * 60);

    /// The token and its remaining lifetime.
    ///
    /// # Errors
    /// If the platform sent no token.
    pub fn into_token(self) -> Result<(AccessToken, Duration), ApiError> {
        let token = self.tenant_access_token.ok_or_else(ApiError::no_data)?;
        Ok((token, Duration::from_secs(self.expire.unwrap_or_default())))
    }
}
