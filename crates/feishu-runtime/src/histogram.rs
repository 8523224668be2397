//! A lock-free latency histogram with fixed logarithmic buckets.
//!
//! Recording an answer takes two atomic operations, without a lock or an allocation, in 850 bytes per handler. Libraries
//! either need `&mut` (a lock per answer) or keep buckets of configurable precision (some 20 KiB per handler). A bucket is
//! at most 25 % wide, enough to distinguish 2.0 s from 2.5 s.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// Buckets per doubling: a bucket is at most 25 % wide.
const STEPS: u32 = 4;
/// Doublings from 4 µs on; the last bucket holds everything from 134 s.
const DOUBLINGS: u32 = 25;
/// Durations below 4 µs have a bucket for each microsecond.
const FINE: usize = 4;
const BUCKETS: usize = FINE + (STEPS * DOUBLINGS) as usize;

/// The live histogram.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
    max_micros: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            sum_micros: AtomicU64::new(0),
            max_micros: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    pub(crate) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get(bucket_of(micros)) {
            bucket.fetch_add(1, Relaxed);
        }
        self.sum_micros.fetch_add(micros, Relaxed);
        if micros > self.max_micros.load(Relaxed) {
            self.max_micros.fetch_max(micros, Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Latency {
        Latency {
            buckets: self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect(),
            sum_micros: self.sum_micros.load(Relaxed),
            max_micros: self.max_micros.load(Relaxed),
        }
    }
}

/// The distribution of answer times, from the arrival of the last byte until the answer was given to the transport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    buckets: Vec<u64>,
    sum_micros: u64,
    max_micros: u64,
}

/// As counts and milliseconds: `{"count":3,"mean_ms":0.4,"p50_ms":0.3,"p90_ms":…,"p99_ms":…,"max_ms":0.9}`.
impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64() * 1e3);
        let mut latency = serializer.serialize_struct("Latency", 6)?;
        latency.serialize_field("count", &self.count())?;
        latency.serialize_field("mean_ms", &millis(self.mean()))?;
        latency.serialize_field("p50_ms", &millis(self.quantile(0.5)))?;
        latency.serialize_field("p90_ms", &millis(self.quantile(0.9)))?;
        latency.serialize_field("p99_ms", &millis(self.quantile(0.99)))?;
        latency.serialize_field("max_ms", &millis(Some(self.max())))?;
        latency.end()
    }
}

impl Latency {
    /// Number of measured answers.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The quantile `q` (0 to 1), at most 25 % too long; `None` if nothing was measured.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let rank = ((count as f64 * q.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|bucket| {
            seen += bucket;
            seen >= rank
        })?;
        Some(Duration::from_micros(end_of(bucket).min(self.max_micros)))
    }

    /// The median.
    pub fn median(&self) -> Option<Duration> {
        self.quantile(0.5)
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Option<Duration> {
        self.sum_micros.checked_div(self.count()).map(Duration::from_micros)
    }

    /// The maximum.
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.max_micros)
    }
}

fn bucket_of(micros: u64) -> usize {
    let Some(doubling) = micros.checked_ilog2().filter(|log| *log >= 2) else {
        return usize::try_from(micros).unwrap_or(0);
    };
    // The two bits after the first one tell the quarter of the doubling.
    let quarter = (micros >> (doubling - 2)) & 0b11;
    let index = FINE + (STEPS * (doubling - 2)) as usize + usize::try_from(quarter).unwrap_or(0);
    index.min(BUCKETS - 1)
}

/// The upper bound of a bucket, in microseconds.
fn end_of(bucket: usize) -> u64 {
    let Some(index) = bucket.checked_sub(FINE).and_then(|index| u64::try_from(index).ok()) else {
        return bucket as u64;
    };
    let (doubling, quarter) = (index / u64::from(STEPS), index % u64::from(STEPS));
    if bucket >= BUCKETS - 1 {
        return u64::MAX;
    }
    ((5 + quarter) << doubling) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous() {
        let mut last = 0;
        for micros in 0..100_000 {
            let bucket = bucket_of(micros);
            assert!(bucket == last || bucket == last + 1, "{micros}");
            assert!(micros <= end_of(bucket));
            assert!(bucket == 0 || micros > end_of(bucket - 1));
            last = bucket;
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantile_is_at_most_a_quarter_too_long() {
        let histogram = Histogram::default();
        for millis in 1..=1000 {
            histogram.record(Duration::from_millis(millis));
        }
        let latency = histogram.read();
        assert_eq!(latency.count(), 1000);
        assert_eq!(latency.max(), Duration::from_secs(1));
        assert_eq!(latency.mean(), Some(Duration::from_micros(500_500)));
        for (q, exact) in [(0.5, 0.5), (0.9, 0.9), (0.99, 0.99), (1.0, 1.0)] {
            let measured = latency.quantile(q).unwrap().as_secs_f64();
            assert!((exact..exact * 1.25).contains(&measured), "{q}: {measured}");
        }
        assert_eq!(Latency::default().median(), None);
    }
}
