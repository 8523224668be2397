//! What the `Date` of an HTTP answer says of the host's clock.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const UNKNOWN: i64 = i64::MIN;

/// By how many seconds the host's clock is ahead of the site's, by the last answer.
pub(super) struct ClockAhead(AtomicI64);

impl ClockAhead {
    pub(super) fn unknown() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }

    pub(super) fn get(&self) -> Option<i64> {
        Some(self.0.load(Relaxed)).filter(|seconds| *seconds != UNKNOWN)
    }

    /// An answer with this `Date` arrived at `now`.
    pub(super) fn learn(&self, date: &str, now: SystemTime) {
        let now = now.duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_millis()).ok());
        if let (Some(theirs), Some(ours)) = (seconds(date), now) {
            // A date has no fraction: half a second is the best guess.
            self.0.store((ours - theirs * 1_000 - 500) / 1_000, Relaxed);
        }
    }
}

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that may be sent (RFC 9110, 5.6.7).
fn seconds(date: &str) -> Option<i64> {
    let (_, date) = date.trim().split_once(", ")?;
    let mut parts = date.split(' ');
    let day = parts.next()?.parse::<i64>().ok().filter(|day| (1..=31).contains(day))?;
    let name = parts.next()?;
    let month = MONTHS.iter().zip(1..).find_map(|(month, number)| (*month == name).then_some(number))?;
    let year = parts.next()?.parse::<i64>().ok().filter(|year| (1970..=9999).contains(year))?;
    let mut time = parts.next()?.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let valid = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    let valid = valid && parts.next() == Some("GMT");
    valid.then(|| days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days from 1970-01-01. A year counts from March, so that the leap day is its last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_read_as_they_are_sent() {
        for (date, wanted) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Fri, 27 Nov 2026 03:50:00 GMT", 1_795_751_400),
        ] {
            assert_eq!(seconds(date), Some(wanted), "{date}");
        }
    }

    #[test]
    fn what_is_no_date_says_nothing() {
        let clock = ClockAhead::unknown();
        for date in
            ["", "now", "Sun, 06 Nov 1994", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"]
        {
            clock.learn(date, SystemTime::now());
            assert_eq!(clock.get(), None, "{date}");
        }
    }

    #[test]
    fn clock_ahead_is_positive_for_a_host_that_is_ahead() {
        let clock = ClockAhead::unknown();
        let theirs = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (ours, ahead) in [
            (theirs + Duration::from_millis(300), 0),
            (theirs + Duration::from_secs(1_200), 1_199),
            (theirs - Duration::from_secs(1_200), -1_200),
        ] {
            clock.learn("Sun, 06 Nov 1994 08:49:37 GMT", ours);
            assert_eq!(clock.get(), Some(ahead));
        }
    }
}
