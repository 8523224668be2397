//! What holds for every frame and for every sequence of bytes.

use feishu_proto::{Bytes, Frame, Header, Method, RawFrame};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn frame() -> impl Strategy<Value = Frame> {
    (
        any::<(u64, u64, i32, i32)>(),
        vec((".{0,12}", ".{0,40}"), 0..12),
        (option::of(".{0,8}"), option::of(".{0,8}"), option::of(".{0,8}")),
        option::of(vec(any::<u8>(), 0..2048)),
    )
        .prop_map(|((seq_id, log_id, service, method), headers, texts, payload)| Frame {
            seq_id,
            log_id,
            service,
            method,
            headers: headers.into_iter().map(|(key, value)| Header { key, value }).collect(),
            payload_encoding: texts.0,
            payload_type: texts.1,
            payload: payload.map(Bytes::from),
            log_id_new: texts.2,
        })
}

proptest! {
    #[test]
    fn decode_is_the_inverse_of_encode(frame in frame()) {
        let wire = Bytes::from(frame.encode_to_vec());
        prop_assert_eq!(Frame::decode(wire).unwrap(), frame);
    }

    #[test]
    fn raw_frame_returns_the_same_values_as_frame(frame in frame()) {
        let raw = RawFrame::decode(Bytes::from(frame.encode_to_vec())).unwrap();
        prop_assert_eq!(raw.method(), Method::from(frame.method));
        prop_assert_eq!(raw.kind(), frame.kind());
        prop_assert_eq!(raw.payload(), frame.payload.clone().unwrap_or_default());
        prop_assert_eq!(raw.is_encoded(), frame.payload_encoding.as_ref().is_some_and(|text| !text.is_empty()));
        let headers = frame.headers.iter().map(|header| (header.key.as_str(), header.value.as_str()));
        prop_assert!(raw.headers().eq(headers));
        prop_assert_eq!(raw.to_frame().unwrap(), frame);
    }

    #[test]
    fn raw_frame_encode_answer_equals_frame_into_answer(
        frame in frame(),
        time in any::<u64>(),
        payload in vec(any::<u8>(), 0..300),
    ) {
        let raw = RawFrame::from(frame.clone());
        let in_place = raw.encode_answer(time, payload.len(), |wire| wire.extend_from_slice(&payload));
        let wrong_length = raw.encode_answer(time, 3, |wire| wire.extend_from_slice(&payload));
        let whole = frame.into_answer(Bytes::from(payload), time).encode_to_vec();
        prop_assert_eq!(&in_place, &whole);
        prop_assert_eq!(&wrong_length, &whole);
    }

    #[test]
    fn raw_frame_decode_accepts_exactly_what_frame_decode_accepts(frame in frame(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut wire = frame.encode_to_vec();
        let at = at.index(wire.len());
        wire[at] = byte;
        let raw = RawFrame::decode(Bytes::from(wire.clone()));
        let by_prost = Frame::decode(wire.as_slice());
        prop_assert_eq!(raw.is_ok(), by_prost.is_ok());
        if let (Ok(raw), Ok(frame)) = (raw, by_prost) {
            let answer = raw.encode_answer(1, 2, |wire| wire.extend_from_slice(b"{}"));
            let answer = Frame::decode(answer.as_slice()).unwrap();
            prop_assert_eq!(answer, frame.into_answer(Bytes::from_static(b"{}"), 1));
        }
    }

    #[test]
    fn raw_frame_decode_never_panics_on_random_bytes(noise in vec(any::<u8>(), 0..512)) {
        if let Ok(raw) = RawFrame::decode(Bytes::from(noise)) {
            let _ = raw.encode_answer(1, 0, |_| ());
        }
    }

    #[test]
    fn frame_decode_never_panics_on_random_bytes(noise in vec(any::<u8>(), 0..512)) {
        let _ = Frame::decode(noise.as_slice());
    }

    #[test]
    fn frame_decode_never_panics_on_a_truncated_or_corrupted_frame(frame in frame(), cut in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut wire = frame.encode_to_vec();
        let at = cut.index(wire.len());
        let _ = Frame::decode(&wire[..at]);
        wire[at] ^= 1 << bit;
        let _ = Frame::decode(wire.as_slice());
    }
}
