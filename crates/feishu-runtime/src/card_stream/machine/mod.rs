//! The state of one stream without I/O: what to send next, and what an answer changes.

mod answer;
mod card;
mod division;
mod flight;
mod request;
#[cfg(test)]
mod tests;
mod text;
mod verdict;

use std::borrow::Cow;
use std::time::Duration;

use feishu_callbacks::MessageId;
use feishu_callbacks::markdown::{MAX_CARD_TABLES, SplitLimits};
use tokio::time::Instant;

pub(crate) use answer::{CLICK, Given};
pub(crate) use card::Sheet;
pub(crate) use flight::{Act, Request};
pub(crate) use verdict::Verdict;

use super::options::{StreamLife, StreamOptions};
use super::target::Place;
use card::{MAX_PATCHES, interval, patch_interval};
use division::Division;
use flight::Flight;

/// How long a card streams after streaming was switched on.
pub(crate) const MODE_LIFE: Duration = Duration::from_secs(600);
/// When streaming is switched on again: before the ten minutes are over, with time for slow calls.
pub(crate) const RENEW_AFTER: Duration = Duration::from_secs(540);
/// Bytes of a card's JSON. The platform takes 30 KB.
const MAX_CARD_BYTES: usize = 28_000;

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make this call as soon as the rates allow it, then [`take`](Machine::take) it.
    Call(Act),
    /// Wait for more text, the end, or this time.
    Wait(Option<Instant>),
    Done,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// All of its text is shown.
    Shown,
    /// The platform did not take it in time; later it may.
    Late,
    /// The platform refused it for good.
    Failed,
}

/// Which calls change the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Those of a card entity.
    Entity,
    /// Updates of the message.
    Patch,
}

/// One stream: its text, its cards, and the one call that is being made.
pub(crate) struct Machine {
    pub(crate) options: StreamOptions,
    /// The beginning of every `uuid` of this stream.
    pub(crate) seed: String,
    pub(crate) uuids: u32,
    pub(crate) way: Way,
    pub(crate) place: Place,
    pub(crate) text: String,
    pub(crate) has_ended: bool,
    /// The text of each card.
    division: Division,
    /// Where a card ends that stopped streaming.
    pub(crate) cuts: Vec<usize>,
    /// Bytes of text in one card.
    pub(crate) limit: usize,
    /// Tables in one card.
    pub(crate) tables: usize,
    pub(crate) sheets: Vec<Sheet>,
    flight: Option<Flight>,
    /// A call without an answer, which is made again as it was.
    repeat: Option<Flight>,
    not_before: Option<Instant>,
    /// Until when a click on a card is being answered.
    pub(crate) held_until: Option<Instant>,
    last_sent: Option<Instant>,
    last_took: Duration,
    pub(crate) failures: u32,
    failing_since: Option<Instant>,
    jumps: u32,
    /// Whether growing text is shown; if not, only the end is.
    types: bool,
    /// Whether streaming was switched on again and no text taken since.
    just_reopened: bool,
    pub(crate) updates: u64,
    pub(crate) done: Option<Done>,
}

impl Machine {
    pub(crate) fn new(options: StreamOptions, place: Place, seed: String, way: Way) -> Self {
        let limit = MAX_CARD_BYTES.saturating_sub(options.frame_bytes());
        Self {
            options,
            seed,
            uuids: 0,
            way,
            place,
            text: String::new(),
            has_ended: false,
            division: Division::default(),
            cuts: Vec::new(),
            limit,
            tables: MAX_CARD_TABLES,
            sheets: vec![Sheet::new()],
            flight: None,
            repeat: None,
            not_before: None,
            held_until: None,
            last_sent: None,
            last_took: Duration::ZERO,
            failures: 0,
            failing_since: None,
            jumps: 0,
            types: true,
            just_reopened: false,
            updates: 0,
            done: None,
        }
    }

    /// Sets the whole text.
    pub(crate) fn set_text(&mut self, text: impl Into<String>) {
        let text = text.into();
        let grows = text.starts_with(&self.text);
        self.text = text;
        if grows {
            // Of a long text only the end is divided anew, many times a second.
            self.division.grow(&self.text, self.options.converts, &self.limits());
        } else {
            self.divide();
        }
    }

    /// No more text comes.
    pub(crate) fn end(&mut self) {
        self.has_ended = true;
        // Once more as a whole, so that the end does not depend on how the text grew.
        self.divide();
        // What failed while it grew has no say in how long the end is tried.
        self.failing_since = None;
    }

    /// Puts less into one card from now on. False if that is not possible.
    pub(crate) fn shrink(&mut self) -> bool {
        self.limit = self.limit / 3 * 2;
        self.divide();
        self.limit >= SplitLimits::MIN_BYTES
    }

    /// The first card was sent, or a message.
    pub(crate) fn is_open(&self) -> bool {
        self.sheets.first().is_some_and(|sheet| sheet.message.is_some()) || self.sheets.len() > 1
    }

    pub(crate) fn messages(&self) -> Vec<MessageId> {
        self.sheets.iter().filter_map(|sheet| sheet.message.clone()).collect()
    }

    /// What to do now. Only the passing of time, new text and answers change it.
    pub(crate) fn next(&mut self, now: Instant) -> Step {
        if self.done.is_some() {
            return Step::Done;
        }
        if self.flight.is_some() {
            return Step::Wait(None);
        }
        let pause = self.not_before.into_iter().chain(self.held_until).max();
        if let Some(pause) = pause.filter(|pause| *pause > now) {
            return Step::Wait(Some(pause));
        }
        if let Some(repeat) = &self.repeat {
            return Step::Call(repeat.act);
        }
        loop {
            let at = self.sheets.len().saturating_sub(1);
            let is_last = at + 1 >= self.division.parts().len();
            if !is_last || self.has_ended {
                if let Some(act) = self.closing_act(at) {
                    return Step::Call(act);
                }
                if is_last {
                    return self.closing_of_earlier_cards();
                }
                self.sheets.push(Sheet::new());
                continue;
            }
            // Without a step it goes on in another card.
            if let Some(step) = self.typing_step(at, now) {
                return step;
            }
        }
    }

    /// The next call that brings a card to its end; `None` if it is there.
    fn closing_act(&self, at: usize) -> Option<Act> {
        let sheet = self.sheets.get(at)?;
        let want = self.want(at);
        if let Some(act) = self.opening_act(at) {
            return Some(act);
        }
        if sheet.has_ended(&want) {
            return None;
        }
        let differs = sheet.shown.as_deref() != Some(&*want);
        Some(match (self.way, sheet.streaming) {
            (Way::Patch, _) => Act::Patch(at),
            (Way::Entity, Some(_)) if differs && self.types && sheet.is_sure => Act::Text(at),
            (Way::Entity, Some(_)) => Act::Off(at),
            (Way::Entity, None) => Act::Whole(at),
        })
    }

    fn opening_act(&self, at: usize) -> Option<Act> {
        let sheet = self.sheets.get(at)?;
        if sheet.message.is_some() {
            return None;
        }
        let needs_entity = self.way == Way::Entity && sheet.id.is_none();
        Some(if needs_entity { Act::Create(at) } else { Act::Send(at) })
    }

    /// Cards before the last one whose text changed after they had ended.
    fn closing_of_earlier_cards(&mut self) -> Step {
        if let Some(act) = (0..self.sheets.len()).find_map(|at| self.closing_act(at)) {
            return Step::Call(act);
        }
        self.done = Some(Done::Shown);
        Step::Done
    }

    /// What to do with a card whose text grows; `None` if it goes on in another card.
    fn typing_step(&mut self, at: usize, now: Instant) -> Option<Step> {
        if let Some(act) = self.opening_act(at) {
            return Some(Step::Call(act));
        }
        let sheet = self.sheets.get(at)?;
        let want = self.want(at);
        if !self.types || sheet.shown.as_deref() == Some(&*want) {
            return Some(Step::Wait(None));
        }
        let interval = match self.way {
            Way::Entity => interval(self.options.interval, self.last_took, want.len()),
            Way::Patch if sheet.patches >= MAX_PATCHES => return Some(Step::Wait(None)),
            Way::Patch => patch_interval(self.last_took, sheet.patches),
        };
        if let Some(due) = self.last_sent.map(|sent| sent + interval).filter(|due| *due > now) {
            return Some(Step::Wait(Some(due)));
        }
        if self.way == Way::Patch {
            return Some(Step::Call(Act::Patch(at)));
        }
        if !sheet.is_sure {
            return Some(Step::Call(Act::Whole(at)));
        }
        let end = |life: Duration| sheet.streaming.is_none_or(|since| since + life <= now);
        match self.options.life {
            StreamLife::Reopen if end(RENEW_AFTER) => Some(Step::Call(Act::Reopen(at))),
            StreamLife::NewCard if end(RENEW_AFTER) => self.cut_here(at),
            StreamLife::FinishWhole if end(MODE_LIFE) => Some(Step::Wait(None)),
            _ => Some(Step::Call(Act::Text(at))),
        }
    }

    /// Ends the card after the last whole paragraph that it shows. Returns a step only if there is none: then it stands
    /// still until the end.
    fn cut_here(&mut self, at: usize) -> Option<Step> {
        let covered = self.sheets.get(at).map_or(0, |sheet| sheet.covered).min(self.text.len());
        let start = self.cuts.last().copied().unwrap_or_default();
        let border = self.text.get(start..covered).and_then(text::last_border);
        let Some(border) = border.filter(|border| start + border < self.text.len()) else {
            self.types = false;
            return Some(Step::Wait(None));
        };
        self.cuts.push(start + border);
        self.divide();
        None
    }

    pub(crate) fn divide(&mut self) {
        let limits = self.limits();
        self.division.renew(&self.text, &self.cuts, self.options.converts, &limits);
    }

    fn limits(&self) -> SplitLimits {
        // No card without text for its tables alone.
        SplitLimits::card().bytes(self.limit).tables(self.tables.max(1))
    }

    /// Whether no more text comes for a card.
    pub(crate) fn is_complete(&self, at: usize) -> bool {
        self.has_ended || at + 1 < self.division.parts().len()
    }

    /// The text that a card is to show now; never empty, as the platform takes no empty text.
    pub(crate) fn want(&self, at: usize) -> Cow<'_, str> {
        let Some(part) = self.division.parts().get(at) else { return Cow::Borrowed("…") };
        let is_complete = self.is_complete(at);
        let shown = text::shown(part, is_complete, self.tables);
        if !shown.trim().is_empty() {
            return Cow::Owned(shown);
        }
        match is_complete {
            true if at == 0 => Cow::Borrowed(&self.options.empty),
            true => Cow::Borrowed("…"),
            false => Cow::Borrowed(&self.options.first_words),
        }
    }
}
