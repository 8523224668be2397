//! Counts deliveries without a handler by type, and limits their log lines to one per type and hour.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Maximum number of types counted separately; the platform has about 240. Further ones are counted together.
const MAX_TYPES: usize = 256;
/// Maximum bytes kept of a type's name.
const MAX_NAME: usize = 128;
/// Minimum time between two log lines on the same type.
const EVERY: Duration = Duration::from_secs(3600);

/// The counts of deliveries without a handler.
#[derive(Debug, Default)]
pub(crate) struct Unhandled {
    types: Mutex<BTreeMap<String, SeenType>>,
    card_frames: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct SeenType {
    count: u64,
    said: Instant,
}

impl Unhandled {
    /// Counts one delivery. True if it is to be logged.
    pub(crate) fn came(&self, event_type: &str) -> bool {
        let name = event_type.get(..MAX_NAME).unwrap_or(event_type);
        let now = Instant::now();
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = types.get_mut(name) {
            seen.count += 1;
            let due = now.saturating_duration_since(seen.said) >= EVERY;
            if due {
                seen.said = now;
            }
            return due;
        }
        if types.len() >= MAX_TYPES || name.len() > MAX_NAME {
            return false;
        }
        types.insert(name.to_owned(), SeenType { count: 1, said: now });
        true
    }

    /// Whether the explanation of `card` frames is to be logged.
    pub(crate) fn card_frame(&self) -> bool {
        let now = Instant::now();
        let mut said = self.card_frames.lock().unwrap_or_else(PoisonError::into_inner);
        let due = said.is_none_or(|said| now.saturating_duration_since(said) >= EVERY);
        if due {
            *said = Some(now);
        }
        due
    }

    pub(crate) fn read(&self) -> Vec<(String, u64)> {
        let types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        types.iter().map(|(name, seen)| (name.clone(), seen.count)).collect()
    }
}
