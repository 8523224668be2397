//! The answer to a delivery, independent of the transport.

use std::fmt;

use bytes::Bytes;

/// The answer to one delivery.
///
/// Over the long connection it becomes the payload `{"code":…,"data":"<base64>"}` of the answering frame; a webhook
/// sends the data as the body. Cheap to clone: a repeat is answered with the same bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    code: u16,
    data: Option<Bytes>,
}

impl Answer {
    /// A success (code 200); `json` goes to the user's client.
    pub fn ok(json: impl Into<Bytes>) -> Self {
        Self { code: 200, data: Some(json.into()) }
    }

    /// A success (code 200) without content. It carries `{}`, because an answer without data was reported to show the user
    /// error 108002.
    pub fn empty() -> Self {
        Self { code: 200, data: Some(Bytes::from_static(b"{}")) }
    }

    /// A failure (code 500). The platform sends an event again; a user who clicked a card sees error 200671.
    pub fn failed() -> Self {
        Self { code: 500, data: None }
    }

    /// The code: 200 if the delivery was processed.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Whether the code is 200.
    pub fn is_ok(&self) -> bool {
        self.code == 200
    }

    /// The JSON for the user's client.
    pub fn data(&self) -> Option<&Bytes> {
        self.data.as_ref()
    }
}

/// Shows the length of the data only, because the data is the user's.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.data.as_ref().map(Bytes::len);
        f.debug_struct("Answer").field("code", &self.code).field("data_len", &len).finish()
    }
}
