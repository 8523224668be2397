//! What the two hosts tell the parent, one line each.

use std::fmt;

/// One thing that a host saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The platform takes connections.
    Listening,
    /// The platform got the answer to its click of this number.
    Answered(u64),
    /// No answer to this click came in time.
    Missed(u64),
    /// The platform had no connection to push this click to.
    Unconnected(u64),
    /// The bot's connection is open.
    Connected,
    /// The bot gave its connection up, and why.
    Disconnected(String),
    /// An attempt of the bot failed, and why.
    Failed(String),
    /// A host ended, and why.
    Ended(String),
}

impl Line {
    /// Reads a line as [`fmt::Display`] writes it; `None` for anything else.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let number = || rest.parse().ok();
        let why = || Some(rest.to_owned()).filter(|why| !why.is_empty());
        match word {
            "listening" if rest.is_empty() => Some(Self::Listening),
            "connected" if rest.is_empty() => Some(Self::Connected),
            "answered" => number().map(Self::Answered),
            "missed" => number().map(Self::Missed),
            "unconnected" => number().map(Self::Unconnected),
            "disconnected" => why().map(Self::Disconnected),
            "failed" => why().map(Self::Failed),
            "ended" => why().map(Self::Ended),
            _ => None,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An error's text may have several lines, a line here has one.
        let flat = |why: &str| why.split_whitespace().collect::<Vec<_>>().join(" ");
        match self {
            Self::Listening => f.write_str("listening"),
            Self::Connected => f.write_str("connected"),
            Self::Answered(number) => write!(f, "answered {number}"),
            Self::Missed(number) => write!(f, "missed {number}"),
            Self::Unconnected(number) => write!(f, "unconnected {number}"),
            Self::Disconnected(why) => write!(f, "disconnected {}", flat(why)),
            Self::Failed(why) => write!(f, "failed {}", flat(why)),
            Self::Ended(why) => write!(f, "ended {}", flat(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let lines = [
            Line::Listening,
            Line::Connected,
            Line::Answered(7),
            Line::Missed(u64::MAX),
            Line::Unconnected(0),
            Line::Disconnected("nothing arrived for 7s".into()),
            Line::Failed("connect: no route".into()),
            Line::Ended("stopped".into()),
        ];
        for line in lines {
            assert_eq!(Line::parse(&format!("{line}\n")), Some(line));
        }
    }

    #[test]
    fn a_reason_of_several_lines_is_told_on_one() {
        let line = Line::Failed("first\n  second".into()).to_string();
        assert_eq!(line, "failed first second");
    }

    #[test]
    fn what_no_host_says_is_not_taken_for_a_line() {
        for other in
            ["", "answered", "answered soon", "missed -1", "listening to you", "failed", "hello world"]
        {
            assert_eq!(Line::parse(other), None, "{other}");
        }
    }
}
