//! A received frame that stays as it came: looked into, not taken apart.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use crate::places::{HeaderAt, Headers};
use crate::wire::{Fields, LENGTH_DELIMITED, VARINT, is_text, put_bytes, put_length};
use crate::{DecodeError, Frame, Kind, Method, header_name};

/// Tag of the headers, of the payload, and of the fields that every frame has.
const HEADERS: u64 = 5;
const PAYLOAD: u64 = 8;
const REQUIRED: u8 = 0b1111;

/// A frame as it was received: its headers and its payload are found in the received bytes, and its answer is written
/// from them. Nothing is copied, and fields that this version does not know are repeated in the answer.
///
/// ```
/// use feishu_proto::{Bytes, Frame, Header, Kind, RawFrame};
///
/// # fn main() -> Result<(), feishu_proto::DecodeError> {
/// let mut click = Frame { method: 1, ..Frame::default() };
/// click.headers.push(Header::new("type", "event"));
/// click.payload = Some(Bytes::from_static(b"{}"));
///
/// let raw = RawFrame::decode(click.encode_to_vec().into())?;
/// assert_eq!((raw.kind(), &raw.payload()[..]), (Kind::Event, &b"{}"[..]));
///
/// let answer = raw.encode_answer(12, 10, |wire| wire.extend_from_slice(b"{\"code\":1}"));
/// assert_eq!(answer, click.into_answer(Bytes::from_static(b"{\"code\":1}"), 12).encode_to_vec());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RawFrame {
    wire: Bytes,
    method: i32,
    headers: Headers,
    payload: Range<usize>,
    kept: Kept,
    encoded: bool,
}

/// The parts of a received frame that its answer repeats. The answer is, in this order: `head`, `head_rest`, the new
/// header, `between`, the new payload, `tail`.
#[derive(Clone, Default)]
struct Kept {
    /// Up to the end of the headers, or up to the payload where that stands before their end.
    head: Range<usize>,
    /// From such a payload to the end of the headers; else empty.
    head_rest: Range<usize>,
    /// From the headers to the payload that follows them.
    between: Range<usize>,
    /// Everything behind.
    tail: Range<usize>,
}

impl Kept {
    /// `payload` is the whole field with its tag; it is empty and stands where the answer's is to be written when the
    /// received frame has none. `len` is the frame's length.
    fn new(headers_end: usize, payload: Range<usize>, len: usize) -> Self {
        if payload.start < headers_end {
            // The answer's payload is written behind the headers nevertheless.
            let end = headers_end;
            return Self {
                head: 0..payload.start,
                head_rest: payload.end..end,
                between: end..end,
                tail: end..len,
            };
        }
        Self {
            head: 0..headers_end,
            head_rest: headers_end..headers_end,
            between: headers_end..payload.start,
            tail: payload.end..len,
        }
    }

    fn len(&self) -> usize {
        self.head.len() + self.head_rest.len() + self.between.len() + self.tail.len()
    }
}

impl RawFrame {
    /// Looks into a binary message.
    ///
    /// What [`Frame::decode`] takes, this takes: absent required fields read as zero and are
    /// zero in the answer.
    ///
    /// # Errors
    ///
    /// As [`Frame::decode`].
    pub fn decode(wire: Bytes) -> Result<Self, DecodeError> {
        if let Some(frame) = Self::scan(&wire) {
            return Ok(Self { wire, ..frame });
        }
        // Something unusual: whatever prost makes of it is written out in the usual form.
        Ok(Self::from(Frame::decode(wire)?))
    }

    /// What the frame is for.
    pub fn method(&self) -> Method {
        Method::from(self.method)
    }

    /// The `type` header as a [`Kind`].
    pub fn kind(&self) -> Kind<'_> {
        Kind::parse(self.header(header_name::TYPE).unwrap_or_default())
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| self.place(header.key) == name.as_bytes())?;
        std::str::from_utf8(self.place(found.value)).ok()
    }

    /// All headers in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |place| std::str::from_utf8(self.place(place)).unwrap_or_default();
        self.headers.iter().map(move |header| (text(header.key), text(header.value)))
    }

    /// [`header_name::MESSAGE_ID`], if there is one and it is not empty.
    pub fn message_id(&self) -> Option<&str> {
        self.header(header_name::MESSAGE_ID).filter(|id| !id.is_empty())
    }

    /// [`header_name::TRACE_ID`], if there is one and it is not empty.
    pub fn trace_id(&self) -> Option<&str> {
        self.header(header_name::TRACE_ID).filter(|id| !id.is_empty())
    }

    /// The payload, a slice of the received bytes.
    pub fn payload(&self) -> Bytes {
        self.wire.slice(self.payload.clone())
    }

    /// Whether the frame names a payload encoding, which no documentation knows.
    pub fn is_encoded(&self) -> bool {
        self.encoded
    }

    /// The frame with all its fields, decoded.
    ///
    /// # Errors
    ///
    /// None that [`RawFrame::decode`] would not have reported.
    pub fn to_frame(&self) -> Result<Frame, DecodeError> {
        Frame::decode(self.wire.clone())
    }

    /// The answer on the wire: this frame with all its fields and headers as they came, in order, with
    /// [`header_name::BIZ_RT`] (milliseconds) as the last header and another payload.
    ///
    /// `write_payload` appends exactly `payload_len` bytes to the buffer it is given: this is where JSON is written
    /// straight into the frame. Should it append another number of bytes, the length is put right at the price of a
    /// copy.
    pub fn encode_answer(
        &self,
        biz_rt_ms: u64,
        payload_len: usize,
        write_payload: impl FnOnce(&mut Vec<u8>),
    ) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.kept.len() + payload_len + 64);
        wire.extend_from_slice(self.bytes(&self.kept.head));
        wire.extend_from_slice(self.bytes(&self.kept.head_rest));
        put_biz_rt(&mut wire, biz_rt_ms);
        wire.extend_from_slice(self.bytes(&self.kept.between));
        let before = wire.len();
        put_length(&mut wire, PAYLOAD, payload_len);
        let start = wire.len();
        write_payload(&mut wire);
        if wire.len() != start + payload_len {
            let payload = wire.split_off(start.min(wire.len()));
            wire.truncate(before);
            put_bytes(&mut wire, PAYLOAD, &payload);
        }
        wire.extend_from_slice(self.bytes(&self.kept.tail));
        wire
    }

    fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.wire.get(range.clone()).unwrap_or_default()
    }

    fn place(&self, (start, end): (u32, u32)) -> &[u8] {
        self.wire.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Finds everything in a frame of the usual form: all required fields, no field twice that should be there once. The
    /// result does not have the bytes yet.
    fn scan(wire: &[u8]) -> Option<Self> {
        let mut frame = Self {
            method: 0,
            headers: Headers::default(),
            payload: 0..0,
            kept: Kept::default(),
            encoded: false,
            wire: Bytes::new(),
        };
        let mut seen = 0u8;
        // Behind the last header, or behind the required fields while there is no header.
        let mut headers_end = 0;
        let mut payload_field = None;
        // Where a payload is to be written when there is none: before the first field with a higher tag.
        let mut payload_at = wire.len();
        let mut fields = Fields::of(wire);
        for field in fields.by_ref() {
            match (field.tag, field.wire_type) {
                (1..=4, VARINT) => {
                    seen |= 1 << (field.tag - 1);
                    if field.tag == 4 {
                        frame.method = as_i32(field.number);
                    }
                    if frame.headers.is_empty() {
                        headers_end = field.end;
                    }
                }
                (HEADERS, LENGTH_DELIMITED) => {
                    frame.headers.push(HeaderAt::read(field.bytes, field.end - field.bytes.len())?);
                    headers_end = field.end;
                }
                (6 | 7 | 9, LENGTH_DELIMITED) => {
                    is_text(field.bytes).then_some(())?;
                    frame.encoded |= field.tag == 6 && !field.bytes.is_empty();
                    if field.tag > PAYLOAD {
                        payload_at = payload_at.min(field.start);
                    }
                }
                (PAYLOAD, LENGTH_DELIMITED) if payload_field.is_none() => {
                    frame.payload = field.end - field.bytes.len()..field.end;
                    payload_field = Some(field.start..field.end);
                }
                (0..=9, _) => return None,
                _ => {}
            }
        }
        let usual = fields.is_done() && seen == REQUIRED;
        frame.kept = Kept::new(headers_end, payload_field.unwrap_or(payload_at..payload_at), wire.len());
        usual.then_some(frame)
    }
}

/// A protobuf `int32` is the low half of its varint.
#[expect(clippy::cast_possible_truncation, reason = "so the wire format says")]
fn as_i32(number: u64) -> i32 {
    number as i32
}

fn put_biz_rt(wire: &mut Vec<u8>, milliseconds: u64) {
    // 20 digits are the most that a u64 has. Written from the right, so that no text is allocated for each answer.
    let mut digits = [b'0'; 20];
    let (mut left, mut start) = (milliseconds, digits.len());
    for digit in digits.iter_mut().rev() {
        *digit += (left % 10) as u8;
        left /= 10;
        start -= 1;
        if left == 0 {
            break;
        }
    }
    let value = digits.get(start..).unwrap_or_default();
    // Two tags and two lengths of one byte each: neither text reaches 128 bytes.
    put_length(wire, HEADERS, header_name::BIZ_RT.len() + value.len() + 4);
    put_bytes(wire, 1, header_name::BIZ_RT.as_bytes());
    put_bytes(wire, 2, value);
}

/// In the usual form: what is written is what [`Frame::encode_to_vec`] writes.
impl From<Frame> for RawFrame {
    fn from(frame: Frame) -> Self {
        let wire = Bytes::from(frame.encode_to_vec());
        let scanned = Self::scan(&wire).unwrap_or(Self {
            // Out of reach: prost writes every required field once.
            kept: Kept::new(0, wire.len()..wire.len(), wire.len()),
            wire: Bytes::new(),
            method: frame.method,
            headers: Headers::default(),
            payload: 0..0,
            encoded: false,
        });
        Self { wire, ..scanned }
    }
}

/// Shows the headers and the length of the payload, never the payload itself: it is the user's data.
impl fmt::Debug for RawFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawFrame")
            .field("method", &self.method())
            .field("headers", &self.headers().collect::<Vec<_>>())
            .field("payload_len", &self.payload.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    #[test]
    fn encode_answer_keeps_unknown_fields_in_place() {
        #[rustfmt::skip]
        let wire = [
            0x42, 1, b'p',                            // the payload first
            0x9a, 0x06, 2, b'?', b'?',                // field 99, unknown
            0x20, 1, 0x18, 2, 0x10, 3, 0x08, 4,       // required fields backwards
            0x2a, 6, 0x0a, 1, b'k', 0x12, 1, b'v',
            0x4a, 1, b'n',
        ];
        let raw = RawFrame::decode(Bytes::copy_from_slice(&wire)).unwrap();
        assert_eq!((&raw.payload()[..], raw.header("k")), (&b"p"[..], Some("v")));
        #[rustfmt::skip]
        let expected = [
            0x9a, 0x06, 2, b'?', b'?',
            0x20, 1, 0x18, 2, 0x10, 3, 0x08, 4,
            0x2a, 6, 0x0a, 1, b'k', 0x12, 1, b'v',
            0x2a, 11, 0x0a, 6, b'b', b'i', b'z', b'_', b'r', b't', 0x12, 1, b'7',
            0x42, 2, b'{', b'}',
            0x4a, 1, b'n',
        ];
        assert_eq!(raw.encode_answer(7, 2, |wire| wire.extend_from_slice(b"{}")), expected);
    }

    #[test]
    fn encode_answer_writes_absent_required_fields_as_zero() {
        let raw = RawFrame::decode(Bytes::from_static(&[0x20, 1])).unwrap();
        assert_eq!(raw.method(), Method::Data);
        let answer = Frame::decode(&raw.encode_answer(0, 0, |_| ())[..]).unwrap();
        assert_eq!((answer.method, answer.header("biz_rt")), (1, Some("0")));
        assert!(raw.encode_answer(0, 0, |_| ()).starts_with(&[0x08, 0, 0x10, 0, 0x18, 0, 0x20, 1]));
    }

    #[test]
    fn raw_frame_decode_refuses_a_key_of_more_than_32_bits() {
        let wire = [0x08, 0, 0x10, 0, 0x18, 0, 0x20, 0, 0xe0, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0x17, 0x20];
        assert!(Frame::decode(&wire[..]).is_err());
        assert!(RawFrame::decode(Bytes::copy_from_slice(&wire)).is_err());
    }

    #[test]
    fn raw_frame_header_without_a_value_is_empty() {
        let wire = [0x08, 0, 0x10, 0, 0x18, 0, 0x20, 0, 0x2a, 3, 0x0a, 1, b'k'];
        let raw = RawFrame::decode(Bytes::copy_from_slice(&wire)).unwrap();
        assert_eq!(raw.header("k"), Some(""));
    }

    #[test]
    fn raw_frame_debug_shows_no_payload() {
        let frame = Frame { payload: Some(Bytes::from_static(b"private")), ..Frame::ping(1) };
        let shown = format!("{:?}", RawFrame::from(frame));
        assert!(!shown.contains("private") && shown.contains("ping"), "{shown}");
        assert_eq!(
            RawFrame::from(Frame { headers: vec![Header::new("a", "b")], ..Frame::default() }).header("a"),
            Some("b")
        );
    }
}
