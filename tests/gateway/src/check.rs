//! The rules for what a client sends: pings and answers.

use feishu_proto::{Frame, Header, Kind, Method, header_name};

use crate::answer::{Data, Payload};
use crate::verdict::Purpose;
use crate::{Finding, FindingKind};

/// Checks a ping frame of a connection whose URL has this `service_id`.
pub(crate) fn ping(frame: &Frame, service_id: i32) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut wrong = |text: String| found.push(Finding::error(FindingKind::Ping, text));
    if Method::from(frame.method) != Method::Control {
        wrong(format!("a ping has method 0, not {}", frame.method));
    }
    if frame.service != service_id {
        wrong(format!("service of a ping is the service_id of the URL, {service_id}, not {}", frame.service));
    }
    if (frame.seq_id, frame.log_id) != (0, 0) {
        wrong(format!("SeqID and LogID of a ping are 0, not {} and {}", frame.seq_id, frame.log_id));
    }
    if frame.headers.len() != 1 {
        wrong(format!("a ping has the one header type=ping, not {:?}", names(&frame.headers)));
    }
    if frame.payload.as_ref().is_some_and(|payload| !payload.is_empty()) {
        wrong("a ping has no payload".into());
    }
    found
}

/// The frame that an answer means to repeat: the one that completed the message, or another fragment of it, which the
/// Go SDK may take as it reads fragments in parallel.
pub(crate) fn echoed<'a>(
    completes: &'a Frame,
    fragments: &'a [Frame],
    answer: &Frame,
    found: &mut Vec<Finding>,
) -> &'a Frame {
    let other = fragments.iter().find(|fragment| fragment.seq_id == answer.seq_id);
    match other.filter(|_| completes.seq_id != answer.seq_id) {
        Some(other) => {
            let seq = |frame: &Frame| frame.header(header_name::SEQ).unwrap_or_default().to_owned();
            let text = format!("fragment {} was answered, but {} came last", seq(other), seq(completes));
            found.push(Finding::warning(FindingKind::AnswerEcho, text));
            other
        }
        None => completes,
    }
}

/// Checks an answer against the frame that it should repeat.
pub(crate) fn echo(sent: &Frame, answer: &Frame, found: &mut Vec<Finding>) {
    let mut wrong = |what: &str, sent: &dyn std::fmt::Debug, came: &dyn std::fmt::Debug| {
        let text = format!("an answer repeats {what}: pushed {sent:?}, answered {came:?}");
        found.push(Finding::error(FindingKind::AnswerEcho, text));
    };
    if sent.seq_id != answer.seq_id && !same_double(sent.seq_id, answer.seq_id) {
        wrong("SeqID", &sent.seq_id, &answer.seq_id);
    }
    if sent.log_id != answer.log_id && !same_double(sent.log_id, answer.log_id) {
        wrong("LogID", &sent.log_id, &answer.log_id);
    }
    if sent.service != answer.service {
        wrong("service", &sent.service, &answer.service);
    }
    if sent.method != answer.method {
        wrong("method", &sent.method, &answer.method);
    }
    for (what, sent, came) in [
        ("payload_encoding", &sent.payload_encoding, &answer.payload_encoding),
        ("payload_type", &sent.payload_type, &answer.payload_type),
        ("LogIDNew", &sent.log_id_new, &answer.log_id_new),
    ] {
        // The Go SDK writes absent texts as empty ones.
        if sent.as_deref().unwrap_or_default() != came.as_deref().unwrap_or_default() {
            wrong(what, sent, came);
        }
    }
    if (sent.seq_id, sent.log_id) != (answer.seq_id, answer.log_id) && same_numbers(sent, answer) {
        let text = "SeqID or LogID was rounded to 53 bits".to_owned();
        found.push(Finding::warning(FindingKind::AnswerEcho, text));
    }
    headers(&sent.headers, &answer.headers, found);
}

fn headers(sent: &[Header], answer: &[Header], found: &mut Vec<Finding>) {
    let (repeated, added) = answer.split_at(sent.len().min(answer.len()));
    if repeated != sent {
        let text = match sent.iter().find(|header| !answer.contains(header)) {
            Some(lost) => format!("header {} = {:?} was not repeated", lost.key, lost.value),
            None => format!("headers are repeated in order: {:?}, not {:?}", names(sent), names(answer)),
        };
        found.push(Finding::error(FindingKind::AnswerHeaders, text));
    }
    if let Some(other) = added.iter().find(|header| header.key != header_name::BIZ_RT) {
        let text = format!("header {} was added; only biz_rt may be", other.key);
        found.push(Finding::error(FindingKind::AnswerHeaders, text));
    }
    let times: Vec<&Header> = answer.iter().filter(|header| header.key == header_name::BIZ_RT).collect();
    let text = match times.as_slice() {
        [] => "biz_rt is missing".into(),
        [one] => match one.value.parse::<i64>() {
            Ok(0..) => return,
            Ok(_) => format!("biz_rt is negative: {}", one.value),
            Err(_) => format!("biz_rt is not a number of milliseconds: {:?}", one.value),
        },
        many => format!("biz_rt is there {} times", many.len()),
    };
    found.push(Finding::warning(FindingKind::BizRt, text));
}

/// Checks the content of an answer.
pub(crate) fn payload(read: Result<Payload, String>, purpose: Purpose, found: &mut Vec<Finding>) -> Payload {
    let payload = match read {
        Ok(payload) => payload,
        Err(why) => {
            found.push(Finding::error(FindingKind::AnswerPayload, why.clone()));
            return Payload::unreadable(why);
        }
    };
    if payload.code.is_none() {
        found.push(Finding::error(FindingKind::AnswerPayload, "the answer has no code"));
    }
    match &payload.data {
        Data::Unreadable(why) => found.push(Finding::error(FindingKind::AnswerData, why.clone())),
        Data::Json(json) if purpose != Purpose::Event && json.trim_ascii_start().first() != Some(&b'{') => {
            let text = format!("data is not a JSON object: {}", String::from_utf8_lossy(json));
            found.push(Finding::error(FindingKind::AnswerData, text));
        }
        Data::Absent if purpose != Purpose::Event && payload.code == Some(200) => {
            let text = "a callback is answered with at least {} as data";
            found.push(Finding::warning(FindingKind::AnswerData, text));
        }
        Data::Absent | Data::Json(_) => {}
    }
    payload
}

/// Whether the frame is a ping, whatever else is wrong with it.
pub(crate) fn is_ping(frame: &Frame) -> bool {
    matches!(frame.kind(), Kind::Ping)
}

/// The required field that these bytes of a decodable frame lack. prost reads it as zero; official SDKs drop the frame.
pub(crate) fn missing_field(wire: &[u8]) -> Option<&'static str> {
    let mut seen = [false; 5];
    let mut headers_whole = true;
    for (tag, body) in Fields(wire) {
        match tag {
            1..=4 => {
                if let Some(seen) = usize::try_from(tag).ok().and_then(|tag| seen.get_mut(tag)) {
                    *seen = true;
                }
            }
            5 => {
                let tags = || Fields(body).map(|(tag, _)| tag);
                headers_whole &= tags().any(|tag| tag == 1) && tags().any(|tag| tag == 2);
            }
            _ => {}
        }
    }
    let [_, seq_id, log_id, service, method] = seen;
    let required = [(seq_id, "SeqID"), (log_id, "LogID"), (service, "service"), (method, "method")];
    let missing = required.into_iter().find(|(seen, _)| !seen).map(|(_, name)| name);
    missing.or((!headers_whole).then_some("key or value of a header"))
}

// This walker is independent of the one in feishu-proto on purpose: that one is part of what the gateway checks, and a
// mistake in both would go unnoticed.
/// The fields of one protobuf message: number and, for length-delimited ones, content. Ends at the first byte that
/// makes no sense.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.varint()?;
        let body = match key & 7 {
            0 => {
                self.varint()?;
                &[]
            }
            1 => self.bytes(8)?,
            2 => {
                let len = self.varint()?;
                self.bytes(usize::try_from(len).ok()?)?
            }
            5 => self.bytes(4)?,
            _ => return None,
        };
        Some((key >> 3, body))
    }
}

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// Numbers above 2^53 that a client in JavaScript cannot tell apart.
#[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "the loss is the point")]
fn same_double(a: u64, b: u64) -> bool {
    a as f64 == b as f64
}

fn same_numbers(a: &Frame, b: &Frame) -> bool {
    same_double(a.seq_id, b.seq_id) && same_double(a.log_id, b.log_id)
}

fn names(headers: &[Header]) -> Vec<&str> {
    headers.iter().map(|header| &*header.key).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_missing_field_is_named() {
        let frame = Frame::ping(7).encode_to_vec();
        assert_eq!(missing_field(&frame), None);
        for (index, name) in ["SeqID", "LogID", "service", "method"].into_iter().enumerate() {
            // Each of the four is a tag and a value of one byte.
            let mut without = frame.clone();
            without.drain(index * 2..index * 2 + 2);
            assert_eq!(missing_field(&without), Some(name));
        }
        let mut half_header = frame[..8].to_vec();
        half_header.extend([0x2a, 3, 0x0a, 1, b'k']);
        assert_eq!(missing_field(&half_header), Some("key or value of a header"));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_looked_at(bytes: Vec<u8>) {
            missing_field(&bytes);
        }

        #[test]
        fn an_encoded_frame_lacks_nothing(
            seq_id: u64,
            service: i32,
            headers in prop::collection::vec((".*", ".*"), 0..4),
            payload: Vec<u8>,
        ) {
            let headers = headers.into_iter().map(|(key, value)| Header::new(key, value)).collect();
            let frame = Frame { seq_id, service, headers, payload: Some(payload.into()), ..Frame::default() };
            prop_assert_eq!(missing_field(&frame.encode_to_vec()), None);
        }

        #[test]
        fn the_answer_made_by_the_book_has_no_finding(seq_id: u64, log_id: u64, service: i32, biz_rt: u64) {
            let headers = vec![Header::new("type", "event"), Header::new("biz", ""), Header::new("type", "x")];
            let sent = Frame { seq_id, log_id, service, method: 1, headers, ..Frame::default() };
            let answer = sent.clone().into_answer("{}".into(), biz_rt >> 1);
            let mut found = Vec::new();
            echo(&sent, &answer, &mut found);
            prop_assert_eq!(found, vec![]);
        }
    }
}
