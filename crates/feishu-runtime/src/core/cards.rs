//! Which cards were answered on a message while other clicks on it are still being handled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use feishu_callbacks::CardActionEvent;
use feishu_callbacks::EventBody as _;
use serde::Deserialize;
use serde_json::Value;

/// The messages that clicks are being handled on. Bounded by the calls of a client.
#[derive(Debug, Default)]
pub(crate) struct Cards {
    messages: Mutex<HashMap<String, Message>>,
}

#[derive(Debug, Default)]
struct Message {
    clicks: usize,
    next: u64,
    /// The reply with the card of the latest click that has one, and that click's number.
    shown: Option<(u64, Bytes)>,
}

/// One click among those on its message; the message is forgotten with the last of them.
#[derive(Debug)]
pub(crate) struct ClickPlace {
    cards: Arc<Cards>,
    message: String,
    number: u64,
}

impl Cards {
    /// Notes a click at its arrival; `None` for what is no click on a message.
    pub(crate) fn arrive(self: &Arc<Self>, event_type: &str, payload: &[u8]) -> Option<ClickPlace> {
        let message = (event_type == CardActionEvent::TYPE).then(|| click_message(payload))??;
        let mut messages = self.lock();
        let clicked = messages.entry(message.clone()).or_default();
        clicked.clicks += 1;
        clicked.next += 1;
        let number = clicked.next;
        drop(messages);
        Some(ClickPlace { cards: Arc::clone(self), message, number })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClickPlace {
    /// The click gets this reply, which may have a card.
    pub(crate) fn replied(&self, reply: &Bytes) {
        if card_in(reply).is_none() {
            return;
        }
        if let Some(message) = self.cards.lock().get_mut(&self.message) {
            if message.shown.as_ref().is_none_or(|(number, _)| *number <= self.number) {
                message.shown = Some((self.number, reply.clone()));
            }
        }
    }

    /// The card of a click that came after this one, if one was sent.
    pub(crate) fn newer(&self) -> Option<Value> {
        let shown = self.cards.lock().get(&self.message)?.shown.clone();
        shown.filter(|(number, _)| *number > self.number).and_then(|(_, reply)| card_in(&reply))
    }
}

impl Drop for ClickPlace {
    fn drop(&mut self) {
        let mut messages = self.cards.lock();
        if let Some(message) = messages.get_mut(&self.message) {
            message.clicks = message.clicks.saturating_sub(1);
            if message.clicks == 0 {
                messages.remove(&self.message);
            }
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    card: Option<Value>,
}

fn card_in(reply: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Reply>(reply).ok()?.card
}

#[derive(Deserialize)]
struct Payload {
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    context: Place,
    #[serde(flatten)]
    place: Place,
}

#[derive(Default, Deserialize)]
struct Place {
    open_message_id: Option<String>,
}

/// The message of the card that was clicked on.
pub(crate) fn click_message(payload: &[u8]) -> Option<String> {
    let event = serde_json::from_slice::<Payload>(payload).ok()?.event;
    event.context.open_message_id.or(event.place.open_message_id).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLICK: &[u8] = br#"{"event":{"context":{"open_message_id":"om_1"}}}"#;

    #[test]
    fn newer_is_the_card_of_a_later_click_until_the_last_one_ends() {
        let cards = Arc::new(Cards::default());
        let arrive = || cards.arrive("card.action.trigger", CLICK).unwrap();
        let (first, second) = (arrive(), arrive());
        second.replied(&Bytes::from_static(b"{\"toast\":{}}"));
        assert_eq!(first.newer(), None, "a toast changes no card");
        second.replied(&Bytes::from_static(b"{\"card\":{\"n\":2}}"));
        first.replied(&Bytes::from_static(b"{\"card\":{\"n\":1}}"));
        assert_eq!(first.newer().unwrap()["n"], 2, "the later click's, whenever it was answered");
        assert_eq!(second.newer(), None);
        drop(second);
        assert!(first.newer().is_some());
        drop(first);
        assert!(cards.lock().is_empty());
        assert!(cards.arrive("url.preview.get", CLICK).is_none());
    }
}
