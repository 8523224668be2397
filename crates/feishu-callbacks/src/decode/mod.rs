//! Reading payloads: bytes of JSON in, a header and a body out.
//!
//! A payload is read in two steps, so that a dispatcher can choose the body's type between them: [`peek`] reads the
//! header, [`decode_with`] the body. Each step first tries the fast way, for payloads as the platform writes them, and
//! falls back to the tolerant one:
//!
//! | step | fast | else |
//! | --- | --- | --- |
//! | header | `scan`: finds `header` in the text without a parser | `probe`: any schema, by serde |
//! | body | `body` over `in_place`: one pass from behind the header, large structs filled where they are | `tolerant`: leaves misfits out |
//!
//! Before the tolerant way reads a body, `alias` brings ids to where the documentation has them.
//!
//! `lazy` keeps JSON that only some handlers look at as text.

mod alias;
mod body;
pub(crate) mod in_place;
pub(crate) mod lazy;
mod probe;
pub(crate) mod scan;
pub(crate) mod tolerant;

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::IgnoredAny;

pub(crate) use alias::operator_ids;
pub use probe::peek;

use crate::envelope::{Envelope, EventBody};
use crate::error::{DecodeError, DecodeErrorKind, OddField};
use crate::header::Header;
use body::{Parts, PartsSeed};

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
    if parts.read_from(header.event_at, payload).or_else(|| parts.read(payload)).is_none() {
        return decode_tolerantly(header, payload);
    }
    match parts.event {
        Some(event) => Ok(Envelope { header, event, odd: Vec::new() }),
        None => without_body(header, Vec::new()),
    }
}

#[cold]
fn decode_tolerantly<B: EventBody>(header: Arc<Header>, payload: &[u8]) -> Result<Envelope<B>, DecodeError> {
    let (text, mut odd) = alias::normalise(well_formed(payload)?, B::TYPE, header.schema);
    let outcome = tolerant::decode_seed(&text, PartsSeed::<B>::new(header.schema));
    odd.extend(outcome.odd);
    match outcome.value.and_then(|parts| parts.event) {
        Some(event) => Ok(Envelope { header, event, odd }),
        None => without_body(header, odd),
    }
}

#[cold]
fn without_body<B: EventBody>(
    header: Arc<Header>,
    mut odd: Vec<OddField>,
) -> Result<Envelope<B>, DecodeError> {
    let event = empty(&mut odd)?;
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

/// Repairs text and makes sure that it is JSON, so that what fails later is a matter of types.
fn well_formed(payload: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
    let text = tolerant::repair(payload);
    match serde_json::from_slice::<IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(DecodeError::new(DecodeErrorKind::Malformed, "", error.to_string())),
    }
}
