//! The envelope of every answer.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::code::{ApiCode, ApiCodeKind};
use crate::text;

/// `{"code", "msg", "data"}`: what every call but the token calls answers.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Answer<T> {
    /// Zero for success.
    #[serde(default)]
    pub code: i64,
    /// Words to the code.
    #[serde(default, deserialize_with = "text::string")]
    pub msg: Option<String>,
    /// What was asked for.
    pub data: Option<T>,
}

/// `data` of a call that answers nothing but success.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Nothing {}

impl<T: DeserializeOwned> Answer<T> {
    /// Reads the body of a response.
    ///
    /// # Errors
    /// When it is no answer of the platform, such as the page of a proxy.
    pub fn read(body: &[u8]) -> Result<Self, ApiError> {
        let outcome = serde_json::from_slice::<serde_json::Value>(body)
            .ok()
            .filter(|answer| answer.get("code").is_some());
        let answer = outcome.and_then(|_| crate::decode::tolerant::decode::<Self>(body).value);
        answer.ok_or_else(|| ApiError::new(-1, "the response is no answer of the platform"))
    }

    /// What was asked for; the default where the platform leaves it out.
    ///
    /// # Errors
    /// When the platform refused.
    pub fn into_data(self) -> Result<T, ApiError>
    where
        T: Default,
    {
        match self.code {
            0 => Ok(self.data.unwrap_or_default()),
            code => Err(ApiError::new(code, self.msg.unwrap_or_default())),
        }
    }
}

/// A refusal of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    code: ApiCode,
    message: String,
}

impl ApiError {
    /// A refusal as the answer has it.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code: ApiCode(code), message: message.into() }
    }

    /// The platform's code.
    pub fn code(&self) -> ApiCode {
        self.code
    }

    /// What the code means.
    pub fn kind(&self) -> ApiCodeKind {
        self.code.kind()
    }

    /// The platform's words. For a missing scope they name the scopes.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the platform refused with {} ({}); {}", self.code.0, self.message, self.code.advice())
    }
}

impl std::error::Error for ApiError {}
