//! One message torn anywhere, its fragments in any order, some of them again: it arrives once and as it was.
#![no_main]

#[path = "../../../crates/feishu-transport/tests/support/fed.rs"]
mod fed;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[sum, order, repeats], payload)) = data.split_first_chunk() else { return };
    let sum = usize::from(sum % 8) + 1;
    let cut = |index: usize| payload.len() * index / sum;
    let part = |seq: usize| fed::fragment("m1", seq as u64, sum as u64, &payload[cut(seq)..cut(seq + 1)]);
    // A walk through all fragments from anywhere, with a step that has no common divisor with their number.
    let step = [1, 3, 5, 7][usize::from(order / 8 % 4)];
    let step = if sum % step == 0 { 1 } else { step };
    let mut sequence: Vec<usize> = (0..sum).map(|nth| (usize::from(order) + nth * step) % sum).collect();
    let last = sequence.pop();
    let again: Vec<usize> = sequence.iter().copied().filter(|seq| repeats & (1 << (seq % 8)) != 0).collect();
    sequence.extend(again);
    sequence.extend(last);
    let limits = feishu_transport::Limits::default();
    let fed = fed::feed(sequence.iter().map(|seq| part(*seq)).collect(), limits);
    assert_eq!(fed.payloads, [Bytes::copy_from_slice(payload)]);
    assert_eq!(fed.answers.len(), 1);
    assert_eq!(fed.counters.repeated_fragments, (sequence.len() - sum) as u64);
});
