//! Any bytes as a frame: no panic, and what can be read can be written, read again and answered.
#![no_main]

use feishu_proto::{Bytes, Frame, RawFrame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let raw = RawFrame::decode(Bytes::copy_from_slice(data));
    let Ok(frame) = Frame::decode(data) else {
        assert!(raw.is_err(), "one decoder takes what the other refuses");
        return;
    };
    let raw = raw.expect("one decoder takes what the other refuses");
    assert_eq!(Frame::decode(frame.encode_to_vec().as_slice()).expect("what was written"), frame);
    assert_eq!(raw.kind(), frame.kind());
    assert_eq!(raw.message_id(), frame.message_id());
    let answer = raw.encode_answer(7, 2, |wire| wire.extend_from_slice(b"{}"));
    let answer = Frame::decode(answer.as_slice()).expect("an answer is a frame");
    assert_eq!(answer, frame.into_answer(Bytes::from_static(b"{}"), 7));
});
