//! A callback or event as a handler takes it: its header and its body.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::error::OddField;
use crate::header::Header;
use crate::reply::Reply;

/// One kind of callback or event: what stands in `event`.
///
/// Implement it for your own struct to receive a type that this crate does not know. Make every field an `Option`, or
/// give it `#[serde(default)]`: such a field never fails a request, whatever the platform puts there.
///
/// ```
/// use feishu_callbacks::{EventBody, Envelope};
///
/// #[derive(serde::Deserialize)]
/// struct FileEdited {
///     file_token: Option<String>,
///     file_type: Option<String>,
/// }
///
/// impl EventBody for FileEdited {
///     const TYPE: &'static str = "drive.file.edit_v1";
///     type Reply = ();
/// }
///
/// let payload = br#"{"schema":"2.0","header":{"event_type":"drive.file.edit_v1"},
///                    "event":{"file_token":"doc7","file_type":{"odd":true}}}"#;
/// let edited: Envelope<FileEdited> = feishu_callbacks::decode(payload)?;
/// assert_eq!(edited.event.file_token.as_deref(), Some("doc7"));
/// assert_eq!(edited.event.file_type, None);
/// assert_eq!(edited.odd_fields()[0].path, "event.file_type");
/// # Ok::<(), feishu_callbacks::DecodeError>(())
/// ```
pub trait EventBody: DeserializeOwned + Send + 'static {
    /// Name in `header.event_type` (`event.type` in schema 1.0).
    const TYPE: &'static str;

    /// What the platform takes as the answer: `()` for an event.
    type Reply: Reply;

    /// Takes `host` or `context`, as JSON text, found beside `event` instead of inside. Samples of the documentation
    /// have card callbacks of that shape. The default leaves it.
    fn adopt(&mut self, member: &str, json: &str) {
        let _ = (member, json);
    }
}

/// A callback or event with its header.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Envelope<B> {
    /// What the payload says about itself.
    pub header: Arc<Header>,
    /// The body, named as in the JSON.
    pub event: B,
    pub(crate) odd: Vec<OddField>,
}

impl<B> Envelope<B> {
    /// Puts a body under a header, for tests of handlers.
    pub fn new(header: impl Into<Arc<Header>>, event: B) -> Self {
        Self { header: header.into(), event, odd: Vec::new() }
    }

    /// Members of the body that could not be read and were left out; see [`Header::odd_fields`] for those of the
    /// header. Empty for a payload as documented.
    pub fn odd_fields(&self) -> &[OddField] {
        &self.odd
    }
}
