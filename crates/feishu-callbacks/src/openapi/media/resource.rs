//! Downloading an image or file of a message.

use super::super::call_kind::CallKind;
use super::super::segment;
use crate::ids::MessageId;
use crate::im::content::Resource;

/// A call with `GET` that answers bytes, not JSON. A refusal is JSON, with an HTTP status of 400 or more: look at the status
/// first.
///
/// A path with its query is such a call, so that a call of your own needs no type.
pub trait BytesCall {
    /// Path and query, from the slash after the host on.
    fn path(&self) -> String;

    /// Which call it is, for the advice about a refusal.
    fn kind(&self) -> CallKind {
        CallKind::of("GET", &self.path())
    }
}

impl BytesCall for str {
    fn path(&self) -> String {
        self.to_owned()
    }
}

impl BytesCall for String {
    fn path(&self) -> String {
        self.clone()
    }
}

/// Downloads an image or file of a message. Its header `Content-Type` says what it is.
///
/// At most 100 MB (234037). The bot must be in the chat (234004), and the key must be one of this message (234003). Stickers,
/// cards, merged forwards and the messages in them are refused (234043); one user could fetch images of a forward with the
/// forward's own id. 1000 calls per minute and 50 per second. Needs one of the scopes `im:message`, `im:message:readonly` and
/// `im:message.history:readonly`. Source: "Get resource of message" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::openapi::{BytesCall, ResourceGet};
///
/// let image = ResourceGet::image("om_1", "img_v3_1");
/// assert_eq!(image.path(), "/open-apis/im/v1/messages/om_1/resources/img_v3_1?type=image");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceGet {
    message: MessageId,
    key: String,
    kind: &'static str,
}

impl ResourceGet {
    /// The largest file that can be downloaded: 100 MB.
    pub const MAX_BYTES: u64 = 100 * 1024 * 1024;

    /// What [`Content::resources`](crate::im::content::Content::resources) found in this message.
    pub fn new(message: impl Into<MessageId>, resource: &Resource) -> Self {
        match resource {
            Resource::Image(key) => Self::image(message, key),
            Resource::File(key) => Self::file(message, key),
        }
    }

    /// An image, by its `image_key`; also one inside a rich text.
    pub fn image(message: impl Into<MessageId>, image_key: impl Into<String>) -> Self {
        Self { message: message.into(), key: image_key.into(), kind: "image" }
    }

    /// A file, voice message or video, by its `file_key`.
    pub fn file(message: impl Into<MessageId>, file_key: impl Into<String>) -> Self {
        Self { message: message.into(), key: file_key.into(), kind: "file" }
    }
}

impl BytesCall for ResourceGet {
    fn path(&self) -> String {
        let (message, key) = (segment(self.message.as_str()), segment(&self.key));
        format!("/open-apis/im/v1/messages/{message}/resources/{key}?type={}", self.kind)
    }
}
