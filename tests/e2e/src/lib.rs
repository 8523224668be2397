//! A whole bot under test: [`bot`] is the bot, written as its users write one; [`peer`] is a gateway that breaks the
//! rules of TCP, HTTP and WebSocket, which the local platform does not; [`platform`](mod@platform) is the local platform.
#![allow(clippy::missing_panics_doc, reason = "a helper of tests fails as a test does")]

pub mod bot;
pub mod peer;
pub mod platform;
