//! The echo with prost: the frame decoded into structs and encoded again.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use feishu_proto::Frame;

use super::Parts;
use crate::template::number_of;
use crate::workload::Kind;

pub(super) fn answer(data: &[u8], kind: Kind, parts: &mut Parts) -> Result<Option<Vec<u8>>> {
    // `data` is borrowed, so that this costs what it costs with a generated `Vec<u8>` payload.
    let frame = Frame::decode(Bytes::copy_from_slice(data))?;
    if frame.method == 0 {
        return Ok(None);
    }
    let header =
        |key: &str| frame.headers.iter().find(|header| header.key == key).map(|header| &header.value);
    let number = header("message_id").and_then(|id| number_of(id.as_bytes()));
    let number = number.context("a frame without a number")?;
    let sum = header("sum").and_then(|sum| sum.parse().ok()).unwrap_or(1);
    if !parts.complete(number, sum) {
        return Ok(None);
    }
    Ok(Some(frame.into_answer(kind.answer(number).into_bytes().into(), 0).encode_to_vec()))
}
