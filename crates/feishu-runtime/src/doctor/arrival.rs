//! What comes on the connection: a click, or a sign of why none does.

use std::sync::Arc;

use feishu_transport::{Answer, Delivery, Inbox, Kind};
use serde::Deserialize;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The code of the finding that nothing came.
pub(super) const NOTHING_CAME: &str = "nothing_came";

/// Arrivals that are kept until they are looked at; more are left out.
const MAX_ARRIVALS: usize = 64;
/// What the user of a click sees.
const TOAST: &str =
    r#"{"toast":{"type":"success","content":"feishu-doctor: the click arrived / 已收到点击"}}"#;
/// What the user of a link sees.
const PREVIEW: &str = r#"{"inline":{"title":"feishu-doctor"}}"#;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A click or a link preview.
    Callback(String),
    /// A callback in a frame of type `card`: the callback subscription is not in effect.
    Unpublished,
    /// Any event.
    Event(String),
}

/// An inbox that tells what comes.
pub(super) fn arrivals() -> (Arc<dyn Inbox>, Receiver<Arrival>) {
    let (sender, receiver) = channel(MAX_ARRIVALS);
    (Arc::new(Bell(sender)), receiver)
}

struct Bell(Sender<Arrival>);

#[derive(Deserialize)]
struct Envelope {
    header: Option<Header>,
}

#[derive(Deserialize)]
struct Header {
    event_type: Option<String>,
}

impl Inbox for Bell {
    fn deliver(&self, delivery: Delivery) {
        let received = delivery.received();
        let envelope = serde_json::from_slice::<Envelope>(received.payload()).ok();
        let name = envelope.and_then(|envelope| envelope.header?.event_type).unwrap_or_default();
        let (answer, arrival) = match (received.kind(), name.as_str()) {
            (Kind::Card, _) => (Answer::failed(), Arrival::Unpublished),
            (_, "card.action.trigger") => (Answer::ok(TOAST), Arrival::Callback(name)),
            (_, "url.preview.get") => (Answer::ok(PREVIEW), Arrival::Callback(name)),
            // Refused, it comes again to a process that handles it.
            _ => (
                Answer::failed(),
                Arrival::Event(name.chars().filter(|c| !c.is_control()).take(80).collect()),
            ),
        };
        delivery.answer(&answer);
        // The examination may be over, or have enough to look at.
        let _ = self.0.try_send(arrival);
    }
}
