//! Bytes on the wire, written out by hand from the protobuf encoding rules.

use feishu_proto::{Bytes, Frame, Header, Kind, Method};

#[test]
fn ping_is_the_minimal_control_frame() {
    #[rustfmt::skip]
    let expected = [
        0x08, 0x00,                               // SeqID = 0
        0x10, 0x00,                               // LogID = 0
        0x18, 0xf6, 0x81, 0x80, 0x10,             // service = 33554678
        0x20, 0x00,                               // method = 0
        0x2a, 0x0c,                               // one header, 12 bytes
        0x0a, 0x04, b't', b'y', b'p', b'e',
        0x12, 0x04, b'p', b'i', b'n', b'g',
    ];
    assert_eq!(Frame::ping(33_554_678).encode_to_vec(), expected);
}

#[test]
fn encode_to_vec_writes_every_field_with_its_tag() {
    let frame = Frame {
        seq_id: 1,
        log_id: u64::MAX,
        service: -1,
        method: 1,
        headers: vec![Header::new("k", "v")],
        payload_encoding: Some("e".into()),
        payload_type: Some("t".into()),
        payload: Some(Bytes::from_static(b"p")),
        log_id_new: Some("n".into()),
    };
    #[rustfmt::skip]
    let expected = [
        0x08, 1,
        0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        0x20, 1,
        0x2a, 6, 0x0a, 1, b'k', 0x12, 1, b'v',
        0x32, 1, b'e',
        0x3a, 1, b't',
        0x42, 1, b'p',
        0x4a, 1, b'n',
    ];
    assert_eq!(frame.encode_to_vec(), expected);
    assert_eq!(Frame::decode(&expected[..]).unwrap(), frame);
}

#[test]
fn decode_accepts_fields_in_any_order_and_skips_unknown_ones() {
    #[rustfmt::skip]
    let wire = [
        0x4a, 1, b'n',
        0x9a, 0x06, 2, b'?', b'?',                // field 99, unknown
        0x20, 1,
        0x2a, 9, 0x12, 4, b'c', b'a', b'r', b'd', 0x0a, 1, b'k',
        0x08, 5,
    ];
    let frame = Frame::decode(&wire[..]).unwrap();
    assert_eq!((frame.seq_id, frame.log_id, frame.service), (5, 0, 0), "absent required fields read as zero");
    assert_eq!(Method::from(frame.method), Method::Data);
    assert_eq!(frame.header("k"), Some("card"));
    assert_eq!(frame.kind(), Kind::Unknown(""));
}

#[test]
fn decode_shares_the_payload_with_the_received_bytes() {
    let wire = Bytes::from(Frame::ping(0).into_answer(Bytes::from(vec![7; 4096]), 0).encode_to_vec());
    let payload = Frame::decode(wire.clone()).unwrap().payload.unwrap();
    let range = wire.as_ptr_range();
    assert!(range.contains(&payload.as_ptr()), "the payload was copied");
}
