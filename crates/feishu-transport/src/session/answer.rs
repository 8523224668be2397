//! The encoder of an answering frame.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use feishu_proto::RawFrame;

use crate::Answer;

const OPEN: &[u8] = b",\"data\":\"";
const CLOSE: &[u8] = b"\"}";

/// Encodes the answer to `frame`, with `{"code":…,"data":"<base64>"}` as its payload.
pub(crate) fn encode_answer(frame: &RawFrame, answer: &Answer, biz_rt_ms: u64) -> Vec<u8> {
    let other;
    let head = match answer.code() {
        200 => "{\"code\":200",
        500 => "{\"code\":500",
        code => {
            other = format!("{{\"code\":{code}");
            &other
        }
    };
    let Some(data) = answer.data() else {
        return frame.encode_answer(biz_rt_ms, head.len() + 1, |wire| {
            wire.extend_from_slice(head.as_bytes());
            wire.push(b'}');
        });
    };
    let encoded_len = data.len().div_ceil(3) * 4;
    let len = head.len() + OPEN.len() + encoded_len + CLOSE.len();
    frame.encode_answer(biz_rt_ms, len, |wire| {
        wire.extend_from_slice(head.as_bytes());
        wire.extend_from_slice(OPEN);
        let start = wire.len();
        wire.resize(start + encoded_len, 0);
        if let Some(room) = wire.get_mut(start..) {
            // The buffer has exactly the size base64 needs, so this cannot fail.
            let _ = STANDARD.encode_slice(data, room);
        }
        wire.extend_from_slice(CLOSE);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use feishu_proto::{Frame, Header};

    fn payload_of(answer: &Answer) -> String {
        let frame = Frame { headers: vec![Header::new("type", "event")], ..Frame::ping(1) };
        let wire = encode_answer(&frame.into(), answer, 5);
        let decoded = Frame::decode(wire.as_slice()).unwrap();
        assert_eq!(decoded.header("biz_rt"), Some("5"));
        String::from_utf8(decoded.payload.unwrap().to_vec()).unwrap()
    }

    #[test]
    fn answers_have_their_documented_form() {
        assert_eq!(payload_of(&Answer::failed()), r#"{"code":500}"#);
        assert_eq!(payload_of(&Answer::empty()), r#"{"code":200,"data":"e30="}"#);
        assert_eq!(payload_of(&Answer::ok("")), r#"{"code":200,"data":""}"#);
        assert_eq!(payload_of(&Answer::ok(r#"{"a":1}"#)), r#"{"code":200,"data":"eyJhIjoxfQ=="}"#);
    }
}
