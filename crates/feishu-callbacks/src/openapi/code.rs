//! Error codes of the OpenAPI: what they mean and what to do.

use super::call_kind::CallKind;
use super::code_kind::{ApiCodeKind, Retry};
use super::code_table::{CodeSource, find, find_by_call};

/// The code of an answer; also an HTTP status where there is no code.
///
/// Sources: "Common error codes" and the pages of each call in the Feishu documentation; [`source`](Self::source) marks
/// what only users reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiCode(pub i64);

impl ApiCode {
    /// What the code means.
    pub fn kind(self) -> ApiCodeKind {
        find(self.0).map_or(ApiCodeKind::Unknown, |entry| entry.kind)
    }

    /// What the code means for one call. The same number can mean different things for two calls.
    pub fn kind_for(self, call: CallKind) -> ApiCodeKind {
        find_by_call(self.0, call).map_or_else(|| self.kind(), |entry| entry.kind)
    }

    /// Whether the call is worth repeating.
    pub fn retry(self) -> Retry {
        self.kind().retry()
    }

    /// Whether the call was one of too many: it succeeds after a wait.
    pub fn is_rate_limit(self) -> bool {
        self.kind() == ApiCodeKind::RateLimited
    }

    /// Whether the tenant access token is to blame: the call succeeds with a new one.
    pub fn is_bad_token(self) -> bool {
        self.kind() == ApiCodeKind::BadAccessToken
    }

    /// Where the meaning is known from; `None` for a code that this crate does not know.
    pub fn source(self) -> Option<CodeSource> {
        find(self.0).map(|entry| entry.source)
    }

    /// What to do, whatever the call was.
    pub fn advice(self) -> &'static str {
        find(self.0).map_or("look the code up in the platform's documentation", |entry| entry.advice)
    }

    /// What to do after this call.
    ///
    /// ```
    /// use feishu_callbacks::openapi::{ApiCode, CallKind};
    ///
    /// let recalled = ApiCode(230_011);
    /// assert!(recalled.advice_for(CallKind::MessageReply).contains("send the answer to its chat"));
    /// assert!(recalled.advice_for(CallKind::MessagePatch).contains("nothing left to update"));
    /// ```
    pub fn advice_for(self, call: CallKind) -> &'static str {
        find_by_call(self.0, call).map_or_else(|| self.advice(), |entry| entry.advice)
    }

    /// The code that a message of the platform quotes as `ErrCode: 11310`: what is really wrong with a card whose send or
    /// update was refused with 230099.
    pub fn inside(message: &str) -> Option<Self> {
        let (_, rest) = message.split_once("ErrCode")?;
        let rest = rest.trim_start_matches([':', ' ', '=']);
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok().filter(|code| *code != 0).map(Self)
    }
}
