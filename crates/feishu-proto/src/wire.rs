//! The few protobuf primitives that write an answer from a borrowed frame.
//!
//! prost encodes whole messages only; the answer is a message that never exists in memory. That both give the same
//! bytes is a property test.

use crate::Header;

const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

/// Protobuf writes a negative `int32` as the 64-bit number of the same value.
#[expect(clippy::cast_sign_loss, reason = "the wire format is the two's complement")]
pub(crate) fn sign_extend(number: i32) -> u64 {
    i64::from(number) as u64
}

pub(crate) fn put_number(wire: &mut Vec<u8>, tag: u64, number: u64) {
    put_varint(wire, tag << 3 | VARINT);
    put_varint(wire, number);
}

pub(crate) fn put_length(wire: &mut Vec<u8>, tag: u64, len: usize) {
    put_varint(wire, tag << 3 | LENGTH_DELIMITED);
    put_varint(wire, len as u64);
}

pub(crate) fn put_text(wire: &mut Vec<u8>, tag: u64, text: Option<&str>) {
    if let Some(text) = text {
        put_length(wire, tag, text.len());
        wire.extend_from_slice(text.as_bytes());
    }
}

pub(crate) fn put_header(wire: &mut Vec<u8>, header: &Header) {
    put_length(wire, 5, prost::Message::encoded_len(header));
    put_text(wire, 1, Some(&header.key));
    put_text(wire, 2, Some(&header.value));
}

#[expect(clippy::cast_possible_truncation, reason = "a varint is written seven bits at a time")]
fn put_varint(wire: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        wire.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    wire.push(number as u8);
}
