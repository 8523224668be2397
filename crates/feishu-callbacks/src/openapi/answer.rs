//! The answer to a call: success with data, or a refusal.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::call_kind::CallKind;
use super::code::ApiCode;
use super::code_kind::ApiCodeKind;
use crate::decode::tolerant;
use crate::text;

/// The place of the data in the answer to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataPlace {
    /// In the member `data`; an answer without it is an error. So it is for nearly all calls.
    Member,
    /// In a member of another name, such as `bot`; an answer without it is an error.
    Named(&'static str),
    /// At the top level, beside `code` and `msg`: the calls for tokens and some old ones.
    TopLevel,
    /// Nowhere: the call answers success and no more.
    Nowhere,
}

/// The data of a call that answers without data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Nothing {}

/// The members of every answer.
#[derive(Deserialize)]
struct Envelope<'a> {
    code: Option<i64>,
    #[serde(default, deserialize_with = "text::string")]
    msg: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Reads the body of a response.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], place: DataPlace) -> Result<T, ApiError> {
    let envelope = serde_json::from_slice::<Envelope<'_>>(body).map_err(|_| Cause::NotAnAnswer)?;
    match envelope.code {
        None => return Err(Cause::NotAnAnswer.into()),
        Some(0) => {}
        Some(code) => return Err(ApiError::new(code, envelope.msg.unwrap_or_default())),
    }
    let data = match place {
        DataPlace::Member => envelope.data.ok_or(Cause::NoData)?.get().as_bytes(),
        DataPlace::Named(name) => member(body, name).ok_or(Cause::NoData)?.get().as_bytes(),
        DataPlace::TopLevel => body,
        DataPlace::Nowhere => b"{}",
    };
    tolerant::decode(data).value.ok_or_else(|| Cause::NoData.into())
}

/// A member of the answer that is not `null`.
fn member<'a>(body: &'a [u8], name: &str) -> Option<&'a RawValue> {
    let mut members = serde_json::from_slice::<HashMap<String, Option<&'a RawValue>>>(body).ok()?;
    members.remove(name)?
}

/// The error of an answer without usable data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    cause: Cause,
    call: CallKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    Refused { code: ApiCode, message: String },
    NotAnAnswer,
    NoData,
}

impl ApiError {
    /// A refusal with the platform's code and message.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Cause::Refused { code: ApiCode(code), message: message.into() }.into()
    }

    /// Creates the error of an answer without the expected data.
    pub(super) fn no_data() -> Self {
        Cause::NoData.into()
    }

    /// The platform's code; `None` when it did not refuse and the answer could not be read.
    pub fn code(&self) -> Option<ApiCode> {
        match self.cause {
            Cause::Refused { code, .. } => Some(code),
            Cause::NotAnAnswer | Cause::NoData => None,
        }
    }

    /// What the code means.
    pub fn kind(&self) -> Option<ApiCodeKind> {
        self.code().map(|code| code.kind_for(self.call))
    }

    /// The code inside the platform's message, where a card is refused with 230099; see [`ApiCode::inside`].
    pub fn inner_code(&self) -> Option<ApiCode> {
        ApiCode::inside(self.message())
    }

    /// The same error, with advice for the call that was made.
    #[must_use]
    pub fn of(self, call: CallKind) -> Self {
        Self { call, ..self }
    }

    /// What to do: about the inner code, if it is a known one.
    fn advice(&self, code: ApiCode, message: &str) -> &'static str {
        let inner = ApiCode::inside(message).filter(|inner| inner.source().is_some());
        inner.unwrap_or(code).advice_for(self.call)
    }

    /// The platform's message; empty if there is none. For a missing scope it names the scopes.
    pub fn message(&self) -> &str {
        match &self.cause {
            Cause::Refused { message, .. } => message,
            Cause::NotAnAnswer | Cause::NoData => "",
        }
    }
}

impl From<Cause> for ApiError {
    fn from(cause: Cause) -> Self {
        Self { cause, call: CallKind::Other }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Refused { code, message } => {
                write!(f, "the platform refused with {} ({message}); {}", code.0, self.advice(*code, message))
            }
            Cause::NotAnAnswer => f.write_str("the response is not the platform's JSON; check domain and proxy"),
            Cause::NoData => f.write_str(
                "the call succeeded, but its answer lacks the data; compare the type of the data with the call's page",
            ),
        }
    }
}

impl std::error::Error for ApiError {}
