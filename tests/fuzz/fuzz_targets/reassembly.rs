//! One message torn anywhere to a session.
#![no_main]

use std::time::Instant;

libfuzzer_sys::fuzz_target!(|data: &[u8]| feishu_transport::fuzzed::reassembly(Instant::now(), data));
