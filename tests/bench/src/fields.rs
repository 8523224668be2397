//! The fields of a protobuf message, found in place. Independent of the SDK's own reader, which is what is measured.

use std::ops::Range;

use anyhow::{Context as _, Result, bail};

/// A field's value; other wire types than these two do not occur in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Int(u64),
    Bytes(&'a [u8]),
}

/// One field and its place in the message, tag included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u64,
    pub(crate) value: Value<'a>,
    pub(crate) place: Range<usize>,
}

/// Iterates over the fields of a message; ends after the first error.
pub(crate) struct Fields<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    fn read(&mut self) -> Result<Field<'a>> {
        let start = self.at;
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Int(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?)?;
                let rest = self.data.get(self.at..).unwrap_or_default();
                let bytes = rest.get(..length).context("a field is cut off")?;
                self.at += length;
                Value::Bytes(bytes)
            }
            other => bail!("wire type {other} in a frame"),
        };
        Ok(Field { number: tag >> 3, value, place: start..self.at })
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.data.get(self.at).context("a number is cut off")?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        bail!("a number of more than ten bytes")
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.data.len() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.at = self.data.len();
        }
        Some(field)
    }
}

/// Appends the number in protobuf's variable length.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a field of bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_found() {
        let mut data = vec![0x20, 0xac, 0x02];
        put_bytes(&mut data, 8, &[7; 300]);
        let fields = Fields::of(&data).collect::<Result<Vec<_>>>().unwrap();
        assert_eq!(fields[0], Field { number: 4, value: Value::Int(300), place: 0..3 });
        assert_eq!((fields[1].number, fields[1].value), (8, Value::Bytes(&[7; 300])));
        assert!(Fields::of(&data[..200]).any(|field| field.is_err()));
    }
}
