//! Pushes that may still be answered.

use std::sync::{Arc, OnceLock};

use feishu_proto::Frame;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::kept::Kept;
use crate::verdict::Purpose;
use crate::{Answered, ConnectionId};

/// Pushes remembered, answered ones too: a second answer is recognised as one. The oldest are forgotten first.
const PUSHES_LIMIT: usize = 8192;

/// One push, from the moment it goes out.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) message_id: String,
    /// The event type or the type header, for people.
    pub(crate) label: String,
    /// The frame that completed the message, without payload; `None` while fragments are missing.
    pub(crate) completes: Option<Frame>,
    /// All fragments that went out, without payload; empty for a message that was never torn.
    pub(crate) fragments: Vec<Frame>,
    /// How often the whole message went out.
    pub(crate) copies: u32,
    pub(crate) purpose: Purpose,
    pub(crate) connection: ConnectionId,
    pub(crate) card_token: Option<String>,
    pub(crate) card_message: Option<String>,
    /// Its number in the record of the interface.
    pub(crate) delivery: Option<u64>,
    /// When it was written.
    pub(crate) sent_at: OnceLock<Instant>,
}

/// Pushes by their `message_id`.
#[derive(Debug, Default)]
pub(crate) struct Pushes {
    by_id: Kept<Push, PUSHES_LIMIT>,
}

#[derive(Debug)]
struct Push {
    sent: Arc<InFlight>,
    /// Copies sent in all, over several sends of one `message_id`.
    copies: u32,
    answers: u32,
    waiter: Option<oneshot::Sender<Answered>>,
}

/// The result of matching an answer with a push.
pub(crate) enum Match {
    Unknown,
    /// More answers than copies.
    Repeated(Arc<InFlight>),
    Expected(Arc<InFlight>, Option<oneshot::Sender<Answered>>),
}

impl Pushes {
    /// Remembers a push. A second one of the same id takes the place of the first.
    pub(crate) fn add(&mut self, push: Arc<InFlight>, waiter: Option<oneshot::Sender<Answered>>) {
        let id = push.message_id.clone();
        let earlier = self.by_id.get_mut(&id).map_or((0, 0), |kept| (kept.copies, kept.answers));
        let kept = Push { copies: push.copies + earlier.0, answers: earlier.1, sent: push, waiter };
        self.by_id.insert(id, kept);
    }

    pub(crate) fn answered(&mut self, message_id: &str) -> Match {
        let Some(kept) = self.by_id.get_mut(message_id) else { return Match::Unknown };
        kept.answers += 1;
        if kept.answers > kept.copies.max(1) {
            return Match::Repeated(Arc::clone(&kept.sent));
        }
        Match::Expected(Arc::clone(&kept.sent), kept.waiter.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(id: &str) -> Arc<InFlight> {
        Arc::new(InFlight {
            message_id: id.into(),
            label: "event".into(),
            completes: None,
            fragments: Vec::new(),
            copies: 1,
            purpose: Purpose::Event,
            connection: ConnectionId(1),
            card_token: None,
            card_message: None,
            delivery: None,
            sent_at: OnceLock::new(),
        })
    }

    #[test]
    fn the_oldest_push_is_forgotten_one_past_the_limit() {
        let mut pushes = Pushes::default();
        for number in 0..PUSHES_LIMIT {
            pushes.add(push(&number.to_string()), None);
        }
        assert!(matches!(pushes.answered("0"), Match::Expected(..)), "at the limit all are kept");
        pushes.add(push("more"), None);
        assert!(matches!(pushes.answered("0"), Match::Unknown), "one past it the oldest is gone");
        assert!(matches!(pushes.answered("1"), Match::Expected(..)));
    }

    #[test]
    fn a_message_may_be_answered_as_often_as_it_was_pushed() {
        let mut pushes = Pushes::default();
        for _ in 0..2 {
            pushes.add(push("m"), None);
        }
        for _ in 0..2 {
            assert!(matches!(pushes.answered("m"), Match::Expected(..)));
        }
        assert!(matches!(pushes.answered("m"), Match::Repeated(_)));
    }
}
