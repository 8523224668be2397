//! Members that were there and could not be read: counted by type and place, and logged once per hour for each.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use feishu_callbacks::OddField;
use tokio::time::Instant;

/// Places counted separately. Further ones count as an incident only, and are not logged.
const MAX_PLACES: usize = 256;
/// Minimum time between two log lines on the same place.
const EVERY: Duration = Duration::from_secs(3600);

/// The counts of members that were left out.
#[derive(Debug, Default)]
pub(crate) struct OddMembers(Mutex<BTreeMap<(String, String), Seen>>);

#[derive(Debug)]
struct Seen {
    count: u64,
    logged: Instant,
}

impl OddMembers {
    /// Counts one, and logs it if that is due. Neither holds a value of the payload.
    pub(crate) fn came(&self, event_type: &str, odd: &OddField, handler: &str, trace_id: Option<&str>) {
        if self.is_due(event_type, odd) {
            tracing::warn!(
                event_type,
                handler,
                trace_id,
                "a member of the payload could not be read and was left out: {odd}; logged once per hour, `stats()` counts it",
            );
        }
    }

    fn is_due(&self, event_type: &str, odd: &OddField) -> bool {
        let key = (event_type.to_owned(), odd.place());
        let now = Instant::now();
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = places.get_mut(&key) {
            seen.count += 1;
            let due = now.saturating_duration_since(seen.logged) >= EVERY;
            if due {
                seen.logged = now;
            }
            return due;
        }
        if places.len() >= MAX_PLACES {
            return false;
        }
        places.insert(key, Seen { count: 1, logged: now });
        true
    }

    /// The counts by type and place: `im.message.receive_v1 event.sender.sender_type`.
    pub(crate) fn read(&self) -> Vec<(String, u64)> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places
            .iter()
            .map(|((event_type, place), seen)| (format!("{event_type} {place}"), seen.count))
            .collect()
    }
}
