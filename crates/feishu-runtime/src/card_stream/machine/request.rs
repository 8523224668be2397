//! Builds the call that is to be made next, from the state of a stream.

use feishu_callbacks::openapi::{
    CardChange, CardCreate, CardReplace, CardSettingsChange, MessagePatch, MessageReply, MessageSend,
    OutgoingMessage, StreamText,
};
use feishu_callbacks::{CardContent, CardSettings, RawCard};
use tokio::time::Instant;

use super::flight::{Act, Flight, Request};
use super::{Machine, Step, Way};
use crate::card_stream::options::{Look, TEXT};
use crate::card_stream::target::Place;

impl Machine {
    /// Whether others wait for a call: all but the next words of a text that grows.
    pub(crate) fn is_urgent(&self, act: Act) -> bool {
        match act {
            Act::Text(at) | Act::Patch(at) => self.is_complete(at),
            _ => true,
        }
    }

    /// Builds the call that is to be made now, from the newest text. `None` if there is none any more.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Request> {
        let Step::Call(act) = self.next(now) else { return None };
        let flight = match self.repeat.take() {
            Some(repeat) => Flight { repeats: repeat.repeats + 1, sent_at: now, ..repeat },
            None => self.flight_of(act, now)?,
        };
        if matches!(flight.act, Act::Text(_) | Act::Whole(_) | Act::Patch(_)) {
            self.last_sent = Some(now);
        }
        let request = flight.request.clone();
        self.flight = Some(flight);
        Some(request)
    }

    fn flight_of(&mut self, act: Act, now: Instant) -> Option<Flight> {
        let at = act.sheet();
        let text = self.want(at).into_owned();
        let look = self.look(act);
        let covered = self.text.len();
        let (request, text) = match act {
            Act::Create(_) => {
                let card = RawCard::new(self.options.card(&text, look)).ok()?;
                (Request::Create(CardCreate { card: CardContent::from(card) }), Some(text))
            }
            Act::Send(_) => self.send(at, text, look)?,
            Act::Text(_) => {
                let (card_id, change) = self.change(at)?;
                let call = StreamText { card_id, element_id: TEXT.to_owned(), text: text.clone(), change };
                (Request::Text(call), Some(text))
            }
            Act::Reopen(_) => (self.settings(at, CardSettings::default().streaming(true))?, None),
            Act::Off(_) => {
                let summary = self.options.summary_of(&text);
                (self.settings(at, CardSettings::default().streaming(false).summary(summary))?, None)
            }
            Act::Whole(_) => {
                let card = RawCard::new(self.options.card(&text, look)).ok()?;
                let (card_id, change) = self.change(at)?;
                (Request::Replace(CardReplace { card_id, card, change }), Some(text))
            }
            Act::Patch(_) => {
                let message = self.sheets.get(at)?.message.clone()?;
                let card = RawCard::new(self.options.card(&text, look)).ok()?;
                (Request::Patch(MessagePatch { message, card: CardContent::from(card) }), Some(text))
            }
        };
        Some(Flight { act, request, text, covered, look, sent_at: now, repeats: 0 })
    }

    /// The message that shows a card. Its `uuid` is the same whenever it is sent again.
    fn send(&self, at: usize, text: String, look: Look) -> Option<(Request, Option<String>)> {
        let sheet = self.sheets.get(at)?;
        let (message, text) = if let Some(id) = &sheet.id {
            (OutgoingMessage::card_entity(id), None)
        } else {
            let card = RawCard::new(self.options.card(&text, look)).ok()?;
            (OutgoingMessage::card(card), Some(text))
        };
        let again = if sheet.is_second { "r" } else { "" };
        let message = message.once(format!("{}-m{at}{again}", self.seed));
        let request = match &self.place {
            Place::To(to) => Request::Send(MessageSend { to: to.clone(), message }),
            Place::Reply { to, in_thread, .. } => {
                Request::Reply(MessageReply { to: to.clone(), message, in_thread: *in_thread })
            }
        };
        Some((request, text))
    }

    fn settings(&mut self, at: usize, settings: CardSettings) -> Option<Request> {
        let (card_id, change) = self.change(at)?;
        Some(Request::Settings(CardSettingsChange { card_id, settings, change }))
    }

    fn change(&mut self, at: usize) -> Option<(feishu_callbacks::CardId, CardChange)> {
        self.uuids += 1;
        let uuid = format!("{}-{}", self.seed, self.uuids);
        let sheet = self.sheets.get_mut(at)?;
        Some((sheet.id.clone()?, sheet.change(uuid)))
    }

    fn look(&self, act: Act) -> Look {
        match (self.is_complete(act.sheet()), self.way) {
            (true, _) => Look::Ended,
            (false, Way::Entity) => Look::Streams,
            (false, Way::Patch) => Look::Grows,
        }
    }
}
