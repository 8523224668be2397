//! The configuration of a long connection.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::{Connect, EndpointSource, Limits, ServerSettings, Timeouts};

pub(super) type WallClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The configuration of a client, validated when it was built.
#[derive(Clone)]
pub(super) struct Config {
    /// The app id for log lines; empty if the endpoint source needs no credentials.
    pub(super) app_id: String,
    pub(super) source: Arc<dyn EndpointSource>,
    pub(super) connect: Arc<dyn Connect>,
    pub(super) connections: u16,
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) settings: ServerSettings,
    pub(super) retries: Retries,
    pub(super) on_limit: OnConnectionLimit,
    pub(super) max_age: Option<Duration>,
    pub(super) rewrite: Option<String>,
    pub(super) wall_clock: WallClock,
    pub(super) seed: u64,
}

/// Limits reconnect attempts per outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retries {
    /// The server's `ReconnectCount`; unlimited if that is absent or negative. The default.
    #[default]
    AsServerSays,
    /// Unlimited, whatever the server says.
    Endless,
    /// At most this many attempts per outage; then the connection ends, and with the last one `run` does, with an error.
    AtMost(u32),
}

/// What a client does when the app has reached its connection limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConnectionLimit {
    /// Retry with a growing backoff. The default, because after a crash the platform still counts the dead connections.
    #[default]
    Wait,
    /// End the connection. `run` ends with the refusal once no connection is left.
    Fail,
}
