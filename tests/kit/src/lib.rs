//! What the tests of several packages share: streams to the local platform, and the captured log.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a helper of tests fails as a test does"
)]

mod captured_log;
mod gateway_dial;

pub use crate::captured_log::CapturedLog;
pub use crate::gateway_dial::GatewayDial;
