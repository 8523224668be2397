//! A stream without I/O for tests: a made-up platform answers the calls.

use std::fmt::Write as _;
use std::time::Duration;

use feishu_callbacks::openapi::{Call as _, Receiver};
use serde_json::Value;
use tokio::time::Instant;

use crate::card_stream::machine::{Done, Given, Machine, Request, Step, Verdict, Way};
use crate::card_stream::options::StreamOptions;
use crate::card_stream::target::Place;

pub(super) const MS: Duration = Duration::from_millis(1);

/// A stream and the calls that it made.
pub(super) struct Play {
    pub(super) machine: Machine,
    pub(super) now: Instant,
    pub(super) start: Instant,
    pub(super) calls: Vec<(&'static str, Value, Instant)>,
    /// Verdicts for the next calls of a kind.
    pub(super) script: Vec<(&'static str, Verdict)>,
}

impl Play {
    pub(super) fn new(options: StreamOptions) -> Self {
        let now = Instant::now();
        let place = Place::To(Receiver::Chat("oc_1".into()));
        Self {
            machine: Machine::new(options, place, "seed".into(), Way::Entity),
            now,
            start: now,
            calls: Vec::new(),
            script: Vec::new(),
        }
    }

    /// A stream whose card is open.
    pub(super) fn open() -> Self {
        Self::opened(StreamOptions::default())
    }

    pub(super) fn opened(options: StreamOptions) -> Self {
        let mut play = Self::new(options);
        play.settle();
        assert_eq!(play.names(), ["create", "send"]);
        play.calls.clear();
        play
    }

    pub(super) fn refuse(&mut self, call: &'static str, verdict: Verdict) -> &mut Self {
        self.script.push((call, verdict));
        self
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.machine.set_text(text);
        self.settle();
        self
    }

    pub(super) fn end(&mut self) -> Option<Done> {
        self.machine.end();
        self.settle();
        self.machine.done
    }

    /// Plays until nothing is to be done without new text.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            match self.machine.next(self.now) {
                Step::Done | Step::Wait(None) => return,
                Step::Wait(Some(until)) => self.now = until,
                Step::Call(_) => self.call(),
            }
        }
        panic!("it does not come to rest: {:?}", self.names());
    }

    pub(super) fn call(&mut self) {
        let request = self.machine.take(self.now).unwrap();
        let (name, body) = named(&request);
        self.calls.push((name, body, self.now));
        let scripted = self.script.iter().position(|(call, _)| *call == name);
        let given = Given {
            card_id: (name == "create").then(|| format!("73{}", self.calls.len()).into()),
            message_id: (name == "send").then(|| format!("om_{}", self.calls.len()).into()),
        };
        self.now += 50 * MS;
        let result = match scripted {
            Some(at) => Err(self.script.remove(at).1),
            None => Ok(given),
        };
        self.machine.answered(self.now, result);
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.calls.iter().map(|(name, ..)| *name).collect()
    }

    pub(super) fn sequences(&self) -> Vec<i64> {
        self.calls.iter().filter_map(|(_, body, _)| body["sequence"].as_i64()).collect()
    }

    pub(super) fn last(&self) -> &Value {
        &self.calls.last().unwrap().1
    }
}

/// The name of a call and its body; a card that is a string in it is read.
fn named(request: &Request) -> (&'static str, Value) {
    let (name, body) = match request {
        Request::Create(call) => ("create", call.body()),
        Request::Send(call) => ("send", call.body()),
        Request::Reply(call) => ("reply", call.body()),
        Request::Text(call) => ("text", call.body()),
        Request::Settings(call) => ("settings", call.body()),
        Request::Replace(call) => ("replace", call.body()),
        Request::Patch(call) => ("patch", call.body()),
    };
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    for path in ["/data", "/settings", "/card/data", "/content"] {
        if let Some(inner) = body.pointer_mut(path) {
            let text = inner.as_str().and_then(|text| serde_json::from_str(text).ok());
            *inner = text.filter(Value::is_object).unwrap_or_else(|| inner.take());
        }
    }
    let name = match (name, body.pointer("/settings/config/streaming_mode")) {
        ("settings", Some(Value::Bool(true))) => "on",
        ("settings", _) => "off",
        _ => name,
    };
    (name, body)
}

pub(super) fn shown(card: &Value) -> &str {
    card["body"]["elements"][0]["content"].as_str().unwrap()
}

/// A text of so many lines, each a paragraph.
pub(super) fn book(lines: usize) -> String {
    (0..lines).fold(String::new(), |mut text, line| {
        let _ = write!(text, "Line {line} of the tea book.\n\n");
        text
    })
}
