//! Dates and times of the pickers: `2025-06-10 +0800`, `05:05 +0800`, `2025-06-10 19:19 +0800`.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Difference to UTC, in minutes: `+0800` is 480.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PickedOffset {
    /// Minutes east of UTC; negative in the west.
    pub minutes: i32,
}

/// A day on the user's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PickedDate {
    /// Year of four digits.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// Where the user was; absent if the client did not say.
    pub offset: Option<PickedOffset>,
}

/// A time of day on the user's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PickedTime {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// Where the user was; absent if the client did not say.
    pub offset: Option<PickedOffset>,
}

/// A date and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PickedDateTime {
    /// The day; its offset is that of the whole.
    pub date: PickedDate,
    /// The time of day; its offset is that of the whole.
    pub time: PickedTime,
}

impl PickedDateTime {
    /// The absolute time. `None` without an offset, or before 1970.
    pub fn to_system_time(self) -> Option<SystemTime> {
        let minutes = days_since_1970(self.date) * 24 * 60
            + i64::from(self.time.hour) * 60
            + i64::from(self.time.minute)
            - i64::from(self.time.offset?.minutes);
        let seconds = u64::try_from(minutes * 60).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}

/// The error of a text that is not a date, time or offset in the pickers' format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickedError {
    expected: &'static str,
}

impl fmt::Display for PickedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}; is the component a picker of this kind?", self.expected)
    }
}

impl std::error::Error for PickedError {}

impl FromStr for PickedOffset {
    type Err = PickedError;

    /// Reads `+0800`, `+08:00`, `-0330` or `Z`.
    fn from_str(text: &str) -> Result<Self, PickedError> {
        parse_offset(text).ok_or(PickedError { expected: "an offset such as `+0800`" })
    }
}

impl FromStr for PickedDate {
    type Err = PickedError;

    fn from_str(text: &str) -> Result<Self, PickedError> {
        let parse = || {
            let (date, offset) = split_offset(text)?;
            parse_date(date, offset)
        };
        parse().ok_or(PickedError { expected: "a date such as `2025-06-10 +0800`" })
    }
}

impl FromStr for PickedTime {
    type Err = PickedError;

    fn from_str(text: &str) -> Result<Self, PickedError> {
        let parse = || {
            let (time, offset) = split_offset(text)?;
            parse_time(time, offset)
        };
        parse().ok_or(PickedError { expected: "a time such as `05:05 +0800`" })
    }
}

impl FromStr for PickedDateTime {
    type Err = PickedError;

    fn from_str(text: &str) -> Result<Self, PickedError> {
        let parse = || {
            let (date, rest) = text.trim().split_once(' ')?;
            let (time, offset) = split_offset(rest)?;
            Some(Self { date: parse_date(date, offset)?, time: parse_time(time, offset)? })
        };
        parse().ok_or(PickedError { expected: "a date and time such as `2025-06-10 19:19 +0800`" })
    }
}

impl fmt::Display for PickedOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.unsigned_abs();
        write!(f, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for PickedDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        write_offset(f, self.offset)
    }
}

impl fmt::Display for PickedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)?;
        write_offset(f, self.offset)
    }
}

impl fmt::Display for PickedDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", PickedDate { offset: None, ..self.date }, self.time)
    }
}

fn write_offset(f: &mut fmt::Formatter<'_>, offset: Option<PickedOffset>) -> fmt::Result {
    offset.map_or(Ok(()), |offset| write!(f, " {offset}"))
}

/// Splits `05:05 +0800`; a missing offset is none, a wrong one an error.
fn split_offset(text: &str) -> Option<(&str, Option<PickedOffset>)> {
    match text.trim().split_once(' ') {
        Some((front, offset)) => Some((front, Some(parse_offset(offset.trim())?))),
        None => Some((text.trim(), None)),
    }
}

fn parse_offset(text: &str) -> Option<PickedOffset> {
    if text == "Z" {
        return Some(PickedOffset { minutes: 0 });
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None => digits.split_at_checked(digits.len().checked_sub(2)?)?,
    };
    let minutes = i32::from(number(hours, 2, 0..=18)?) * 60 + i32::from(number(minutes, 2, 0..=59)?);
    Some(PickedOffset { minutes: sign * minutes })
}

fn parse_date(text: &str, offset: Option<PickedOffset>) -> Option<PickedDate> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4, 1..=9999)?;
    let month = u8::try_from(number(parts.next()?, 2, 1..=12)?).ok()?;
    let day = u8::try_from(number(parts.next()?, 2, 1..=u16::from(days_in(year, month)))?).ok()?;
    parts.next().is_none().then_some(PickedDate { year, month, day, offset })
}

fn parse_time(text: &str, offset: Option<PickedOffset>) -> Option<PickedTime> {
    let (hour, minute) = text.split_once(':')?;
    let hour = u8::try_from(number(hour, 2, 0..=23)?).ok()?;
    let minute = u8::try_from(number(minute, 2, 0..=59)?).ok()?;
    Some(PickedTime { hour, minute, offset })
}

fn number(digits: &str, width: usize, range: std::ops::RangeInclusive<u16>) -> Option<u16> {
    let plain = digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && range.contains(number))
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January 1970, by the calendar of March-based years.
fn days_since_1970(date: PickedDate) -> i64 {
    let (month, day) = (i64::from(date.month), i64::from(date.day));
    let year = i64::from(date.year) - i64::from(month <= 2);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picked_date_time_and_date_time_parse_and_display_the_documented_forms() {
        assert_eq!("2025-06-10 +0800".parse::<PickedDate>().unwrap().to_string(), "2025-06-10 +0800");
        assert_eq!("05:05 -0330".parse::<PickedTime>().unwrap().to_string(), "05:05 -0330");
        assert_eq!(
            "2024-02-29 19:19 +0800".parse::<PickedDateTime>().unwrap().to_string(),
            "2024-02-29 19:19 +0800"
        );
        assert_eq!("2025-06-10".parse::<PickedDate>().unwrap().offset, None);
    }

    #[test]
    fn picked_date_time_and_date_time_refuse_other_text() {
        for text in
            ["", "2025-02-29", "2025-13-01", "2025-6-1", "2025-06-10 0800", "2025-06-10 +9900", "05:05", "é"]
        {
            assert!(text.parse::<PickedDate>().is_err(), "{text}");
        }
        for text in ["", "24:00", "5:05", "05:60", "05:05:05", "05:05 +", "05:05 +é", "2025-06-10"] {
            assert!(text.parse::<PickedTime>().is_err(), "{text}");
        }
        for text in ["", "2025-06-10 +0800", "05:05 +0800", "2025-06-10T05:05 +0800"] {
            assert!(text.parse::<PickedDateTime>().is_err(), "{text}");
        }
    }

    #[test]
    fn picked_date_time_with_an_offset_converts_to_a_system_time() {
        let seconds = |text: &str| {
            let moment: PickedDateTime = text.parse().unwrap();
            moment.to_system_time().map(|time| time.duration_since(UNIX_EPOCH).unwrap().as_secs())
        };
        assert_eq!(seconds("1970-01-01 08:00 +0800"), Some(0));
        assert_eq!(seconds("2000-03-01 00:00 Z"), Some(951_868_800));
        assert_eq!(seconds("2025-06-10 19:19 +0800"), Some(1_749_554_340));
        assert_eq!(seconds("1969-12-31 23:59 +0000"), None);
        assert_eq!(seconds("2025-06-10 19:19"), None);
    }
}
