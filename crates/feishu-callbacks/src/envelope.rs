//! The envelope of a callback or event: its header and body.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::error::OddField;
use crate::header::Header;
use crate::reply::Reply;

/// The body of one type of callback or event: the member `event`.
///
/// Implement it for your own struct to receive a type that this crate has no model of. Make every field an `Option`, or
/// give it `#[serde(default)]`: such a field never makes a request fail, whatever the platform sends. With a reader of
/// [`tolerant`](crate::tolerant) it takes a number where text is expected, as the fields of this crate do.
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

    /// The reply that the platform accepts: `()` for an event.
    type Reply: Reply;
}

/// A callback or event with its header.
///
/// It can be serialised, to log it, to store it or to hand it to another process: in the shape of schema 2.0, whatever
/// the payload had, with the members that this crate knows. [`decode`](crate::decode) reads it back. The card's token is
/// written, because a later update needs it; the app's Verification Token is not. The bytes as they came are the
/// payload's: `Context::payload_json` of the runtime prints them.
///
/// ```
/// use feishu_callbacks::{CardActionTrigger, decode};
///
/// let payload = br#"{"schema":"2.0","header":{"event_type":"card.action.trigger","token":"v7"},"event":{"token":"c-7"}}"#;
/// let click: CardActionTrigger = decode(payload)?;
/// let text = serde_json::to_string(&click)?;
/// assert!(text.contains("c-7") && !text.contains("v7"));
/// assert_eq!(decode::<feishu_callbacks::CardActionEvent>(text.as_bytes())?.event.token, click.event.token);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Envelope<B> {
    /// The header of the payload.
    pub header: Arc<Header>,
    /// The body, named as in the JSON.
    pub event: B,
    pub(crate) odd: Vec<OddField>,
}

impl<B> Envelope<B> {
    /// Creates an envelope from a header and a body, for tests of handlers.
    pub fn new(header: impl Into<Arc<Header>>, event: B) -> Self {
        Self { header: header.into(), event, odd: Vec::new() }
    }

    /// Members of the body that could not be read and were left out; see [`Header::odd_fields`] for those of the
    /// header. Empty for a payload as documented.
    pub fn odd_fields(&self) -> &[OddField] {
        &self.odd
    }

    /// Every member that was there and was left out: those of the header, then those of the body. Empty for a payload
    /// as documented; asking costs nothing then.
    ///
    /// ```
    /// use feishu_callbacks::{CardActionTrigger, decode};
    ///
    /// let payload = br#"{"header":{"event_type":"card.action.trigger","app_id":[]},"event":{"action":{"checked":"x"}}}"#;
    /// let click: CardActionTrigger = decode(payload)?;
    /// let places: Vec<String> = click.all_odd_fields().map(|odd| odd.place()).collect();
    /// assert_eq!(places, ["header.app_id", "event.action.checked"]);
    /// # Ok::<(), feishu_callbacks::DecodeError>(())
    /// ```
    pub fn all_odd_fields(&self) -> impl Iterator<Item = &OddField> {
        let header = self.header.odd_fields();
        // In schema 1.0 members of the body belong to the header too.
        let body = self.odd.iter().filter(|odd| !header.contains(odd));
        header.iter().chain(body)
    }
}

impl<B: Serialize> Serialize for Envelope<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut envelope = serializer.serialize_struct("Envelope", 3)?;
        envelope.serialize_field("schema", "2.0")?;
        envelope.serialize_field("header", &*self.header)?;
        envelope.serialize_field("event", &self.event)?;
        envelope.end()
    }
}
