//! What became of the messages that are sent after the answer, of one app.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use feishu_callbacks::openapi::CallKind;
use tokio::time::Instant;

use super::CallError;
use crate::stats::{Fate, FateCounts, LiveFates};

/// How long it is remembered that the app lacks the scope for card entities.
const LACKS: Duration = Duration::from_secs(60);

/// The counts of one app, and what its streams share.
pub(crate) struct Fates {
    app_id: Arc<str>,
    streamed: LiveFates,
    streaming: AtomicU64,
    sent: LiveFates,
    lacks_cards: Mutex<Option<Instant>>,
}

impl Fates {
    pub(super) fn new(app_id: &str) -> Self {
        Self {
            app_id: app_id.into(),
            streamed: LiveFates::default(),
            streaming: AtomicU64::new(0),
            sent: LiveFates::default(),
            lacks_cards: Mutex::new(None),
        }
    }

    /// Counts the end of a stream.
    pub(crate) fn one(&self, fate: Fate) {
        self.streamed.one(fate);
        crate::meter::fate(&self.app_id, "stream", fate);
    }

    pub(crate) fn stream_began(&self) {
        self.streaming.fetch_add(1, Relaxed);
    }

    pub(crate) fn stream_ended(&self) {
        self.streaming.fetch_sub(1, Relaxed);
    }

    /// A single call begins, which is counted if it is one that brings a message or a card to a user.
    pub(super) fn call(&self, kind: CallKind) -> CountedCall<'_> {
        let counts = matches!(
            kind,
            CallKind::MessageSend
                | CallKind::MessageReply
                | CallKind::MessagePatch
                | CallKind::MessageEdit
                | CallKind::EphemeralSend
                | CallKind::CardUpdate
        );
        CountedCall(counts.then_some(self))
    }

    pub(super) fn streamed(&self) -> FateCounts {
        self.streamed.read()
    }

    pub(super) fn sent(&self) -> FateCounts {
        self.sent.read()
    }

    pub(super) fn streaming(&self) -> u64 {
        self.streaming.load(Relaxed)
    }

    /// Whether a call was refused in the last minute because the app lacks the scope for card entities.
    pub(crate) fn lacks_cards(&self) -> bool {
        let since = *self.lacks_cards.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < LACKS)
    }

    pub(crate) fn lacks_cards_now(&self) {
        *self.lacks_cards.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// A single call under way. One that is dropped before its answer is counted as abandoned.
pub(super) struct CountedCall<'a>(Option<&'a Fates>);

impl CountedCall<'_> {
    pub(super) fn ended(mut self, error: Option<&CallError>) {
        self.count(match error {
            None => Fate::Delivered,
            Some(error) if error.may_be_done() => Fate::Unknown,
            Some(_) => Fate::Failed,
        });
    }

    fn count(&mut self, fate: Fate) {
        if let Some(fates) = self.0.take() {
            fates.sent.one(fate);
            crate::meter::fate(&fates.app_id, "call", fate);
        }
    }
}

impl Drop for CountedCall<'_> {
    fn drop(&mut self) {
        self.count(Fate::Abandoned);
    }
}
