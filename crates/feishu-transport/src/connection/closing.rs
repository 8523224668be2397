//! The stage of a connection's closing handshake.

use tokio::time::Instant;

use crate::Error;

/// The stage of the closing handshake.
pub(super) enum Closing {
    No,
    /// Close once all deliveries are answered, at this time at the latest.
    Retiring(Instant),
    /// Our close message is sent; the peer's is awaited until this time.
    AwaitingPeer(Instant),
    /// The peer's close message came; our reply is being written until this time at the latest.
    Replying(Instant, Error),
}

impl Closing {
    /// When this stage is over at the latest.
    pub(super) fn until(&self) -> Option<Instant> {
        match self {
            Self::No => None,
            Self::Retiring(until) | Self::AwaitingPeer(until) | Self::Replying(until, _) => Some(*until),
        }
    }
}
