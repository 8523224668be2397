//! Times as the platform writes them: digits in one of three units that no field names.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// A point in time, read from digits of seconds, milliseconds or microseconds.
///
/// Callbacks carry 16 digits (microseconds), events 13 (milliseconds), events of schema 1.0 seconds with a fraction.
/// The unit follows from the size of the number: only one of the three gives a year between 1973 and 5138.
/// Sources: "Card callback communication" and "Receive messages" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::Timestamp;
/// let callback: Timestamp = "1747740328528651".parse()?;
/// let event: Timestamp = "1747740328528".parse()?;
/// assert_eq!(callback.as_millis(), event.as_millis());
/// assert_eq!(event.to_string(), "1747740328528");
/// # Ok::<(), feishu_callbacks::TimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: u64,
}

/// From here on a number cannot be seconds (year 5138).
const MILLIS_FROM: u64 = 100_000_000_000;
/// From here on a number cannot be milliseconds (year 5138).
const MICROS_FROM: u64 = 100_000_000_000_000;

impl Timestamp {
    fn read(digits: &str) -> Option<Self> {
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = whole.parse().ok()?;
        let time = Self::from_number(number)?;
        if number >= MILLIS_FROM {
            return Some(time);
        }
        let (micros, _) = fraction.bytes().take(6).fold((0_u64, 1_000_000_u64), |(sum, unit), digit| {
            let unit = unit / 10;
            (sum + u64::from(digit - b'0') * unit, unit)
        });
        Some(Self { micros: time.micros.checked_add(micros)? })
    }

    /// Reads a bare number. `None` if the time does not fit.
    pub fn from_number(number: u64) -> Option<Self> {
        let unit = match number {
            MICROS_FROM.. => 1,
            MILLIS_FROM.. => 1_000,
            _ => 1_000_000,
        };
        Some(Self { micros: number.checked_mul(unit)? })
    }

    /// Microseconds since 1970.
    pub fn as_micros(self) -> u64 {
        self.micros
    }

    /// Milliseconds since 1970, rounded down.
    pub fn as_millis(self) -> u64 {
        self.micros / 1_000
    }

    /// The same as a clock value; `None` if this machine's clock cannot hold it.
    pub fn to_system_time(self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_micros(self.micros))
    }

    /// Time passed until `now`; zero when the platform's clock is ahead of ours.
    pub fn age(self, now: SystemTime) -> Duration {
        self.to_system_time().and_then(|then| now.duration_since(then).ok()).unwrap_or_default()
    }
}

/// Reads digits, with a decimal fraction if they are seconds.
impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(digits: &str) -> Result<Self, TimestampError> {
        Self::read(digits).ok_or(TimestampError)
    }
}

/// Writes digits that are read back as the same time: milliseconds if they are enough, else microseconds; seconds with
/// a fraction before 1973.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { micros } = self;
        match micros {
            ..MICROS_FROM => write!(f, "{}.{:06}", micros / 1_000_000, micros % 1_000_000),
            _ if micros % 1_000 == 0 => write!(f, "{}", micros / 1_000),
            _ => write!(f, "{micros}"),
        }
    }
}

/// Text that is not a time as the platform writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampError;

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a timestamp; write the digits of seconds, milliseconds or microseconds since 1970")
    }
}

impl std::error::Error for TimestampError {}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("digits of seconds, milliseconds or microseconds")
    }

    fn visit_str<E: de::Error>(self, digits: &str) -> Result<Timestamp, E> {
        Timestamp::read(digits).ok_or_else(|| E::invalid_value(de::Unexpected::Str(digits), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Timestamp, E> {
        Timestamp::from_number(number)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }
}

/// Reads an optional time; the empty string is no time.
pub(crate) fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    struct Filled;

    impl Visitor<'_> for Filled {
        type Value = Option<Timestamp>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            TimestampVisitor.expecting(f)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, digits: &str) -> Result<Self::Value, E> {
            if digits.is_empty() { Ok(None) } else { TimestampVisitor.visit_str(digits).map(Some) }
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
            TimestampVisitor.visit_u64(number).map(Some)
        }
    }

    deserializer.deserialize_any(Filled)
}
