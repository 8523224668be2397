//! Streams at random: pieces, pauses and refusals in any order keep the rules of the platform.

use std::collections::HashMap;

use serde_json::Value;

use super::play::{MS, Play, book};
use crate::card_stream::machine::{Done, Step, Verdict};
use crate::card_stream::options::{StreamLife, StreamOptions};

const VERDICTS: [(&str, Verdict); 12] = [
    ("text", Verdict::Again),
    ("text", Verdict::Busy),
    ("text", Verdict::Closed),
    ("text", Verdict::Behind),
    ("text", Verdict::Unsure),
    ("text", Verdict::Slower(None)),
    ("text", Verdict::TooLarge),
    ("on", Verdict::Again),
    ("off", Verdict::Unsure),
    ("off", Verdict::Again),
    ("replace", Verdict::Again),
    ("send", Verdict::Again),
];

/// One stream with a text of its own; the play after its end.
fn play(seed: u64) -> Play {
    let mut random = fastrand::Rng::with_seed(seed);
    let life = *random.choice(&[StreamLife::Reopen, StreamLife::NewCard, StreamLife::FinishWhole]).unwrap();
    let mut play = Play::opened(StreamOptions::default().life(life));
    let text = book(random.usize(1..2500));
    let mut at = 0;
    while at < text.len() {
        at = (at + random.usize(1..text.len() / 3 + 2)).min(text.len());
        if random.u8(..4) == 0 {
            let (call, verdict) = *random.choice(&VERDICTS).unwrap();
            play.refuse(call, verdict);
        }
        play.machine.set_text(&text[..at]);
        for _ in 0..random.usize(..6) {
            match play.machine.next(play.now) {
                Step::Call(_) => play.call(),
                Step::Wait(Some(until)) => play.now = until,
                Step::Wait(None) | Step::Done => break,
            }
        }
        play.now += MS * random.u32(1..120_000);
    }
    play.end();
    assert_eq!(play.machine.text, text);
    play
}

#[test]
fn stream_at_random_keeps_its_numbers_rising_and_shows_its_whole_text_at_the_end() {
    for seed in 0..60 {
        let play = play(seed);
        assert_eq!(play.machine.done, Some(Done::Shown), "seed {seed}: {:?}", play.names());
        let mut last: HashMap<&str, &Value> = HashMap::new();
        for (_, body, _) in &play.calls {
            let (Some(sequence), Some(uuid)) = (body["sequence"].as_i64(), body["uuid"].as_str()) else {
                continue;
            };
            if let Some(before) = last.insert(uuid, body) {
                assert_eq!(
                    before, body,
                    "seed {seed}: a call that is made again is the same one, {sequence}"
                );
            }
        }
        for (at, sheet) in play.machine.sheets.iter().enumerate() {
            assert!(sheet.has_ended(&play.machine.want(at)), "seed {seed}: card {at} of {:?}", play.names());
            assert!(sheet.shown.as_ref().is_some_and(|text| text.len() < 29_000));
        }
        let shown: Vec<_> = play.machine.sheets.iter().filter_map(|sheet| sheet.shown.as_deref()).collect();
        assert_eq!(shown.join("\n\n"), play.machine.text.trim_end(), "seed {seed}");
    }
}
