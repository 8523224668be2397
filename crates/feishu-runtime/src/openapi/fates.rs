//! What became of the messages that are sent after the answer, of one app.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::stats::{Fate, FateCounts, LiveFates};

/// How long it is remembered that the app lacks the scope for card entities.
const LACKS: Duration = Duration::from_secs(60);

/// The counts of one app, and what its streams share.
pub(crate) struct Fates {
    app_id: Arc<str>,
    counts: LiveFates,
    streaming: AtomicU64,
    lacks_cards: Mutex<Option<Instant>>,
}

impl Fates {
    pub(super) fn new(app_id: &str) -> Self {
        Self {
            app_id: app_id.into(),
            counts: LiveFates::default(),
            streaming: AtomicU64::new(0),
            lacks_cards: Mutex::new(None),
        }
    }

    /// Counts the end of a stream, or a message.
    pub(crate) fn one(&self, fate: Fate) {
        self.counts.one(fate);
        crate::meter::fate(&self.app_id, fate);
    }

    pub(crate) fn stream_began(&self) {
        self.streaming.fetch_add(1, Relaxed);
    }

    pub(crate) fn stream_ended(&self) {
        self.streaming.fetch_sub(1, Relaxed);
    }

    pub(crate) fn read(&self) -> FateCounts {
        self.counts.read()
    }

    pub(crate) fn streaming(&self) -> u64 {
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
