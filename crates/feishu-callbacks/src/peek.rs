//! Routing: who is this payload for? Reads no further than the answer needs.

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{DecodeError, DecodeErrorKind};
use crate::header::{Header, RawHeader, Schema, VerificationToken};
use crate::ids::{AppId, EventId, EventType, TenantKey};
use crate::legacy;
use crate::text;
use crate::time::Timestamp;
use crate::tolerant;

/// Reads the header of a payload of any schema, and stops there: of a payload of schema 2.0 with its header in front,
/// which is what the platform sends, the body is not touched. Odd members are left out and listed on the header.
///
/// The body is checked by [`decode_with`](crate::decode_with).
///
/// # Errors
/// When the payload is no JSON object, is encrypted, or names no type.
///
/// ```
/// let payload = br#"{"schema":"2.0","header":{"event_type":"profile.view.get","app_id":"cli_7"},"event":{}}"#;
/// let header = feishu_callbacks::peek(payload)?;
/// assert_eq!(header.event_type, "profile.view.get");
/// # Ok::<(), feishu_callbacks::DecodeError>(())
/// ```
pub fn peek(payload: &[u8]) -> Result<Header, DecodeError> {
    let early = RefCell::new(None);
    let probe = Probe { early: Some(&early) };
    let read = probe.deserialize(&mut serde_json::Deserializer::from_slice(payload));
    if let Some(found) = early.into_inner().or(read.ok()) {
        return found.into_header();
    }
    peek_tolerantly(payload)
}

#[cold]
fn peek_tolerantly(payload: &[u8]) -> Result<Header, DecodeError> {
    let text = well_formed(payload)?;
    let outcome = tolerant::decode_seed(&text, Probe { early: None });
    let found = outcome.value.ok_or_else(|| DecodeError::new(DecodeErrorKind::NotAnObject, "", ""))?;
    let mut header = found.into_header()?;
    header.odd.extend(outcome.odd);
    Ok(header)
}

/// Repairs text and makes sure that it is JSON, so that what fails later is a matter of types.
pub(crate) fn well_formed(payload: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, DecodeError> {
    let text = tolerant::repair(payload);
    match serde_json::from_slice::<IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(DecodeError::new(DecodeErrorKind::Malformed, "", error.to_string())),
    }
}

/// What the members in front of the body say.
#[derive(Default)]
struct Found<'de> {
    header: Option<RawHeader>,
    event: Option<&'de RawValue>,
    uuid: Option<EventId>,
    ts: Option<Timestamp>,
    token: Option<VerificationToken>,
    kind: Option<EventType>,
    tenant_key: Option<TenantKey>,
    encrypted: bool,
    action: bool,
}

/// `event` of schema 1.0 names its own type.
#[derive(Default, Deserialize)]
struct EventProbe {
    #[serde(default, deserialize_with = "text::filled", rename = "type")]
    kind: Option<EventType>,
    #[serde(default, deserialize_with = "text::filled")]
    app_id: Option<AppId>,
    #[serde(default, deserialize_with = "text::filled")]
    tenant_key: Option<TenantKey>,
}

impl Found<'_> {
    fn names_its_type(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.event_type.is_some())
    }

    fn into_header(mut self) -> Result<Header, DecodeError> {
        let raw = self.header.take().unwrap_or_default();
        if let Some(event_type) = raw.event_type {
            return Ok(Header {
                schema: Schema::V2,
                event_type,
                event_id: raw.event_id,
                create_time: raw.create_time,
                token: raw.token,
                app_id: raw.app_id,
                tenant_key: raw.tenant_key,
                odd: Vec::new(),
            });
        }
        match self.event {
            Some(event) => self.into_header_of_v1(event),
            None => self.into_header_of_flat(),
        }
    }

    fn into_header_of_v1(self, event: &RawValue) -> Result<Header, DecodeError> {
        let outcome = tolerant::decode::<EventProbe>(event.get().as_bytes());
        let probe = outcome.value.unwrap_or_default();
        let event_type = probe.kind.ok_or_else(|| {
            DecodeError::new(DecodeErrorKind::NoType, "", "neither header.event_type nor event.type")
        })?;
        Ok(Header {
            schema: Schema::V1,
            event_id: self.uuid,
            create_time: self.ts,
            token: self.token,
            app_id: probe.app_id,
            tenant_key: probe.tenant_key,
            ..Header::new(event_type)
        })
    }

    fn into_header_of_flat(self) -> Result<Header, DecodeError> {
        if self.encrypted {
            return Err(DecodeError::new(DecodeErrorKind::Encrypted, "encrypt", ""));
        }
        if let Some(kind) = self.kind {
            return Ok(Header { schema: Schema::Flat, token: self.token, ..Header::new(kind) });
        }
        if self.action {
            // Its `token` is not the app's but the one of the delayed update: it stays in the body.
            let tenant_key = self.tenant_key;
            return Ok(Header { schema: Schema::Flat, tenant_key, ..Header::new(legacy::CARD_ACTION_TYPE) });
        }
        Err(DecodeError::new(DecodeErrorKind::NoType, "", ""))
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Header,
    Event,
    Uuid,
    Ts,
    Token,
    Type,
    TenantKey,
    Encrypt,
    Action,
    #[serde(other)]
    Other,
}

/// Reads [`Found`]. With `early` it puts it there and breaks off as soon as the type is known.
#[derive(Clone, Copy)]
struct Probe<'c, 'de> {
    early: Option<&'c RefCell<Option<Found<'de>>>>,
}

impl<'de> DeserializeSeed<'de> for Probe<'_, 'de> {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Probe<'_, 'de> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback or event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::default();
        while let Some(member) = members.next_key()? {
            match member {
                Member::Header => {
                    found.header = members.next_value()?;
                    if let Some(early) = self.early.filter(|_| found.names_its_type()) {
                        early.replace(Some(found));
                        // The parser objects to members that were not read, which costs less than an error made here.
                        return Ok(Found::default());
                    }
                }
                Member::Event => found.event = members.next_value()?,
                Member::Uuid => found.uuid = members.next_value()?,
                Member::Ts => found.ts = members.next_value()?,
                Member::Token => found.token = members.next_value()?,
                Member::Type => found.kind = members.next_value()?,
                Member::TenantKey => found.tenant_key = members.next_value()?,
                Member::Encrypt => {
                    members.next_value::<IgnoredAny>()?;
                    found.encrypted = true;
                }
                Member::Action => {
                    members.next_value::<IgnoredAny>()?;
                    found.action = true;
                }
                Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}
