//! A callback as ready-made bytes for the socket, with the places where its number goes.

use bytes::Bytes;
use feishu_proto::{Frame, Header};

use crate::websocket::{self, Opcode};
use crate::workload::{HOLE, Workload};

/// What surrounds the number in a message id.
const BEFORE: &str = "om_bench";
const AFTER: &str = "_3f9c1e5ab2d84706";

pub(crate) struct Template {
    bytes: Vec<u8>,
    holes: Vec<usize>,
}

impl Template {
    pub(crate) fn new(workload: Workload) -> Self {
        let mut bytes = Vec::new();
        for frame in frames(workload) {
            websocket::put(&mut bytes, Opcode::Binary, &frame.encode_to_vec());
        }
        let hole = HOLE.as_bytes();
        let holes = bytes.windows(hole.len()).enumerate().filter(|(_, bytes)| *bytes == hole);
        let holes = holes.map(|(at, _)| at).collect();
        Self { bytes, holes }
    }

    /// Appends the callback of this number.
    pub(crate) fn put(&self, out: &mut Vec<u8>, number: u64) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let digits = format!("{number:08}");
        for hole in &self.holes {
            let at = start + hole;
            out[at..at + HOLE.len()].copy_from_slice(digits.as_bytes());
        }
    }
}

/// The frames of one callback, in order.
pub(crate) fn frames(workload: Workload) -> Vec<Frame> {
    let payload = Bytes::from(workload.payload());
    let count = payload.len().div_ceil(workload.fragment);
    let frame = |index: usize| {
        let start = index * workload.fragment.min(payload.len());
        let end = start.saturating_add(workload.fragment).min(payload.len());
        let id = format!("{BEFORE}{HOLE}{AFTER}");
        let headers = [
            ("type", "event".to_owned()),
            ("sum", count.to_string()),
            ("seq", index.to_string()),
            ("message_id", id.clone()),
            ("trace_id", format!("tr_{id}")),
            ("timestamp", "1700000000000".to_owned()),
        ];
        Frame {
            seq_id: 1,
            log_id: 7_300_000_000_000_000_001,
            service: 1,
            method: 1,
            headers: headers.into_iter().map(|(key, value)| Header::new(key, value)).collect(),
            payload: Some(payload.slice(start..end)),
            log_id_new: Some("20260101000000000000000000000000".to_owned()),
            ..Frame::default()
        }
    };
    (0..count).map(frame).collect()
}

/// The number in a message id of ours.
pub(crate) fn number_of(message_id: &[u8]) -> Option<u64> {
    let rest = message_id.strip_prefix(BEFORE.as_bytes())?.strip_suffix(AFTER.as_bytes())?;
    let digits = std::str::from_utf8(rest).ok().filter(|digits| digits.len() == HOLE.len())?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_carries_its_number_everywhere() {
        for workload in [Workload::CARD, Workload::EVENT, Workload::PREVIEW, Workload::FRAGMENTS] {
            let mut wire = Vec::new();
            Template::new(workload).put(&mut wire, 12_345_678);
            let text = String::from_utf8_lossy(&wire);
            assert!(!text.contains(HOLE));
            // At least: the message id of each frame and its trace id, the event's id, the number itself.
            assert!(text.matches("12345678").count() >= 2 * frames(workload).len() + 2, "{text}");
        }
    }

    #[test]
    fn only_our_message_ids_have_a_number() {
        assert_eq!(number_of(b"om_bench12345678_3f9c1e5ab2d84706"), Some(12_345_678));
        assert_eq!(number_of(b"om_bench1234567_3f9c1e5ab2d84706"), None);
        assert_eq!(number_of(b"om_12345678"), None);
    }
}
