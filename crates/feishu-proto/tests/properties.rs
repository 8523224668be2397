//! What holds for every frame and for every sequence of bytes.

use feishu_proto::{Bytes, Frame, Header, Message};
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
    fn an_answer_encoded_in_place_is_the_answer(frame in frame(), time in any::<u64>(), payload in vec(any::<u8>(), 0..300)) {
        let in_place = frame.encode_answer(time, payload.len(), |wire| wire.extend_from_slice(&payload));
        let wrong_length = frame.encode_answer(time, 3, |wire| wire.extend_from_slice(&payload));
        let whole = frame.into_answer(Bytes::from(payload), time).encode_to_vec();
        prop_assert_eq!(&in_place, &whole);
        prop_assert_eq!(&wrong_length, &whole);
    }

    #[test]
    fn noise_never_panics(noise in vec(any::<u8>(), 0..512)) {
        let _ = Frame::decode(noise.as_slice());
    }

    #[test]
    fn a_cut_or_flipped_frame_never_panics(frame in frame(), cut in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut wire = frame.encode_to_vec();
        let at = cut.index(wire.len());
        let _ = Frame::decode(&wire[..at]);
        wire[at] ^= 1 << bit;
        let _ = Frame::decode(wire.as_slice());
    }
}
