//! What the answer to a call changes in the state of a stream.

use std::time::Duration;

use feishu_callbacks::{CardId, MessageId};
use tokio::time::Instant;

use super::card::Sheet;
use super::flight::{Act, Flight};
use super::verdict::Verdict;
use super::{Done, Machine, Way};
use crate::card_stream::options::Look;

/// The pause after a call without an answer; each further failure doubles it, up to the last.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));
/// How often a call without an answer is made again as it was; then the newest text is sent instead.
const MAX_REPEATS: u32 = 2;
/// How long a click can keep a card from being changed: the time the platform waits for its answer.
pub(crate) const CLICK: Duration = Duration::from_secs(3);
/// The tables of one card after the platform refused more.
const FEWER_TABLES: usize = 3;

/// The data of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) card_id: Option<CardId>,
    pub(crate) message_id: Option<MessageId>,
}

impl Machine {
    /// The call that was taken last was answered, or failed.
    pub(crate) fn answered(&mut self, now: Instant, result: Result<Given, Verdict>) {
        let Some(flight) = self.flight.take() else { return };
        if self.last_sent == Some(flight.sent_at) {
            self.last_took = now.saturating_duration_since(flight.sent_at);
        }
        match result {
            Ok(given) => self.succeeded(flight, given),
            // The call before had arrived, and its answer was lost.
            Err(Verdict::Used) if flight.repeats > 0 => self.succeeded(flight, Given::default()),
            Err(verdict) => self.failed(now, flight, verdict),
        }
    }

    fn succeeded(&mut self, flight: Flight, given: Given) {
        (self.failures, self.failing_since, self.jumps, self.not_before) = (0, None, 0, None);
        let changes_at_end = self.options.changes_at_end();
        let Some(sheet) = self.sheets.get_mut(flight.act.sheet()) else { return };
        match flight.act {
            Act::Create(_) => sheet.id = given.card_id,
            Act::Send(_) => sheet.message = given.message_id,
            Act::Text(_) | Act::Patch(_) if flight.look != Look::Ended => {
                self.updates += 1;
                sheet.patches += 1;
            }
            _ => {}
        }
        match flight.act {
            Act::Create(_) | Act::Whole(_) => {
                sheet.streaming = (flight.look == Look::Streams).then_some(flight.sent_at);
                sheet.is_sure = true;
            }
            Act::Reopen(_) => {
                sheet.streaming = Some(flight.sent_at);
                self.just_reopened = true;
            }
            Act::Off(_) => sheet.streaming = None,
            Act::Text(_) => self.just_reopened = false,
            Act::Send(_) | Act::Patch(_) => {}
        }
        if let Some(text) = flight.text {
            (sheet.shown, sheet.covered) = (Some(text), flight.covered);
            if flight.act != Act::Text(flight.act.sheet()) {
                sheet.is_dressed = changes_at_end && flight.look != Look::Ended;
            }
        }
    }

    fn failed(&mut self, now: Instant, flight: Flight, verdict: Verdict) {
        let since = *self.failing_since.get_or_insert(now);
        let act = flight.act;
        // A platform that says when to come again takes the call then.
        let patience = if matches!(verdict, Verdict::Slower(_) | Verdict::Busy) { 10 } else { 1 };
        match verdict {
            Verdict::Again | Verdict::Slower(_) | Verdict::Busy | Verdict::Used
                if self.is_over(now, since, patience) =>
            {
                self.done = Some(Done::Late);
            }
            _ if self.is_over(now, since, patience) => self.done = Some(Done::Failed),
            Verdict::Again => self.again(now, flight),
            Verdict::Slower(after) => self.pause(now, after.unwrap_or(PAUSE.0)),
            Verdict::Busy => self.pause(now, CLICK),
            Verdict::Closed => self.closed(act),
            Verdict::Behind => self.behind(&flight),
            // The number is not taken again, and neither is the `uuid`.
            Verdict::Used => self.pause(now, PAUSE.0),
            Verdict::TooLarge => self.give_up_unless(Self::shrink),
            Verdict::Tables => {
                let before = self.tables;
                self.tables = if before > FEWER_TABLES { FEWER_TABLES } else { 0 };
                self.divide();
                self.give_up_unless(|_| before > 0);
            }
            Verdict::Unsure if !matches!(act, Act::Whole(_)) => self.unsure(act),
            Verdict::NoCard => self.no_card(act),
            Verdict::NoPlace if matches!(act, Act::Send(_)) => {
                let instead = self.place.instead(false);
                self.give_up_unless(|machine| instead.map(|place| machine.place = place).is_some());
            }
            Verdict::NoScope if self.options.patches && matches!(act, Act::Create(_)) => {
                self.way = Way::Patch;
            }
            Verdict::Unsure | Verdict::NoPlace | Verdict::NoScope | Verdict::Fatal => self.refused(act),
        }
    }

    /// The same call again, at first; its number and `uuid` make sure that it has one effect.
    fn again(&mut self, now: Instant, flight: Flight) {
        let pause = PAUSE.0 * 2_u32.pow(self.failures.min(4));
        self.failures = self.failures.saturating_add(1);
        self.pause(now, pause.min(PAUSE.1));
        // The newest text is worth more than an old one. A message keeps its `uuid` in any case.
        if flight.repeats < MAX_REPEATS {
            self.repeat = Some(flight);
        } else if let Some(sheet) = self.sheets.get_mut(flight.act.sheet()) {
            sheet.shown = sheet.shown.take().filter(|_| flight.text.is_none());
        }
    }

    /// The ten minutes are over, earlier than was known here.
    fn closed(&mut self, act: Act) {
        if self.just_reopened && act == Act::Text(act.sheet()) {
            // It does not stay on: only the end is shown.
            self.types = false;
        }
        if let Some(sheet) = self.sheets.get_mut(act.sheet()) {
            sheet.streaming = None;
        }
    }

    fn behind(&mut self, flight: &Flight) {
        let Some(sheet) = self.sheets.get_mut(flight.act.sheet()) else { return };
        if flight.repeats > 0 {
            // The call before may have arrived. If so, the next number is higher.
            sheet.shown = None;
            return;
        }
        self.jumps += 1;
        sheet.jump();
        if self.jumps > 1 {
            self.refused(flight.act);
        }
    }

    fn unsure(&mut self, act: Act) {
        if let Some(sheet) = self.sheets.get_mut(act.sheet()) {
            (sheet.is_sure, sheet.streaming) = (false, None);
        }
    }

    fn no_card(&mut self, act: Act) {
        match self.sheets.get_mut(act.sheet()) {
            Some(sheet) if !sheet.is_second && !matches!(act, Act::Create(_)) => *sheet = Sheet::second(),
            _ => self.done = Some(Done::Failed),
        }
    }

    /// Nothing helps for this call. What only shows growing text is left out; the end is tried in another way.
    fn refused(&mut self, act: Act) {
        match act {
            Act::Text(_) | Act::Reopen(_) | Act::Off(_) if self.jumps <= 2 => {
                self.types = false;
                self.unsure(act);
            }
            _ => self.done = Some(Done::Failed),
        }
    }

    fn give_up_unless(&mut self, helps: impl FnOnce(&mut Self) -> bool) {
        if !helps(self) {
            self.done = Some(Done::Failed);
        }
    }

    fn pause(&mut self, now: Instant, pause: Duration) {
        self.not_before = Some(now + pause);
    }

    /// Too many calls wait already.
    pub(crate) fn crowded(&mut self, now: Instant) {
        let since = *self.failing_since.get_or_insert(now);
        if self.is_over(now, since, 1) {
            self.done = Some(Done::Late);
        }
        self.pause(now, PAUSE.0);
    }

    /// It was the turn of others for so long, which does not count as trying.
    pub(crate) fn waited(&mut self, waited: Duration) {
        self.failing_since = self.failing_since.map(|since| since + waited);
    }

    /// Whether what is needed has been tried for long enough.
    fn is_over(&self, now: Instant, since: Instant, patience: u32) -> bool {
        since + self.options.patience * patience <= now && (self.has_ended || !self.is_open())
    }

    /// A click on a card is being answered, or was.
    pub(crate) fn hold(&mut self, until: Option<Instant>) {
        if until.is_none() && self.held_until.is_some() {
            // A refusal for the click is over with it.
            self.not_before = None;
        }
        self.held_until = until;
    }
}
