//! What a stream sends, and when.

use serde_json::Value;

use super::play::{MS, Play, shown};
use crate::card_stream::machine::card::interval;
use crate::card_stream::machine::{Done, Step};
use crate::card_stream::options::StreamOptions;

#[test]
fn stream_sends_the_whole_text_each_time_and_switches_streaming_off_at_the_end() {
    let mut play = Play::open();
    play.text("The kettle").text("The kettle is **on**.");
    assert_eq!(play.end(), Some(Done::Shown));
    assert_eq!(play.names(), ["text", "text", "off"]);
    assert_eq!(play.calls[0].1["content"], "The kettle");
    assert_eq!(play.calls[1].1["content"], "The kettle is **on**.", "never a piece alone");
    assert_eq!(play.last()["settings"]["config"]["summary"]["content"], "The kettle is **on**.");
    assert_eq!(play.sequences(), [1, 2, 3]);
}

#[test]
fn stream_card_is_created_streaming_with_its_elements_and_loses_them_at_the_end() {
    let button = feishu_callbacks::build::Button::plain("Stop");
    let mut play = Play::new(StreamOptions::default().title("Answer").while_streaming(button));
    play.settle();
    let card = &play.calls[0].1["data"];
    assert_eq!((&card["config"]["streaming_mode"], shown(card)), (&Value::Bool(true), "…"));
    assert!(card["config"]["streaming_config"]["print_step"].is_object());
    assert_eq!(card["body"]["elements"][1]["tag"], "button");
    assert_eq!(play.calls[1].1["content"]["data"]["card_id"], "731");
    play.text("Tea.");
    assert_eq!(play.end(), Some(Done::Shown));
    assert_eq!(play.names(), ["create", "send", "text", "off", "replace"], "closed before it is replaced");
    let card = &play.last()["card"]["data"];
    assert_eq!((shown(card), card["body"]["elements"].as_array().unwrap().len()), ("Tea.", 1));
    assert!(card["config"].get("streaming_mode").is_none());
}

#[test]
fn stream_that_is_finished_before_it_is_open_sends_a_card_that_never_streams() {
    let mut play = Play::new(StreamOptions::default());
    play.machine.set_text("Tea.");
    assert_eq!(play.end(), Some(Done::Shown));
    assert_eq!(play.names(), ["create", "send"]);
    assert!(play.calls[0].1["data"]["config"].get("streaming_mode").is_none());
}

#[test]
fn stream_updates_are_as_far_apart_as_the_interval_and_the_last_answer_took() {
    let mut play = Play::open();
    let text = "Tea and more tea. ".repeat(20);
    // A piece every 20 ms.
    for end in (1..=text.len()).step_by(3) {
        play.machine.set_text(&text[..end]);
        while let Step::Call(_) = play.machine.next(play.now) {
            play.call();
        }
        play.now += 20 * MS;
    }
    let gaps: Vec<_> = play.calls.windows(2).map(|pair| pair[1].2 - pair[0].2).collect();
    assert!(gaps.len() > 5 && gaps.iter().all(|gap| *gap >= 250 * MS), "{gaps:?}");
    assert_eq!(interval(250 * MS, 900 * MS, 100), 900 * MS);
    assert_eq!(interval(250 * MS, MS, 24 * 1024), 1000 * MS);
}
