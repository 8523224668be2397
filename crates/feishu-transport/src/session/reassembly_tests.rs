//! Unit tests of reassembly: fragments in every order, with every fault, at every limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use feishu_proto::{Frame, Header, RawFrame};
use proptest::prelude::*;

use super::reassembly::{FRAGMENT_OVERHEAD, Placed, Reassembly};
use crate::Limits;
use crate::counters::Counters;

const SECOND: Duration = Duration::from_secs(1);

fn frame(id: &str, sum: &str, seq: &str, payload: &[u8]) -> RawFrame {
    let headers = [("type", "event"), ("message_id", id), ("sum", sum), ("seq", seq)];
    let headers = headers.into_iter().filter(|(_, value)| *value != "-");
    let headers = headers.map(|(key, value)| Header::new(key, value)).collect();
    let payload = Some(Bytes::copy_from_slice(payload));
    Frame { method: 1, headers, payload, ..Frame::default() }.into()
}

struct Bench {
    reassembly: Reassembly,
    counters: Arc<Counters>,
    now: Instant,
}

impl Bench {
    #[allow(clippy::disallowed_methods, reason = "where the time of a test starts")]
    fn new(limits: Limits) -> Self {
        let counters = Arc::new(Counters::default());
        Self { reassembly: Reassembly::new(limits, Arc::clone(&counters)), counters, now: Instant::now() }
    }

    fn place(&mut self, id: &str, sum: &str, seq: &str, payload: &[u8]) -> Placed {
        self.counters.received.one();
        let placed = self.reassembly.place(self.now, &frame(id, sum, seq, payload));
        assert!(self.counters.read().is_consistent(), "{:?}", self.counters);
        placed
    }

    /// The ids of the messages to answer with 500, which have the headers of their first fragment and no payload.
    fn refused(&mut self) -> Vec<String> {
        let refused = self.reassembly.take_refused();
        refused.iter().map(|frame| frame.message_id().unwrap().to_owned()).collect()
    }
}

fn complete(payload: &[u8]) -> Placed {
    Placed::Complete(Bytes::copy_from_slice(payload))
}

#[test]
fn frames_without_sense_in_sum_are_whole() {
    let mut bench = Bench::new(Limits::default());
    for sum in ["-", "", "0", "1", "-3", "x", "1.5", "99999999999"] {
        assert_eq!(bench.place("m", sum, "-", b"all"), complete(b"all"), "sum {sum:?}");
    }
}

#[test]
fn fragments_join_in_any_order_at_any_boundary() {
    let text = "卡片".as_bytes();
    let parts = [&text[..1], &text[1..4], &text[4..]];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut bench = Bench::new(Limits::default());
        for (nth, seq) in order.into_iter().enumerate() {
            let placed = bench.place("m", "3", &seq.to_string(), parts[seq]);
            assert_eq!(placed, if nth == 2 { complete(text) } else { Placed::Waiting }, "{order:?}");
        }
    }
}

#[test]
fn empty_fragments_count_as_fragments() {
    let mut bench = Bench::new(Limits::default());
    assert_eq!(bench.place("m", "2", "1", b""), Placed::Waiting);
    assert_eq!(bench.place("m", "2", "0", b""), complete(b""));
}

#[test]
fn a_repeat_in_whole_completes_a_message_whose_first_fragments_are_old() {
    let mut bench = Bench::new(Limits::default());
    assert_eq!(bench.place("m", "3", "0", b"a"), Placed::Waiting);
    bench.now += 9 * SECOND;
    // The message is sent once more: its first fragment is known, the others are not there at once.
    assert_eq!(bench.place("m", "3", "0", b"a"), Placed::Waiting);
    bench.now += 2 * SECOND;
    assert_eq!(bench.place("m", "3", "1", b"b"), Placed::Waiting);
    assert_eq!(bench.place("m", "3", "2", b"c"), complete(b"abc"));
}

#[test]
fn repeats_before_and_after_completion_are_swallowed() {
    let mut bench = Bench::new(Limits::default());
    bench.place("m", "2", "0", b"a");
    assert_eq!(bench.place("m", "2", "0", b"X"), Placed::Waiting);
    assert_eq!(bench.place("m", "2", "1", b"b"), complete(b"ab"));
    assert_eq!(bench.place("m", "2", "1", b"b"), Placed::Waiting);
    bench.now += 10 * SECOND;
    bench.reassembly.expire(bench.now);
    assert_eq!((bench.counters.repeated_fragments.get(), bench.counters.expired_fragments.get()), (2, 0));
}

#[test]
fn a_message_that_comes_again_in_whole_is_delivered_again() {
    let mut bench = Bench::new(Limits::default());
    for pause in [0, 1, 15] {
        bench.now += pause * SECOND;
        bench.place("m", "2", "0", b"a");
        assert_eq!(
            bench.place("m", "2", "1", b"b"),
            complete(b"ab"),
            "the platform waits for an answer to it"
        );
    }
}

#[test]
fn what_cannot_be_placed_is_dropped_and_counted() {
    let mut bench = Bench::new(Limits::default());
    bench.place("m", "3", "0", b"a");
    for (id, sum, seq) in [
        ("m", "3", "3"),
        ("m", "3", "-1"),
        ("m", "3", "-"),
        ("m", "3", "x"),
        ("m", "4", "1"),
        ("", "2", "0"),
        ("-", "2", "0"),
    ] {
        assert!(matches!(bench.place(id, sum, seq, b"?"), Placed::Dropped(_)), "{id} {sum} {seq}");
    }
    assert_eq!(bench.counters.bad_fragments.get(), 7);
}

#[test]
fn a_huge_sum_allocates_nothing_and_is_refused() {
    let mut bench = Bench::new(Limits::default());
    assert_eq!(bench.place("m", "2048", "0", b"a"), Placed::Waiting);
    assert_eq!(bench.place("n", "2049", "0", b"a"), Placed::Refused);
    assert_eq!(bench.place("n", "2049", "1", b"a"), Placed::Refused);
    assert_eq!(bench.place("o", "2147483647", "0", b"a"), Placed::Refused);
    assert_eq!(bench.counters.over_limit.get(), 3);
    assert_eq!(bench.refused(), ["n", "o"], "each is answered once");
}

#[test]
fn a_message_may_be_as_large_as_the_limit_and_no_larger() {
    let limits = Limits { message_bytes: 10, ..Limits::default() };
    let mut bench = Bench::new(limits);
    assert_eq!(bench.place("w", "1", "0", &[0; 10]), complete(&[0; 10]));
    assert_eq!(bench.place("w", "1", "0", &[0; 11]), Placed::Refused);
    bench.place("m", "2", "0", &[1; 6]);
    assert_eq!(bench.place("m", "2", "1", &[1; 4]), complete(&[1; 10]));
    bench.place("n", "2", "0", &[1; 6]);
    assert_eq!(bench.place("n", "2", "1", &[1; 5]), Placed::Refused);
    assert_eq!(bench.place("n", "2", "1", &[1; 5]), Placed::Refused);
    assert_eq!(bench.refused(), ["w", "n"], "each is answered once");
    assert_eq!(bench.counters.fragments_waiting.get(), 0, "the rest of it is not kept");
}

#[test]
fn the_oldest_message_makes_room() {
    let mut bench = Bench::new(Limits { partial_messages: 2, ..Limits::default() });
    for id in ["a", "b", "c"] {
        bench.place(id, "2", "0", b"x");
    }
    assert_eq!(bench.counters.evicted_fragments.get(), 1);
    assert_eq!(bench.refused(), ["a"]);
    assert_eq!(bench.place("b", "2", "1", b"y"), complete(b"xy"));
    assert_eq!(bench.place("c", "2", "1", b"y"), complete(b"xy"));
    assert_eq!(bench.place("a", "2", "1", b"y"), Placed::Waiting);
}

#[test]
fn too_many_at_once_cost_the_oldest_and_not_all() {
    let mut bench = Bench::new(Limits { partial_messages: 4, ..Limits::default() });
    let ids = ["a", "b", "c", "d", "e", "f"];
    for id in ids {
        bench.place(id, "2", "0", b"x");
    }
    let completed: Vec<_> =
        ids.into_iter().filter(|id| bench.place(id, "2", "1", b"y") == complete(b"xy")).collect();
    assert_eq!(completed, ["c", "d", "e", "f"]);
    assert_eq!(bench.counters.evicted_fragments.get(), 4, "both halves of a and b");
    bench.now += 10 * SECOND;
    bench.place("a", "2", "0", b"x");
    assert_eq!(bench.place("a", "2", "1", b"y"), complete(b"xy"), "when the platform sends it again");
}

#[test]
fn all_partial_messages_together_have_a_bound() {
    let mut bench = Bench::new(Limits { partial_bytes: 3 * (100 + FRAGMENT_OVERHEAD), ..Limits::default() });
    for id in ["a", "b", "c"] {
        bench.place(id, "9", "0", &[0; 100]);
    }
    assert_eq!(bench.counters.evicted_fragments.get(), 0);
    bench.place("d", "9", "0", &[0; 100]);
    assert_eq!(bench.counters.evicted_fragments.get(), 1);
    assert_eq!(bench.refused(), ["a"]);
    assert_eq!(bench.place("e", "9", "0", &[0; 1000]), Placed::Refused, "larger than all the room");
    assert_eq!(bench.refused(), ["b", "c", "d", "e"]);
    assert!(bench.reassembly.bytes <= 3 * (100 + FRAGMENT_OVERHEAD));
}

#[test]
fn waiting_is_bounded_since_the_last_fragment_and_in_all() {
    let mut bench = Bench::new(Limits::default());
    bench.place("idle", "2", "0", b"a");
    assert_eq!(bench.reassembly.next_timeout(), Some(bench.now + 10 * SECOND));
    bench.now += Duration::from_millis(9_999);
    bench.reassembly.expire(bench.now);
    assert_eq!(bench.counters.expired_fragments.get(), 0);
    bench.now += Duration::from_millis(1);
    bench.reassembly.expire(bench.now);
    assert_eq!(bench.counters.expired_fragments.get(), 1);
    assert_eq!(bench.reassembly.next_timeout(), None);

    for seq in 0..5 {
        bench.place("slow", "9", &seq.to_string(), b"a");
        bench.now += 9 * SECOND;
    }
    bench.reassembly.expire(bench.now);
    assert!(bench.counters.expired_fragments.get() >= 5, "30 s in all, however often it is touched");
}

#[test]
fn many_completed_ids_are_remembered_and_no_more() {
    let mut bench = Bench::new(Limits { completed_ids: 2, ..Limits::default() });
    for id in ["a", "b", "c"] {
        bench.place(id, "2", "0", b"x");
        bench.place(id, "2", "1", b"y");
    }
    bench.place("c", "2", "0", b"x");
    bench.place("a", "2", "0", b"x");
    bench.now += 10 * SECOND;
    bench.reassembly.expire(bench.now);
    let counts = (bench.counters.repeated_fragments.get(), bench.counters.expired_fragments.get());
    assert_eq!(counts, (1, 1), "c is known as a repeat, a is forgotten");
}

proptest! {
    #[test]
    fn any_cut_in_any_order_with_repeats_gives_the_message_once(
        payload in proptest::collection::vec(any::<u8>(), 0..600),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 1..12),
        order in any::<u64>(),
        repeats in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        at.sort_unstable();
        let mut parts = Vec::new();
        let mut start = 0;
        for end in at.into_iter().chain([payload.len()]) {
            parts.push(&payload[start..end]);
            start = end;
        }
        let mut frames: Vec<usize> = (0..parts.len()).collect();
        frames.extend(repeats.iter().map(|repeat| repeat.index(parts.len())));
        fastrand::Rng::with_seed(order).shuffle(&mut frames);

        let mut bench = Bench::new(Limits::default());
        let sum = parts.len().to_string();
        let mut completed = 0;
        for seq in frames {
            match bench.place("m", &sum, &seq.to_string(), parts[seq]) {
                Placed::Complete(whole) => {
                    // Enough repeats are the whole message again.
                    completed = 1;
                    prop_assert_eq!(&whole[..], &payload[..]);
                }
                Placed::Waiting => {}
                Placed::Refused => prop_assert!(false, "refused"),
                Placed::Dropped(why) => prop_assert!(false, "{}", why),
            }
        }
        prop_assert_eq!(completed, 1);
        bench.reassembly.expire(bench.now + 10 * SECOND);
        prop_assert_eq!(bench.reassembly.bytes, 0);
    }

    #[test]
    fn noise_in_the_headers_stays_within_the_bounds(
        frames in proptest::collection::vec(("[a-d]{0,1}", "-?[0-9]{0,3}", "-?[0-9]{0,3}", 0usize..300, 0u32..4), 0..200),
    ) {
        let limits = Limits { partial_messages: 3, partial_bytes: 2_000, message_bytes: 900, fragments: 20, ..Limits::default() };
        let mut bench = Bench::new(limits);
        for (id, sum, seq, len, pause) in frames {
            bench.now += pause * SECOND;
            let _ = bench.place(&id, &sum, &seq, &vec![0; len]);
            prop_assert!(bench.reassembly.partial.len() <= 3);
            prop_assert!(bench.reassembly.bytes <= 2_000);
        }
        let counters = Arc::clone(&bench.counters);
        drop(bench);
        prop_assert!(counters.read().is_consistent());
        prop_assert_eq!(counters.fragments_waiting.get(), 0);
    }
}
