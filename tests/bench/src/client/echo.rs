//! The echo: every field as it came, with an answer in place of the payload.

use anyhow::{Context as _, Result};

use super::Parts;
use crate::fields::{Fields, Value, put_bytes};
use crate::ledger::header_of;
use crate::template::number_of;
use crate::workload::Kind;

pub(super) fn answer(data: &[u8], kind: Kind, parts: &mut Parts) -> Result<Option<Vec<u8>>> {
    let (mut number, mut sum, mut payload) = (None, 1, data.len()..data.len());
    for field in Fields::of(data) {
        let field = field?;
        match (field.number, field.value) {
            (4, Value::Int(0)) => return Ok(None),
            (5, Value::Bytes(header)) => match header_of(header)? {
                (b"message_id", value) => number = number_of(value),
                (b"sum", value) => sum = std::str::from_utf8(value)?.parse()?,
                _ => {}
            },
            (8, _) => payload = field.place,
            _ => {}
        }
    }
    let number = number.context("a frame without a number")?;
    if !parts.complete(number, sum) {
        return Ok(None);
    }
    let answer = kind.answer(number);
    let mut out = Vec::with_capacity(data.len() - payload.len() + answer.len() + 32);
    out.extend_from_slice(&data[..payload.start]);
    put_bytes(&mut out, 5, b"\x0a\x06biz_rt\x12\x010");
    put_bytes(&mut out, 8, answer.as_bytes());
    out.extend_from_slice(&data[payload.end..]);
    Ok(Some(out))
}
