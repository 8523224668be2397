//! Reads the header of a payload: its type, by which a dispatcher chooses the handler, and its ids.

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::scan::Scan;
use super::{tolerant, well_formed};
use crate::error::{DecodeError, DecodeErrorKind, OddField};
use crate::header::{EventAt, Header, Schema, VerificationToken};
use crate::ids::{AppId, CARD_ACTION_V1, EventId, EventType, TenantKey};
use crate::text::{self, Text};
use crate::time::{self, Timestamp};

/// Reads the header of a payload of any schema, and stops there: of a payload of schema 2.0 with its header in front,
/// which is what the platform sends, the body is not touched. Odd members are left out and listed on the header.
///
/// The body is checked by [`decode_with`](crate::decode_with).
///
/// # Errors
/// When the payload is not a JSON object, is encrypted, or names no type.
///
/// ```
/// let payload = br#"{"schema":"2.0","header":{"event_type":"profile.view.get","app_id":"cli_7"},"event":{}}"#;
/// let header = feishu_callbacks::peek(payload)?;
/// assert_eq!(header.event_type, "profile.view.get");
/// # Ok::<(), feishu_callbacks::DecodeError>(())
/// ```
pub fn peek(payload: &[u8]) -> Result<Header, DecodeError> {
    if let Some(header) = header_in_front(payload) {
        return Ok(header);
    }
    match serde_json::from_slice(payload) {
        Ok(found) => Found::into_header(found),
        Err(_) => peek_tolerantly(payload),
    }
}

/// What is between the header and the body, as the platform writes it.
pub(super) const BEFORE_EVENT: &[u8] = b",\"event\":";

/// Finds the header of schema 2.0 as the platform writes it: every member a string without escapes. `None` means that
/// serde has to read the payload; it may be fine.
fn header_in_front(payload: &[u8]) -> Option<Header> {
    let mut header = None;
    let mut is_checked = true;
    let mut scan = Scan::new(payload);
    scan.members(|key, value| {
        match key {
            b"header" => header = plain_header(value, &mut is_checked),
            b"schema" => return value.plain_text().map(|_| true),
            _ => {
                is_checked = false;
                value.skip()?;
                return Some(true);
            }
        }
        header.is_some().then_some(false)
    })?;
    let mut header = header?;
    if is_checked {
        let event = scan.rest().strip_prefix(BEFORE_EVENT);
        header.event_at = EventAt(event.map(|event| payload.len() - event.len()));
    }
    Some(header)
}

/// Reads the members that are known. What it skips is not checked.
fn plain_header(value: &mut Scan<'_>, is_checked: &mut bool) -> Option<Header> {
    let [mut event_id, mut event_type, mut create_time, mut token, mut app_id, mut tenant_key] = [None; 6];
    value.members(|key, value| {
        let member = match key {
            b"event_id" => &mut event_id,
            b"event_type" => &mut event_type,
            b"create_time" => &mut create_time,
            b"token" => &mut token,
            b"app_id" => &mut app_id,
            b"tenant_key" => &mut tenant_key,
            _ => {
                *is_checked = false;
                value.skip()?;
                return Some(true);
            }
        };
        // A member that comes twice is odd.
        member.replace(value.plain_text()?).is_none().then_some(true)
    })?;
    let create_time = match filled(create_time) {
        Some(digits) => Some(digits.parse().ok()?),
        None => None,
    };
    let raw = RawHeader {
        event_id: filled(event_id).map(EventId::from),
        event_type: Recent::share(|recent| &mut recent.event_type, event_type),
        create_time,
        token: Recent::share(|recent| &mut recent.token, token),
        app_id: Recent::share(|recent| &mut recent.app_id, app_id),
        tenant_key: Recent::share(|recent| &mut recent.tenant_key, tenant_key),
    };
    raw.into_header()
}

/// The texts of the header that was read last on this thread. Most headers repeat them, so they are shared instead of
/// copied, which saves four allocations per delivery.
#[derive(Default)]
struct Recent {
    event_type: Option<Text>,
    token: Option<Text>,
    app_id: Option<Text>,
    tenant_key: Option<Text>,
}

thread_local! {
    static RECENT: RefCell<Recent> = RefCell::default();
}

impl Recent {
    fn share<T: From<Text>>(
        member: impl FnOnce(&mut Self) -> &mut Option<Text>,
        text: Option<&str>,
    ) -> Option<T> {
        let text = filled(text)?;
        let shared = RECENT.try_with(|recent| {
            let mut recent = recent.try_borrow_mut().ok()?;
            let last = member(&mut recent);
            if last.as_ref().is_none_or(|last| last.as_str() != text) {
                *last = Some(text.into());
            }
            last.clone()
        });
        Some(shared.ok().flatten().unwrap_or_else(|| text.into()).into())
    }
}

#[cold]
fn peek_tolerantly(payload: &[u8]) -> Result<Header, DecodeError> {
    let text = well_formed(payload)?;
    let outcome = tolerant::decode_seed(&text, Probe);
    let found = outcome.value.ok_or_else(|| DecodeError::new(DecodeErrorKind::NotAnObject, "", ""))?;
    let mut header = found.into_header()?;
    header.odd.extend(outcome.odd);
    Ok(header)
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// `header` of schema 2.0 as in the JSON.
#[derive(Debug, Default, Deserialize)]
struct RawHeader {
    #[serde(default, deserialize_with = "text::filled")]
    event_id: Option<EventId>,
    #[serde(default, deserialize_with = "text::filled")]
    event_type: Option<EventType>,
    #[serde(default, deserialize_with = "time::filled")]
    create_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "text::filled")]
    token: Option<VerificationToken>,
    #[serde(default, deserialize_with = "text::filled")]
    app_id: Option<AppId>,
    #[serde(default, deserialize_with = "text::filled")]
    tenant_key: Option<TenantKey>,
}

impl RawHeader {
    /// The header, if it names a type.
    fn into_header(self) -> Option<Header> {
        Some(Header {
            event_id: self.event_id,
            create_time: self.create_time,
            token: self.token,
            app_id: self.app_id,
            tenant_key: self.tenant_key,
            ..Header::new(self.event_type?)
        })
    }
}

/// The members before the body.
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
    fn into_header(mut self) -> Result<Header, DecodeError> {
        if let Some(header) = self.header.take().and_then(RawHeader::into_header) {
            return Ok(header);
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
        let odd = outcome.odd.into_iter().map(|odd| OddField { path: format!("event.{}", odd.path), ..odd });
        Ok(Header {
            odd: odd.collect(),
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
            return Ok(Header { schema: Schema::Flat, tenant_key, ..Header::new(CARD_ACTION_V1) });
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

impl<'de> Deserialize<'de> for Found<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Probe.deserialize(deserializer)
    }
}

/// Reads [`Found`].
#[derive(Clone, Copy)]
struct Probe;

impl<'de> DeserializeSeed<'de> for Probe {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Probe {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a callback or event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::default();
        while let Some(member) = members.next_key()? {
            match member {
                Member::Header => found.header = members.next_value()?,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{header_in_front, peek, peek_tolerantly};

    #[test]
    fn peek_reads_a_documented_header_without_a_parser() {
        let header = r#""header": {"event_id":"e7", "token":"", "create_time":"1747740328528651",
            "event_type":"card.action.trigger", "tenant_key":"t7", "app_id":"cli_7", "later": [{}, 1]}"#;
        for payload in [
            format!(r#"{{"schema":"2.0",{header},"event":{{}}}}"#),
            format!(r#"{{"event":{{"a":["}}","\"{{"]}},{header},"schema":"2.0"}}"#),
            format!("{{{header}, and from here on anything"),
        ] {
            let header = header_in_front(payload.as_bytes()).unwrap();
            assert_eq!(header.event_type, "card.action.trigger");
            assert_eq!(header.event_id.unwrap(), "e7");
            assert_eq!(header.create_time.unwrap().as_micros(), 1_747_740_328_528_651);
            assert_eq!((header.token, header.app_id.unwrap().as_str()), (None, "cli_7"));
        }
    }

    #[test]
    fn peek_leaves_an_unusual_header_to_the_parser() {
        for header in [
            r#"{"event_type":"x","create_time":1747740328528651}"#,
            r#"{"event_type":"x","create_time":"yesterday"}"#,
            r#"{"event_type":"x","app_id":null}"#,
            r#"{"event_type":"x","token":"a\nb"}"#,
            r#"{"event_type":"x","token":"1","token":"2"}"#,
            r#"{"event_type":""}"#,
            r#"{"event_id":"e7"}"#,
            r#""x""#,
        ] {
            let payload = format!(r#"{{"header":{header}}}"#);
            assert_eq!(header_in_front(payload.as_bytes()), None, "{header}");
        }
    }

    fn members() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
        let keys = ["event_id", "event_type", "create_time", "token", "app_id", "tenant_key"];
        let values = [
            json!("1747740328528"),
            json!(""),
            json!(null),
            json!(7),
            json!("a \"b\" \u{4e2d}"),
            json!({"y": ["}"]}),
            json!("card.action.trigger"),
        ];
        prop::collection::vec(
            (prop::sample::select(keys.to_vec()), prop::sample::select(values.to_vec())),
            0..8,
        )
    }

    proptest! {
        #[test]
        fn peek_reads_the_same_header_with_and_without_a_parser(members in members(), header_first in any::<bool>()) {
            let members: Vec<String> = members.iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
            let header = format!(r#""header":{{"later":[],{}}}"#, members.join(","));
            let event = r#""event":{"a":{"b":"}"}}"#;
            let payload = if header_first {
                format!(r#"{{"schema":"2.0",{header},{event}}}"#)
            } else {
                format!(r#"{{{event},{header},"schema":"2.0"}}"#)
            };
            prop_assert_eq!(peek(payload.as_bytes()), peek_tolerantly(payload.as_bytes()));
        }
    }
}
