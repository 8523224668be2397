//! What the tests of several packages share: streams to the local platform, the captured log, messages, a Redis server.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a helper of tests fails as a test does"
)]

mod captured_log;
mod gateway_dial;
mod received;
mod redis_server;
mod unsteady_dial;

pub use crate::captured_log::{CapturedLog, line_with};
pub use crate::gateway_dial::GatewayDial;
pub use crate::received::carried_by;
pub use crate::redis_server::RedisServer;
pub use crate::unsteady_dial::UnsteadyDial;
