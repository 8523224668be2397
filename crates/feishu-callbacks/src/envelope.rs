//! A decoded payload: header and body, whatever the schema.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{DecodeError, DecodeErrorKind, OddField};
use crate::header::{Header, Schema};
use crate::peek::{peek, well_formed};
use crate::reply::Reply;
use crate::tolerant;

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
    odd: Vec<OddField>,
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

/// Reads a payload of which the type is known.
///
/// # Errors
/// As [`peek`] and [`decode_with`], and when the payload is of another type.
pub fn decode<B: EventBody>(payload: &[u8]) -> Result<Envelope<B>, DecodeError> {
    let header = peek(payload)?;
    if header.event_type != B::TYPE {
        let detail = format!("asked for {}, came {}", B::TYPE, header.event_type);
        return Err(DecodeError::new(DecodeErrorKind::WrongType, "", detail));
    }
    decode_with(Arc::new(header), payload)
}

/// Reads the body after [`peek`] has read the header, which is not read again and not compared with `B::TYPE`.
///
/// A body that fits its type is read in one pass without any copy of what is not kept. One that does not is read again
/// with the misfits left out; [`Envelope::odd_fields`] lists them.
///
/// # Errors
/// When the payload is not JSON, or the body lacks what `B` cannot do without. No model of this crate requires anything.
pub fn decode_with<B: EventBody>(header: Arc<Header>, payload: &[u8]) -> Result<Envelope<B>, DecodeError> {
    let mut parts = Parts::new(header.schema);
    if read(payload, &mut parts).is_none() {
        return decode_tolerantly(header, payload);
    }
    if let Some(event) = &mut parts.event {
        parts.beside.give_to(event);
    }
    match parts.event {
        Some(event) => Ok(Envelope { header, event, odd: Vec::new() }),
        None => without_body(header, parts.beside, Vec::new()),
    }
}

#[cold]
fn decode_tolerantly<B: EventBody>(header: Arc<Header>, payload: &[u8]) -> Result<Envelope<B>, DecodeError> {
    let text = well_formed(payload)?;
    let outcome = tolerant::decode_seed(&text, PartsSeed { schema: header.schema, body: PhantomData::<B> });
    let parts = outcome.value.unwrap_or_else(|| Parts::new(header.schema));
    match parts.event {
        Some(mut event) => {
            parts.beside.give_to(&mut event);
            Ok(Envelope { header, event, odd: outcome.odd })
        }
        None => without_body(header, parts.beside, outcome.odd),
    }
}

/// Reads a body that fits its type. UTF-8 is checked once for the whole payload instead of for each string in it.
fn read<'de, B: EventBody>(payload: &'de [u8], parts: &mut Parts<'de, B>) -> Option<()> {
    let mut json = serde_json::Deserializer::from_str(std::str::from_utf8(payload).ok()?);
    parts.deserialize(&mut json).ok()?;
    json.end().ok()
}

/// The members of a payload that hold the body. Filled where they stand: a body is large to be moved.
struct Parts<'de, B> {
    schema: Schema,
    event: Option<B>,
    beside: Beside<'de>,
}

impl<B> Parts<'_, B> {
    fn new(schema: Schema) -> Self {
        Self { schema, event: None, beside: Beside::default() }
    }
}

/// What stands beside `event` and may belong into it.
#[derive(Clone, Copy, Default)]
struct Beside<'de> {
    host: Option<&'de RawValue>,
    context: Option<&'de RawValue>,
}

impl Beside<'_> {
    fn give_to<B: EventBody>(self, event: &mut B) {
        for (member, json) in [("host", self.host), ("context", self.context)] {
            if let Some(json) = json {
                event.adopt(member, json.get());
            }
        }
    }
}

#[cold]
fn without_body<B: EventBody>(
    header: Arc<Header>,
    beside: Beside<'_>,
    mut odd: Vec<OddField>,
) -> Result<Envelope<B>, DecodeError> {
    let mut event = empty(&mut odd)?;
    beside.give_to(&mut event);
    Ok(Envelope { header, event, odd })
}

/// A body of nothing, for a payload whose `event` is absent or unreadable.
fn empty<B: EventBody>(odd: &mut Vec<OddField>) -> Result<B, DecodeError> {
    let nothing = tolerant::decode_strict(b"{}");
    let first = odd.first().cloned();
    if first.is_none() {
        odd.push(OddField {
            path: "event".to_owned(),
            found: String::new(),
            expected: "the body is absent".to_owned(),
        });
    }
    nothing.map_err(|missing| {
        let reason = first.unwrap_or_else(|| OddField { path: "event".to_owned(), ..missing.into_odd() });
        let detail = if reason.found.is_empty() {
            reason.expected
        } else {
            format!("expected {}, found {}", reason.expected, reason.found)
        };
        DecodeError::new(DecodeErrorKind::MissingRequired, reason.path, detail)
    })
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Event,
    Host,
    Context,
    #[serde(other)]
    Other,
}

impl<'de, B: EventBody> DeserializeSeed<'de> for &mut Parts<'de, B> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.schema == Schema::Flat {
            self.event = Some(B::deserialize(deserializer)?);
            return Ok(());
        }
        deserializer.deserialize_map(self)
    }
}

impl<'de, B: EventBody> Visitor<'de> for &mut Parts<'de, B> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback or event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_key()? {
            match member {
                Member::Event => members.next_value_seed(Event(&mut self.event))?,
                Member::Host => self.beside.host = members.next_value()?,
                Member::Context => self.beside.context = members.next_value()?,
                Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A body, or `null`.
struct Event<'p, B>(&'p mut Option<B>);

impl<'de, B: EventBody> DeserializeSeed<'de> for Event<'_, B> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, B: EventBody> Visitor<'de> for Event<'_, B> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("option")
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.0 = Some(B::deserialize(deserializer)?);
        Ok(())
    }
}

/// Makes new [`Parts`] for each round of a tolerant read.
struct PartsSeed<B> {
    schema: Schema,
    body: PhantomData<B>,
}

impl<B> Clone for PartsSeed<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for PartsSeed<B> {}

impl<'de, B: EventBody> DeserializeSeed<'de> for PartsSeed<B> {
    type Value = Parts<'de, B>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parts<'de, B>, D::Error> {
        let mut parts = Parts::new(self.schema);
        parts.deserialize(deserializer)?;
        Ok(parts)
    }
}
