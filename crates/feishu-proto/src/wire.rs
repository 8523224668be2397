//! The few protobuf primitives that [`RawFrame`](crate::RawFrame) needs to walk over fields and to write an answer.
//!
//! prost decodes and encodes whole messages; a raw frame is never taken apart. That both agree is a property test.

/// How a field's value is written.
pub(crate) const VARINT: u64 = 0;
pub(crate) const LENGTH_DELIMITED: u64 = 2;

/// One field of a message: its tag, how its value is written, and where.
pub(crate) struct Field<'a> {
    pub(crate) tag: u64,
    pub(crate) wire_type: u64,
    /// The number of a varint.
    pub(crate) number: u64,
    /// The bytes of a length-delimited field.
    pub(crate) bytes: &'a [u8],
    /// Where the whole field begins and ends in the message.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Walks over the fields of a message. Ends at the first thing that is not a varint or length-delimited field, which
/// [`Fields::is_done`] tells from the end of the message.
pub(crate) struct Fields<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self { message, at: 0 }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at == self.message.len()
    }

    fn read(&self) -> Option<Field<'a>> {
        let start = self.at;
        // A key has 32 bits, and prost refuses a longer one.
        let (key, at) = read_varint(self.message, start).filter(|(key, _)| u32::try_from(*key).is_ok())?;
        let (tag, wire_type) = (key >> 3, key & 7);
        let (number, at) = read_varint(self.message, at)?;
        match wire_type {
            VARINT => Some(Field { tag, wire_type, number, bytes: &[], start, end: at }),
            LENGTH_DELIMITED => {
                let end = at.checked_add(usize::try_from(number).ok()?)?;
                let bytes = self.message.get(at..end)?;
                Some(Field { tag, wire_type, number, bytes, start, end })
            }
            _ => None,
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let field = self.read()?;
        self.at = field.end;
        Some(field)
    }
}

/// Whether a field is text. Most is ASCII, which is found out faster.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    bytes.is_ascii() || std::str::from_utf8(bytes).is_ok()
}

#[inline]
fn read_varint(message: &[u8], at: usize) -> Option<(u64, usize)> {
    match message.get(at) {
        // Nearly all tags and lengths.
        Some(byte) if *byte < 0x80 => Some((u64::from(*byte), at + 1)),
        _ => read_long_varint(message, at),
    }
}

fn read_long_varint(message: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.get(at)?;
        at += 1;
        let part = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if shift == 63 && part > 1 {
            return None;
        }
        number |= part << shift;
        if byte < 0x80 {
            return Some((number, at));
        }
    }
    None
}

pub(crate) fn put_length(wire: &mut Vec<u8>, tag: u64, len: usize) {
    put_varint(wire, tag << 3 | LENGTH_DELIMITED);
    put_varint(wire, len as u64);
}

pub(crate) fn put_bytes(wire: &mut Vec<u8>, tag: u64, bytes: &[u8]) {
    put_length(wire, tag, bytes.len());
    wire.extend_from_slice(bytes);
}

#[expect(clippy::cast_possible_truncation, reason = "a varint is written seven bits at a time")]
fn put_varint(wire: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        wire.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    wire.push(number as u8);
}
