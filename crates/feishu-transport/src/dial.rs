//! The swap point for opening byte streams to a host.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Error;

/// Opens byte streams, for the endpoint call and the WebSocket. Swap point: a proxy, your own TLS, a unix socket,
/// `tokio::io::duplex`.
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

/// The address to dial.
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
    /// Creates a target.
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
