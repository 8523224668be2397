//! What a frame is for: its method and the `type` header.

use std::fmt;

use crate::{Frame, header_name};

/// The `method` of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// 0: the connection talks about itself (ping, pong).
    Control,
    /// 1: an event, a callback, or an answer to one.
    Data,
    /// Any other number; no meaning is known.
    Unknown(i32),
}

impl From<i32> for Method {
    fn from(number: i32) -> Self {
        match number {
            0 => Self::Control,
            1 => Self::Data,
            other => Self::Unknown(other),
        }
    }
}

impl From<Method> for i32 {
    fn from(method: Method) -> Self {
        match method {
            Method::Control => 0,
            Method::Data => 1,
            Method::Unknown(other) => other,
        }
    }
}

/// The `type` header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// The client's application-level ping.
    Ping,
    /// The server's answer to it; may carry new settings.
    Pong,
    /// An event or a callback; the usual type of both.
    Event,
    /// A card callback whose callback subscription is not in effect; same payload as [`Kind::Event`].
    Card,
    /// Any other text, empty when the header is absent.
    Unknown(&'a str),
}

impl<'a> Kind<'a> {
    /// The kind that a `type` header names.
    pub fn parse(text: &'a str) -> Self {
        match text {
            "ping" => Self::Ping,
            "pong" => Self::Pong,
            "event" => Self::Event,
            "card" => Self::Card,
            other => Self::Unknown(other),
        }
    }

    /// The text of the `type` header.
    pub fn as_str(self) -> &'a str {
        match self {
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Event => "event",
            Self::Card => "card",
            Self::Unknown(other) => other,
        }
    }
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Frame {
    /// The `type` header as a [`Kind`].
    pub fn kind(&self) -> Kind<'_> {
        Kind::parse(self.header(header_name::TYPE).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_and_kind_keep_unknown_values() {
        for number in [0, 1, 2, -1, i32::MAX] {
            assert_eq!(i32::from(Method::from(number)), number);
        }
        for text in ["ping", "pong", "event", "card", "", "later"] {
            assert_eq!(Kind::parse(text).as_str(), text);
        }
        assert_eq!(Kind::parse("Event"), Kind::Unknown("Event"));
    }
}
