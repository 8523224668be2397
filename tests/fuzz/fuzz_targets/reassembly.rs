//! One message torn anywhere to a session.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| feishu_transport::fuzzed::reassembly(data));
