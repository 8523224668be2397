//! Text that goes over one card, that has another beginning, or that has none, without I/O.

use feishu_callbacks::markdown::tables_in;

use super::play::{MS, Play, book, shown};
use crate::card_stream::machine::{Done, Given, Step, Verdict};
use crate::card_stream::options::StreamOptions;
use crate::card_stream::target::Place;

#[test]
fn stream_puts_less_into_a_card_that_is_too_large_and_the_rest_into_another() {
    let text = book(900);
    let mut play = Play::open();
    play.refuse("text", Verdict::TooLarge);
    play.text(&text);
    assert_eq!(play.end(), Some(Done::Shown));
    let mut whole = String::new();
    for (at, sheet) in play.machine.sheets.iter().enumerate() {
        assert!(sheet.has_ended(&play.machine.want(at)));
        whole.push_str(sheet.shown.as_ref().unwrap());
        whole.push_str("\n\n");
    }
    assert_eq!(whole.trim_end(), text.trim_end(), "nothing is lost");
    assert_eq!(play.names().iter().filter(|name| **name == "create").count(), 1, "{:?}", play.names());
}

#[test]
fn stream_goes_on_in_further_cards_before_one_is_too_large_and_closes_each() {
    let text = book(3000);
    let mut play = Play::open();
    for end in (0..text.len()).step_by(20_000).chain([text.len()]) {
        play.text(&text[..end]);
    }
    assert_eq!(play.end(), Some(Done::Shown));
    let count = |wanted: &str| play.names().iter().filter(|name| **name == wanted).count();
    let cards = play.machine.sheets.len();
    assert!(cards >= 4);
    assert_eq!((count("create"), count("send"), count("replace")), (cards - 1, cards - 1, 0));
    for (_, body, _) in &play.calls {
        assert!(body["content"].as_str().is_none_or(|text| text.len() < 28_000));
    }
    let whole: Vec<_> = play.machine.sheets.iter().map(|sheet| sheet.shown.clone().unwrap()).collect();
    assert_eq!(whole.join("\n\n"), text.trim_end());
}

#[test]
fn stream_whose_beginning_changes_is_set_anew_in_all_its_cards() {
    let text = book(1500);
    let mut play = Play::open();
    play.text(&text);
    let changed = text.replacen("Line 0 ", "LINE 0 ", 1);
    play.text(&changed);
    assert_eq!(play.end(), Some(Done::Shown));
    assert!(play.names().contains(&"replace"), "{:?}", play.names());
    assert!(play.machine.sheets[0].shown.as_ref().unwrap().starts_with("LINE 0 "));
    let mut play = Play::open();
    play.text("Thinking").text("Tea.");
    assert_eq!(play.last()["content"], "Tea.");
}

#[test]
fn stream_sends_a_new_card_when_the_entity_is_gone_once() {
    let mut play = Play::open();
    play.text("Tea.");
    play.refuse("text", Verdict::NoCard);
    play.text("Tea. More.");
    assert_eq!(play.names(), ["text", "text", "create", "send"]);
    assert_ne!(play.last()["uuid"], "seed-m0", "another message");
    play.refuse("text", Verdict::NoCard);
    play.text("Tea. More. And more.");
    assert_eq!(play.machine.done, Some(Done::Failed));
}

#[test]
fn stream_leaves_the_topic_or_the_message_when_they_are_gone() {
    let mut play = Play::new(StreamOptions::default());
    let chat = Some("oc_1".into());
    play.machine.place = Place::Reply { to: "om_0".into(), in_thread: true, chat };
    play.refuse("reply", Verdict::NoPlace).refuse("reply", Verdict::NoPlace);
    play.settle();
    assert_eq!(play.names(), ["create", "reply", "reply", "send"]);
    assert_eq!(play.calls[1].1["reply_in_thread"], true);
    assert!(play.calls[2].1.get("reply_in_thread").is_none());
    assert_eq!(play.calls[3].1["receive_id"], "oc_1");
}

#[test]
fn stream_without_the_scope_updates_the_message_by_choice() {
    let mut play = Play::new(StreamOptions::default());
    play.refuse("create", Verdict::NoScope);
    play.settle();
    assert_eq!(play.machine.done, Some(Done::Failed), "not chosen");
    let mut play = Play::new(StreamOptions::default().patch_without_scope());
    play.refuse("create", Verdict::NoScope);
    play.settle();
    assert_eq!(play.names(), ["create", "send"]);
    assert_eq!(shown(&play.last()["content"]), "…");
    let text = "Tea. ".repeat(200);
    for end in 1..text.len() {
        play.text(&text[..end]);
        play.now += 1000 * MS;
    }
    assert_eq!(play.end(), Some(Done::Shown));
    let patches: Vec<_> = play.calls[2..].iter().map(|(_, _, at)| *at).collect();
    assert!(patches.windows(2).all(|pair| pair[1] - pair[0] >= 1000 * MS));
    assert!(patches.len() <= 20, "users found that 20 to 30 have an effect: {}", patches.len());
    assert_eq!(shown(&play.last()["content"]), text.trim_end());
}

#[test]
fn stream_says_so_when_it_has_no_text() {
    let mut play = Play::opened(StreamOptions::default().empty("No answer."));
    assert_eq!(play.end(), Some(Done::Shown));
    assert_eq!(play.calls[0].1["content"], "No answer.");
}

#[test]
fn stream_fails_when_its_end_is_not_taken_within_the_patience() {
    let mut play = Play::open();
    play.text("Tea.");
    for _ in 0..100 {
        play.refuse("text", Verdict::Again);
    }
    play.machine.set_text("Tea. More.");
    assert_eq!(play.end(), Some(Done::Late));
    let took = play.now - play.start;
    assert!((300..320).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn stream_has_one_call_in_flight() {
    let mut play = Play::open();
    play.machine.set_text("Tea.");
    assert!(play.machine.take(play.now).is_some());
    play.machine.set_text("Tea. More.");
    play.machine.end();
    play.now += 5000 * MS;
    assert_eq!(
        play.machine.next(play.now),
        Step::Wait(None),
        "the end waits for the call that is being made"
    );
    assert!(play.machine.take(play.now).is_none());
    play.machine.answered(play.now, Ok(Given::default()));
    play.settle();
    assert_eq!(play.names(), ["text", "off"]);
    assert_eq!(play.calls[0].1["content"], "Tea. More.", "the tail is not lost");
}

#[test]
fn stream_options_with_an_element_id_twice_or_too_many_elements_are_a_mistake() {
    use feishu_callbacks::build::Element;
    let element = |id: &str| Element::from(serde_json::json!({"tag": "hr"})).with_id(id);
    assert_eq!(StreamOptions::default().while_streaming(element("a")).mistake(), None);
    for options in [
        StreamOptions::default().while_streaming(element("a")).while_streaming(element("a")),
        StreamOptions::default().while_streaming(element("stream_text")),
    ] {
        assert!(options.mistake().unwrap().contains("element_id"));
    }
    let many = (0..151)
        .fold(StreamOptions::default(), |options, n| options.while_streaming(element(&format!("e{n}"))));
    assert!(many.mistake().unwrap().contains("151 elements"));
}

#[test]
fn stream_makes_tables_over_the_limit_code_when_the_platform_refuses_them() {
    let table = "| a |\n|---|\n| 1 |\n\n";
    let mut play = Play::open();
    play.refuse("text", Verdict::Tables);
    play.text(&table.repeat(4));
    assert_eq!(play.end(), Some(Done::Shown));
    let tables: Vec<_> =
        play.machine.sheets.iter().filter_map(|sheet| sheet.shown.as_deref()).map(tables_in).collect();
    assert_eq!(tables, [3, 1], "four were too many, three are not");
    let mut play = Play::open();
    play.refuse("text", Verdict::Tables).refuse("text", Verdict::Tables);
    play.text(&table.repeat(2));
    assert_eq!(play.end(), Some(Done::Shown));
    let shown: Vec<_> = play.machine.sheets.iter().filter_map(|sheet| sheet.shown.clone()).collect();
    assert!(shown.concat().contains("```\n| a |\n|---|\n| 1 |\n```"), "as text: {shown:?}");
}

#[test]
fn stream_shows_no_half_fence_table_or_link_while_the_text_grows() {
    let text = "Look:\n\n```rust\nlet tea = 1;\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\nSee [the plan](https://a.example/plan).";
    let mut play = Play::open();
    for end in 1..=text.len() {
        play.text(&text[..end]);
    }
    assert_eq!(play.end(), Some(Done::Shown));
    for (name, body, _) in play.calls.iter().filter(|(name, ..)| *name == "text") {
        let shown = body["content"].as_str().unwrap();
        assert_eq!(shown.matches("```").count() % 2, 0, "{name}: {shown:?}");
        assert_eq!(shown.matches('[').count(), shown.matches("plan)").count(), "{shown:?}");
        assert!(!shown.contains("| a |") || shown.contains("| - | - |\n| 1 | 2 |"), "{shown:?}");
    }
}

#[test]
fn stream_converts_markdown_that_cards_do_not_know_by_choice() {
    let mut play = Play::opened(StreamOptions::default().convert_markdown());
    play.text("- [x] <b>tea</b>");
    assert_eq!(play.end(), Some(Done::Shown));
    assert_eq!(play.machine.sheets[0].shown.as_deref(), Some("- ☑ **tea**"));
}
