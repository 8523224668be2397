//! The choices a client was built with.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::{Connect, EndpointSource, Limits, ServerSettings, Timeouts};

pub(super) type WallClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Everything a client needs to know; checked when it was built.
#[derive(Clone)]
pub(super) struct Config {
    /// For log lines; empty if the endpoint source needs no credentials.
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

/// How often an outage is tried to be mended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retries {
    /// As the server says in `ReconnectCount`; without end where it says nothing, or a negative number. The default.
    #[default]
    AsServerSays,
    /// Without end, whatever the server says.
    Endless,
    /// At most so many attempts per outage; then `run` ends with an error.
    AtMost(u32),
}

/// What a client does when the app has as many connections as it may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConnectionLimit {
    /// Wait, longer each time, and try again. The default: after a crash the platform counts dead connections.
    #[default]
    Wait,
    /// End `run` with the refusal.
    Fail,
}
