//! The frames a client sends: the ping and the answer. And a `Debug` that keeps payloads out of logs.

use std::fmt;

use bytes::Bytes;

use prost::Message as _;

use crate::{Frame, Header, Kind, Method, key, wire};

impl Frame {
    /// The application-level ping. `service` is the `service_id` of the connection URL, 0 when it has none.
    ///
    /// ```
    /// use feishu_proto::{Frame, Message};
    ///
    /// let wire = Frame::ping(33_554_678).encode_to_vec();
    /// // Required fields are on the wire also when they are zero.
    /// assert_eq!(wire[..9], [0x08, 0, 0x10, 0, 0x18, 0xf6, 0x81, 0x80, 0x10]);
    /// ```
    pub fn ping(service: i32) -> Self {
        Self {
            service,
            method: Method::Control.into(),
            headers: vec![Header::new(key::TYPE, Kind::Ping.as_str())],
            ..Self::default()
        }
    }

    /// Turns the received frame into its answer: all its fields and headers as they came, in order, with `payload` in
    /// place of the received one and [`key::BIZ_RT`] (the handler's time in milliseconds) added at the end.
    ///
    /// For a message that came in fragments, this is called on the frame that completed it.
    #[must_use]
    pub fn into_answer(mut self, payload: Bytes, biz_rt_ms: u64) -> Self {
        self.headers.push(Header::new(key::BIZ_RT, biz_rt_ms.to_string()));
        self.payload = Some(payload);
        self
    }
}

/// Encoding an answer from a borrowed frame, for senders that still need the frame and would rather not copy it.
impl Frame {
    /// The encoded answer to this frame: the bytes of [`Frame::into_answer`], from a borrowed frame and in one buffer.
    ///
    /// `write_payload` appends exactly `payload_len` bytes to the buffer it is given; this is where the JSON is written
    /// straight into the frame. Should it write another number of bytes, the length is put right at the price of a
    /// copy.
    ///
    /// ```
    /// use feishu_proto::{Bytes, Frame, Message};
    ///
    /// let frame = Frame::ping(7);
    /// let wire = frame.encode_answer(12, 2, |buffer| buffer.extend_from_slice(b"{}"));
    /// assert_eq!(wire, frame.into_answer(Bytes::from_static(b"{}"), 12).encode_to_vec());
    /// ```
    pub fn encode_answer(
        &self,
        biz_rt_ms: u64,
        payload_len: usize,
        write_payload: impl FnOnce(&mut Vec<u8>),
    ) -> Vec<u8> {
        let biz_rt = Header::new(key::BIZ_RT, biz_rt_ms.to_string());
        let texts = [(6, &self.payload_encoding), (7, &self.payload_type)];
        let headers_len: usize = self.headers.iter().chain([&biz_rt]).map(|h| h.encoded_len() + 12).sum();
        let texts_len: usize =
            texts.iter().map(|(_, text)| text.as_ref().map_or(0, |text| text.len() + 12)).sum();
        let last_len = self.log_id_new.as_ref().map_or(0, |text| text.len() + 12);

        let mut wire = Vec::with_capacity(64 + headers_len + texts_len + last_len + payload_len);
        wire::put_number(&mut wire, 1, self.seq_id);
        wire::put_number(&mut wire, 2, self.log_id);
        wire::put_number(&mut wire, 3, wire::sign_extend(self.service));
        wire::put_number(&mut wire, 4, wire::sign_extend(self.method));
        for header in self.headers.iter().chain([&biz_rt]) {
            wire::put_header(&mut wire, header);
        }
        for (tag, text) in texts {
            wire::put_text(&mut wire, tag, text.as_deref());
        }
        wire::put_length(&mut wire, 8, payload_len);
        let start = wire.len();
        write_payload(&mut wire);
        if wire.len() != start + payload_len {
            let payload = Bytes::from(wire.split_off(start.min(wire.len())));
            return self.clone().into_answer(payload, biz_rt_ms).encode_to_vec();
        }
        wire::put_text(&mut wire, 9, self.log_id_new.as_deref());
        wire
    }
}

/// Shows the headers and the length of the payload, never the payload itself: it is the user's data.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("seq_id", &self.seq_id)
            .field("log_id", &self.log_id)
            .field("service", &self.service)
            .field("method", &Method::from(self.method))
            .field("headers", &Headers(&self.headers))
            .field("payload_len", &self.payload.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

struct Headers<'a>(&'a [Header]);

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|header| (&header.key, &header.value))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_frame_with_two_changes() {
        let received = Frame {
            seq_id: 7,
            log_id: u64::MAX,
            service: -3,
            method: 1,
            headers: vec![Header::new("type", "event"), Header::new("x", "1"), Header::new("x", "2")],
            payload_encoding: Some("e".into()),
            payload_type: None,
            payload: Some(Bytes::from_static(b"{}")),
            log_id_new: Some(String::new()),
        };
        let answer = received.clone().into_answer(Bytes::from_static(b"{\"code\":200}"), 12);
        let mut expected = received;
        expected.headers.push(Header::new("biz_rt", "12"));
        expected.payload = Some(Bytes::from_static(b"{\"code\":200}"));
        assert_eq!(answer, expected);
    }

    #[test]
    fn debug_shows_no_payload() {
        let frame = Frame::ping(1).into_answer(Bytes::from_static(b"private words"), 0);
        let shown = format!("{frame:?}");
        assert!(!shown.contains("private"), "{shown}");
        assert!(shown.contains("payload_len: Some(13)"), "{shown}");
    }
}
