//! Stale events: logged by rate, since each of them is answered well and none of them shows anywhere else.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often the count of stale events is logged.
const EVERY: Duration = Duration::from_secs(60);

/// How many stale events came since the last line.
#[derive(Debug, Default)]
pub(crate) struct StaleRate(Mutex<Option<(Instant, u64)>>);

impl StaleRate {
    /// Counts one; the number since the last line when it is time for the next.
    fn came(&self) -> Option<u64> {
        let now = Instant::now();
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *logged {
            Some((at, count)) if now.saturating_duration_since(*at) < EVERY => {
                *count += 1;
                None
            }
            before => {
                let count = before.map_or(0, |(_, count)| count) + 1;
                *before = Some((now, 0));
                Some(count)
            }
        }
    }

    /// Counts one, and logs at most once per minute.
    pub(crate) fn log(&self, event_type: &str, age: Option<Duration>) {
        if let Some(count) = self.came() {
            tracing::warn!(
                count,
                event_type,
                ?age,
                "events older than the limit of `on_stale` went to its handler; logged once per minute",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn came_gives_the_first_and_then_the_count_of_each_minute() {
        let rate = StaleRate::default();
        assert_eq!((rate.came(), rate.came(), rate.came()), (Some(1), None, None));
        tokio::time::advance(EVERY).await;
        assert_eq!((rate.came(), rate.came()), (Some(3), None));
    }
}
