//! Which streams must wait while a click on their card is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use feishu_callbacks::MessageId;

use super::shared::Shared;

/// The streams of a client by the message of their card. The platform refuses every change of a card with 200810 from a
/// click on it until the click is answered.
#[derive(Default)]
pub(crate) struct Holds(Mutex<HashMap<String, Weak<Shared>>>);

impl Holds {
    pub(super) fn add(&self, message: &MessageId, stream: &Arc<Shared>) {
        self.lock().insert(message.as_str().to_owned(), Arc::downgrade(stream));
    }

    pub(super) fn remove(&self, messages: &[MessageId]) {
        let mut streams = self.lock();
        for message in messages {
            streams.remove(message.as_str());
        }
    }

    /// Holds the stream whose card was clicked on, until the guard is dropped, for three seconds at most.
    pub(crate) fn click(&self, message: &str) -> Option<Hold> {
        let stream = self.lock().get(message).and_then(Weak::upgrade)?;
        stream.hold();
        Some(Hold(stream))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Weak<Shared>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds a stream.
pub(crate) struct Hold(Arc<Shared>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.release();
    }
}
