//! Any sequence of messages, pauses and losses to a whole client: no panic, and its books balance at every step.
#![no_main]

#[path = "../../../crates/feishu-transport/tests/support/fed.rs"]
mod fed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fed::feed(fed::steps(data), fed::small_limits());
});
