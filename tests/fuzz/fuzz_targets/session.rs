//! Any sequence of messages, pauses and new connections to a session.
#![no_main]

use std::time::Instant;

libfuzzer_sys::fuzz_target!(|data: &[u8]| feishu_transport::fuzzed::session(Instant::now(), data));
