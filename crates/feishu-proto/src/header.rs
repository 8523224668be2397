//! Header names, and look-up on a frame's header list without building strings or maps.

use crate::{Frame, Header};

/// Names of the frame headers that the platform and its SDKs use.
pub mod header_name {
    /// What the frame is: `ping`, `pong`, `event` or `card`. See [`Kind`](crate::Kind).
    pub const TYPE: &str = "type";
    /// Id of the message; the fragments of one message share it.
    pub const MESSAGE_ID: &str = "message_id";
    /// Number of fragments of the message; 1 or absent means that the message is whole.
    pub const SUM: &str = "sum";
    /// Index of this fragment, from 0.
    pub const SEQ: &str = "seq";
    /// Trace id to quote to the platform's support.
    pub const TRACE_ID: &str = "trace_id";
    /// When the platform sent the message, in milliseconds since the epoch.
    pub const TIMESTAMP: &str = "timestamp";
    /// The gateway instance that waits for the answer; an answer must repeat it.
    pub const INSTANCE_ID: &str = "instance_id";
    /// In an answer: how long the handler took, in milliseconds.
    pub const BIZ_RT: &str = "biz_rt";
}

impl Header {
    /// A header from its name and its value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

impl Frame {
    /// The value of the first header called `key`. Later headers of the same name do not count, as in the SDKs of
    /// Go, Python and Java.
    pub fn header(&self, key: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.key == key).map(|header| header.value.as_str())
    }

    /// [`header_name::MESSAGE_ID`], if there is one and it is not empty.
    pub fn message_id(&self) -> Option<&str> {
        self.header(header_name::MESSAGE_ID).filter(|id| !id.is_empty())
    }

    /// [`header_name::TRACE_ID`], if there is one and it is not empty.
    pub fn trace_id(&self) -> Option<&str> {
        self.header(header_name::TRACE_ID).filter(|id| !id.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_returns_the_first_of_a_name() {
        let mut frame = Frame::ping(1);
        frame.headers = vec![Header::new("a", "1"), Header::new("b", "2"), Header::new("a", "3")];
        assert_eq!(frame.header("a"), Some("1"));
        assert_eq!(frame.header("b"), Some("2"));
        assert_eq!(frame.header("A"), None, "names are compared as they are");
    }

    #[test]
    fn message_id_and_trace_id_are_none_when_empty() {
        let mut frame = Frame::ping(1);
        frame.headers =
            vec![Header::new(header_name::MESSAGE_ID, ""), Header::new(header_name::TRACE_ID, "t")];
        assert_eq!(frame.message_id(), None);
        assert_eq!(frame.trace_id(), Some("t"));
    }
}
