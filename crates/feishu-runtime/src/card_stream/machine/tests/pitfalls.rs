//! The pitfalls that public projects met, each played without I/O.

use std::time::Duration;

use serde_json::Value;

use super::play::{MS, Play, shown};
use crate::card_stream::machine::{Done, MODE_LIFE, RENEW_AFTER, Step, Verdict};
use crate::card_stream::options::{StreamLife, StreamOptions};

#[test]
fn stream_without_an_answer_repeats_the_call_with_its_sequence_and_uuid() {
    let mut play = Play::open();
    play.refuse("text", Verdict::Again).refuse("text", Verdict::Used);
    play.text("Tea.");
    assert_eq!(play.names(), ["text", "text"]);
    assert_eq!(play.calls[0].1, play.calls[1].1, "the same call");
    assert!(play.calls[1].2 - play.calls[0].2 >= 500 * MS);
    play.text("Tea. More.");
    assert_eq!(play.sequences(), [1, 1, 2], "200770 after a repeat: the first had arrived");
}

#[test]
fn stream_repeats_a_message_with_the_same_uuid_so_that_it_is_sent_once() {
    let mut play = Play::new(StreamOptions::default());
    for _ in 0..5 {
        play.refuse("send", Verdict::Again);
    }
    play.settle();
    let uuids: Vec<_> = play.calls[1..].iter().map(|(_, body, _)| body["uuid"].clone()).collect();
    assert_eq!(uuids, vec![Value::from("seed-m0"); 6]);
}

#[test]
fn stream_takes_the_newest_text_and_a_higher_number_after_a_refusal_for_the_rate() {
    let mut play = Play::open();
    play.refuse("text", Verdict::Slower(Some(2000 * MS)));
    play.machine.set_text("old");
    play.call();
    play.machine.set_text("old and new");
    play.settle();
    assert_eq!(play.calls[1].1["content"], "old and new");
    assert!(play.calls[1].2 - play.calls[0].2 >= 2000 * MS);
    assert_eq!(play.sequences(), [1, 2], "a number is never taken twice with another text");
}

#[test]
fn stream_jumps_ahead_once_when_its_sequence_is_behind() {
    let mut play = Play::open();
    play.refuse("text", Verdict::Behind);
    play.text("Tea.");
    assert_eq!(play.sequences(), [1, 1002]);
    play.refuse("text", Verdict::Behind).refuse("text", Verdict::Behind);
    play.text("Tea. More.");
    assert_eq!(play.names(), ["text", "text", "text", "text"], "no third try: {:?}", play.names());
    assert_eq!(play.end(), Some(Done::Shown));
    assert_eq!(*play.names().last().unwrap(), "replace", "the end is set as a whole");
    assert!(play.sequences().is_sorted_by(|one, next| one < next));
}

#[test]
fn stream_waits_for_a_click_that_is_being_answered_then_sends_the_newest_text() {
    let mut play = Play::open();
    play.refuse("text", Verdict::Busy);
    play.text("Tea.");
    assert!(play.calls[1].2 - play.calls[0].2 >= 3000 * MS, "as long as the platform waits for the answer");
    // The client knows of the click: nothing is sent until it is answered.
    play.machine.hold(Some(play.now + 3000 * MS));
    play.machine.set_text("Tea. More.");
    assert!(matches!(play.machine.next(play.now), Step::Wait(Some(_))));
    play.now += 300 * MS;
    play.machine.hold(None);
    play.settle();
    assert_eq!(play.last()["content"], "Tea. More.");
}

#[test]
fn stream_is_switched_on_again_before_its_ten_minutes_are_over() {
    let mut play = Play::open();
    for minute in 0..31 {
        play.text(&"Tea. ".repeat(minute + 1));
        play.now = play.start + Duration::from_secs(60) * u32::try_from(minute + 1).unwrap();
    }
    assert_eq!(play.end(), Some(Done::Shown));
    let on: Vec<_> = play.calls.iter().filter(|(name, ..)| *name == "on").collect();
    assert_eq!(on.len(), 3, "{:?}", play.names());
    assert!(on[0].2 - play.start < MODE_LIFE);
}

#[test]
fn stream_that_the_platform_closed_is_reopened_once_and_then_shows_the_end_only() {
    let mut play = Play::open();
    play.refuse("text", Verdict::Closed);
    play.text("Tea.");
    assert_eq!(play.names(), ["text", "on", "text"]);
    play.calls.clear();
    play.refuse("text", Verdict::Closed).refuse("text", Verdict::Closed);
    play.text("Tea. More.").text("Tea. More. And more.");
    assert_eq!(play.names(), ["text", "on", "text"], "no blind retries");
    assert_eq!(play.end(), Some(Done::Shown));
    assert_eq!(play.names()[3..], ["replace"]);
    assert_eq!(shown(&play.last()["card"]["data"]), "Tea. More. And more.");
}

#[test]
fn stream_goes_on_in_a_new_card_or_stands_still_after_ten_minutes_by_choice() {
    let mut play = Play::opened(StreamOptions::default().life(StreamLife::NewCard));
    play.text("Tea.\n\n");
    play.now += RENEW_AFTER;
    play.text("Tea.\n\nMore.");
    assert_eq!(play.names(), ["text", "off", "create", "send"]);
    assert_eq!(play.end(), Some(Done::Shown));
    let mut play = Play::opened(StreamOptions::default().life(StreamLife::FinishWhole));
    play.text("Tea.");
    play.now += MODE_LIFE;
    play.text("Tea. More.");
    assert_eq!(play.names(), ["text"]);
    assert_eq!(play.end(), Some(Done::Shown));
    assert_eq!(play.names()[1..], ["text", "off"], "the platform says whether it streams still");
}

#[test]
fn stream_replaces_the_whole_card_once_when_its_state_is_not_known() {
    for call in ["text", "off"] {
        let mut play = Play::open();
        play.refuse(call, Verdict::Unsure);
        play.text("Tea.");
        assert_eq!(play.end(), Some(Done::Shown), "{call}");
        assert_eq!(
            play.names().iter().filter(|name| **name == "replace").count(),
            1,
            "{call}: {:?}",
            play.names()
        );
    }
    let mut play = Play::open();
    play.refuse("text", Verdict::Unsure).refuse("replace", Verdict::Unsure);
    play.text("Tea.");
    assert_eq!(play.machine.done, Some(Done::Failed), "never again as it is");
    assert_eq!(play.names(), ["text", "replace"]);
}

#[test]
fn stream_whose_turn_comes_late_is_tried_for_as_long_as_one_whose_turn_comes_soon() {
    for (is_turn_of_others, done) in [(true, None), (false, Some(Done::Late))] {
        let mut play = Play::new(StreamOptions::default());
        play.refuse("create", Verdict::Again).refuse("create", Verdict::Again).call();
        play.now += Duration::from_secs(3600);
        if is_turn_of_others {
            play.machine.waited(Duration::from_secs(3600));
        }
        play.call();
        assert_eq!(play.machine.done, done);
    }
}
