//! The step of a connection attempt or call.

use std::fmt;

/// The step of a connection attempt or call at which an error occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Name look-up and TCP connect.
    Connect,
    /// Opening a tunnel through a proxy.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The endpoint call, which requests a connection URL.
    Endpoint,
    /// The WebSocket handshake.
    Handshake,
    /// Writing to an established connection.
    Write,
    /// A call of the platform's OpenAPI.
    Call,
}

impl Stage {
    /// The setting that bounds its time.
    pub(crate) fn setting(self) -> &'static str {
        match self {
            Self::Connect => "Timeouts::connect",
            Self::Proxy => "Timeouts::proxy",
            Self::Tls => "Timeouts::tls",
            Self::Endpoint => "Timeouts::call",
            Self::Handshake => "Timeouts::handshake",
            Self::Write => "Timeouts::write",
            Self::Call => "Timeouts::call, or the call's own",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "name look-up and TCP connect",
            Self::Proxy => "the tunnel through the proxy",
            Self::Tls => "the TLS handshake",
            Self::Endpoint => "the endpoint call",
            Self::Handshake => "the WebSocket handshake",
            Self::Write => "writing to the connection",
            Self::Call => "the call",
        })
    }
}
