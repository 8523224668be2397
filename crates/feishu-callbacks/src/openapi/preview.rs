//! Refresh of link previews.

use std::fmt;

use serde::Serialize;

use super::answer::{DataPlace, Nothing};
use super::call_kind::CallKind;
use super::{Call, json};
use crate::ids::{OpenId, PreviewToken};

/// A refresh of link previews: each member's client requests the preview again, so one refresh can cause many requests.
///
/// At most 5 calls per second, and each token once in 5 seconds.
/// Source: "Update URL previews" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewRefresh {
    preview_tokens: Vec<PreviewToken>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    open_ids: Vec<OpenId>,
}

impl PreviewRefresh {
    /// Maximum tokens in one call.
    pub const MAX_TOKENS: usize = 10;
    /// Maximum users in one call.
    pub const MAX_USERS: usize = 100;

    /// A refresh for all members of the chats.
    ///
    /// # Errors
    /// Without a token, and with more than ten.
    pub fn new(tokens: impl IntoIterator<Item = PreviewToken>) -> Result<Self, PreviewRefreshError> {
        let preview_tokens: Vec<PreviewToken> = tokens.into_iter().take(Self::MAX_TOKENS + 1).collect();
        if preview_tokens.is_empty() || preview_tokens.len() > Self::MAX_TOKENS {
            return Err(PreviewRefreshError { what: "tokens", least: 1, most: Self::MAX_TOKENS });
        }
        Ok(Self { preview_tokens, open_ids: Vec::new() })
    }

    /// Narrows the refresh to some users; others than members of the chat are ignored.
    ///
    /// # Errors
    /// With more than a hundred.
    pub fn only_for(mut self, users: impl IntoIterator<Item = OpenId>) -> Result<Self, PreviewRefreshError> {
        self.open_ids = users.into_iter().take(Self::MAX_USERS + 1).collect();
        if self.open_ids.len() > Self::MAX_USERS {
            return Err(PreviewRefreshError { what: "users", least: 0, most: Self::MAX_USERS });
        }
        Ok(self)
    }
}

impl Call for PreviewRefresh {
    const METHOD: &'static str = "POST";
    const DATA: DataPlace = DataPlace::Nowhere;
    const KIND: CallKind = CallKind::PreviewRefresh;
    type Data = Nothing;

    fn path(&self) -> String {
        "/open-apis/im/v2/url_previews/batch_update".to_owned()
    }

    fn body(&self) -> Vec<u8> {
        json(self)
    }
}

/// The error of a refresh with too many entries, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviewRefreshError {
    what: &'static str,
    least: usize,
    most: usize,
}

impl fmt::Display for PreviewRefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one refresh takes {} to {} {}; make several calls", self.least, self.most, self.what)
    }
}

impl std::error::Error for PreviewRefreshError {}
