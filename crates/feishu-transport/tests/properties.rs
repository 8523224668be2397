//! What holds for any bytes and any order of events. The fuzz targets look for more of the same.

#[path = "support/fed.rs"]
mod fed;

use fed::{Step, feed, fragment, small_limits, steps};
use feishu_transport::{Limits, Message};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_messages_breaks_a_client(data in vec(any::<u8>(), 0..600)) {
        feed(steps(&data), small_limits());
        feed(steps(&data), Limits::default());
    }

    #[test]
    fn no_single_message_breaks_a_client(data in vec(any::<u8>(), 0..200)) {
        let fed = feed(vec![Step::Message(Message::Binary(data.into()))], Limits::default());
        prop_assert_eq!(fed.counters.connections, 1);
    }

    #[test]
    fn fragments_in_any_order_and_number_are_one_message(
        payload in vec(any::<u8>(), 0..400),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
        order in any::<u64>(),
        repeats in vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        cuts.extend([0, payload.len()]);
        cuts.sort_unstable();
        let sum = cuts.len() as u64 - 1;
        let parts: Vec<_> = cuts.windows(2).map(|pair| &payload[pair[0]..pair[1]]).collect();
        let mut sequence: Vec<usize> = (0..parts.len()).collect();
        fastrand::Rng::with_seed(order).shuffle(&mut sequence);
        // Repeats before the end: after the end they could be the start of a whole repeat.
        let last = sequence.pop().unwrap();
        for repeat in &repeats {
            if !sequence.is_empty() {
                sequence.push(sequence[repeat.index(sequence.len())]);
            }
        }
        sequence.push(last);
        let steps = sequence.iter().map(|seq| fragment("m1", *seq as u64, sum, parts[*seq])).collect();
        let fed = feed(steps, Limits::default());
        prop_assert_eq!(&fed.payloads, &[bytes::Bytes::from(payload.clone())]);
        prop_assert_eq!(fed.answers.len(), 1);
        prop_assert_eq!(fed.counters.repeated_fragments, sequence.len() as u64 - sum);
    }
}

#[test]
fn limits_hold_at_their_edge_and_one_past_it() {
    let limits = small_limits();
    let whole = |len: usize| vec![fragment("m1", 0, 1, &vec![b'x'; len])];
    assert_eq!(feed(whole(limits.message_bytes), limits).payloads.len(), 1);
    let past = feed(whole(limits.message_bytes + 1), limits);
    assert_eq!((past.payloads.len(), past.counters.over_limit), (0, 1));

    let torn = |sum: usize| (0..sum).map(|seq| fragment("m1", seq as u64, sum as u64, b"x")).collect();
    assert_eq!(feed(torn(limits.fragments), limits).payloads.len(), 1);
    let past = feed(torn(limits.fragments + 1), limits);
    assert_eq!((past.payloads.len(), past.counters.over_limit), (0, 10));

    // Firsts of so many messages, then all their seconds: the oldest made room.
    let halves = |count: usize| {
        let half = |seq: u64| (0..count).map(move |id| fragment(&format!("m{id}"), seq, 2, b"x"));
        half(0).chain(half(1)).collect()
    };
    assert_eq!(feed(halves(limits.partial_messages), limits).payloads.len(), limits.partial_messages);
    let past = feed(halves(limits.partial_messages + 1), limits);
    assert!(past.counters.evicted_fragments >= 1 && past.payloads.len() <= limits.partial_messages);
}
