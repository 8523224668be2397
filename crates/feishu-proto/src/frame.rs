//! The frames a client sends: the ping and the answer. And a `Debug` that keeps payloads out of logs.

use std::fmt;

use bytes::Bytes;

use crate::{Frame, Header, Kind, Method, header_name};

impl Frame {
    /// The application-level ping. `service` is the `service_id` of the connection URL, 0 when it has none.
    ///
    /// ```
    /// use feishu_proto::Frame;
    ///
    /// let wire = Frame::ping(33_554_678).encode_to_vec();
    /// // Required fields are on the wire also when they are zero.
    /// assert_eq!(wire[..9], [0x08, 0, 0x10, 0, 0x18, 0xf6, 0x81, 0x80, 0x10]);
    /// ```
    pub fn ping(service: i32) -> Self {
        Self {
            service,
            method: Method::Control.into(),
            headers: vec![Header::new(header_name::TYPE, Kind::Ping.as_str())],
            ..Self::default()
        }
    }

    /// Turns the received frame into its answer: all its fields and headers as they came, in order, with `payload` in
    /// place of the received one and [`header_name::BIZ_RT`] (the handler's time in milliseconds) added at the end.
    ///
    /// For a message that came in fragments, this is called on the frame that completed it.
    #[must_use]
    pub fn into_answer(mut self, payload: Bytes, biz_rt_ms: u64) -> Self {
        self.headers.push(Header::new(header_name::BIZ_RT, biz_rt_ms.to_string()));
        self.payload = Some(payload);
        self
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
    fn into_answer_changes_only_the_payload_and_adds_biz_rt() {
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
    fn frame_debug_shows_no_payload() {
        let frame = Frame::ping(1).into_answer(Bytes::from_static(b"private words"), 0);
        let shown = format!("{frame:?}");
        assert!(!shown.contains("private"), "{shown}");
        assert!(shown.contains("payload_len: Some(13)"), "{shown}");
    }
}
