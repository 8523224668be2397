//! What was seen in one scenario with one SDK.

use std::fmt;
use std::time::Duration;

use feishu_gateway::{Answered, Error, ErrorKind};

/// One cell of the table: whether it was what a bot's author would want, and a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    mark: Mark,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Good,
    Bad,
    /// A fact that is neither.
    Neutral,
}

impl Cell {
    pub(crate) fn good(text: impl Into<String>) -> Self {
        Self { mark: Mark::Good, text: text.into() }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self { mark: Mark::Bad, text: text.into() }
    }

    pub(crate) fn is_bad(&self) -> bool {
        self.mark == Mark::Bad
    }

    pub(crate) fn neutral(text: impl Into<String>) -> Self {
        Self { mark: Mark::Neutral, text: text.into() }
    }

    pub(crate) fn good_if(good: bool, text: impl Into<String>) -> Self {
        if good { Self::good(text) } else { Self::bad(text) }
    }

    /// Good when the user saw what the bot's author meant.
    pub(crate) fn answer(result: &Result<Answered, Error>) -> Self {
        match result {
            Ok(answer) if answer.verdict().is_ok() => {
                Self::good(format!("{} in {}", answer.code(), time(answer.elapsed())))
            }
            _ => Self::bad(words(result)),
        }
    }

    /// Good if the handler's failure was reported at once.
    pub(crate) fn failure(result: &Result<Answered, Error>) -> Self {
        match result {
            Ok(answer) if answer.code() == 500 && answer.elapsed() < Duration::from_secs(1) => {
                Self::good(format!("500 in {}", time(answer.elapsed())))
            }
            _ => Self::bad(words(result)),
        }
    }
}

/// An answer, or the reason why there is none, in a few words.
pub(crate) fn words(result: &Result<Answered, Error>) -> String {
    match result {
        Ok(answer) => {
            let seen = match answer.verdict().code() {
                Some(code) => format!(", user sees {code}"),
                None => String::new(),
            };
            let data = match answer.data() {
                Some(data) if data.is_string() => format!(" with data {data}"),
                _ => String::new(),
            };
            format!("{}{data} in {}{seen}", answer.code(), time(answer.elapsed()))
        }
        Err(error) => match error.kind() {
            ErrorKind::NoAnswer => "no answer".into(),
            ErrorKind::NotConnected => "not connected".into(),
            _ => error.to_string(),
        },
    }
}

/// A duration as people say it.
pub(crate) fn time(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1e3;
    if milliseconds < 10.0 {
        format!("{milliseconds:.1} ms")
    } else if milliseconds < 1000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.1} s", milliseconds / 1e3)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mark {
            Mark::Good => write!(f, "✓ {}", self.text),
            Mark::Bad => write!(f, "✗ {}", self.text),
            Mark::Neutral => f.write_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cell, time};

    #[test]
    fn times_keep_two_or_three_digits() {
        let cases =
            [(0.0004, "0.4 ms"), (0.0123, "12 ms"), (0.999, "999 ms"), (2.5, "2.5 s"), (61.04, "61.0 s")];
        for (seconds, said) in cases {
            assert_eq!(time(Duration::from_secs_f64(seconds)), said);
        }
    }

    #[test]
    fn cells_show_their_mark() {
        assert_eq!(Cell::good_if(true, "200 in 2.0 ms").to_string(), "✓ 200 in 2.0 ms");
        assert_eq!(Cell::good_if(false, "no answer").to_string(), "✗ no answer");
        assert_eq!(Cell::neutral("3 connections").to_string(), "3 connections");
    }
}
