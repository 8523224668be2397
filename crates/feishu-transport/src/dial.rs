//! How a byte stream to a host is opened.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Error;

/// Opens byte streams. Swap point: a proxy, TLS of your own, a unix socket, `tokio::io::duplex`.
///
/// Both legs use it: the endpoint call and the WebSocket.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Opens a stream to `target`, encrypted if the target asks for it.
    ///
    /// # Errors
    ///
    /// Unreachable or timed out, with the stage at which it failed.
    async fn dial(&self, target: &Target) -> Result<BoxStream, Error>;
}

#[async_trait]
impl<D: Dial + ?Sized> Dial for Arc<D> {
    async fn dial(&self, target: &Target) -> Result<BoxStream, Error> {
        (**self).dial(target).await
    }
}

/// Where to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// Host name or address; an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether the stream must be encrypted and the host authenticated.
    pub tls: bool,
}

impl Target {
    /// A target from its parts.
    pub fn new(host: impl Into<String>, port: u16, tls: bool) -> Self {
        Self { host: host.into(), port, tls }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A bidirectional stream of bytes.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// Any [`ByteStream`].
pub type BoxStream = Box<dyn ByteStream>;
