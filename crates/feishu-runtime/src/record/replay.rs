//! Replays a recording against the current handlers.

use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use feishu_callbacks::peek;
use feishu_transport::{Answer, Delivery, Error, Inbox, Received, Shutdown, Transport};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::line::{Line, Payload, RecordedAnswer};

/// Maximum bytes of a line. 64 MiB: the largest message of the long connection, as JSON escaped in JSON.
const MAX_LINE: u64 = 64 << 20;

/// A transport that replays a recording and compares the answers with the recorded ones.
///
/// Each delivery comes after the previous one was answered, or at the recorded pace. Events keep their recorded creation
/// time: if the dispatcher has a handler for [stale events](crate::DispatcherBuilder::on_stale), set its
/// [`wall_clock`](crate::DispatcherBuilder::wall_clock).
#[derive(Debug)]
pub struct Replay {
    lines: Vec<Line>,
    recorded_pace: bool,
    report: ReplayReport,
}

/// The report of a replay. Cheap to clone; complete once the replay has ended.
#[derive(Clone, Debug, Default)]
pub struct ReplayReport(Arc<Mutex<Found>>);

#[derive(Debug, Default)]
struct Found {
    replayed: usize,
    left_out: usize,
    differences: Vec<Difference>,
}

/// A delivery whose answer differs from the recorded one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The line of the recording, counted from 1.
    pub line: usize,
    /// The type of the callback or event; empty if it is unreadable.
    pub event_type: String,
    /// The recorded code and data.
    pub recorded: (u16, Value),
    /// The new code and data.
    pub today: (u16, Value),
}

impl Replay {
    /// Reads a recording from a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a line is not valid; the error names the line.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::read(BufReader::new(std::fs::File::open(path)?))
    }

    /// Reads a recording. Empty lines are skipped.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or a line is not valid; the error names the line.
    pub fn read(mut recording: impl BufRead) -> io::Result<Self> {
        let mut lines = Vec::new();
        for number in 1.. {
            let mut text = String::new();
            if io::Read::take(&mut recording, MAX_LINE).read_line(&mut text)? == 0 {
                break;
            }
            if text.trim().is_empty() {
                continue;
            }
            let line = serde_json::from_str(&text).map_err(|error| {
                let what = format!("line {number} is not a line of a recording: {error}");
                io::Error::new(io::ErrorKind::InvalidData, what)
            })?;
            lines.push(line);
        }
        Ok(Self { lines, recorded_pace: false, report: ReplayReport::default() })
    }

    /// Replays at the recorded times, without waiting for answers.
    #[must_use]
    pub fn at_recorded_pace(mut self) -> Self {
        self.recorded_pace = true;
        self
    }

    /// The report of this replay, complete once it has ended.
    pub fn report(&self) -> ReplayReport {
        self.report.clone()
    }
}

#[async_trait]
impl Transport for Replay {
    async fn run(self: Box<Self>, inbox: Arc<dyn Inbox>, mut stop: Shutdown) -> Result<(), Error> {
        let Self { lines, recorded_pace, report } = *self;
        let start = Instant::now();
        let mut waiting = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            let Line { at_ms, headers, payload, answer, .. } = line;
            let Payload::Json(payload) = payload else {
                report.found().left_out += 1;
                continue;
            };
            if recorded_pace {
                tokio::select! {
                    biased;
                    () = sleep_until(start + Duration::from_millis(at_ms)) => {}
                    _ = stop.requested() => break,
                }
            }
            if stop.deadline().is_some() {
                break;
            }
            let payload = Bytes::from(payload.to_string());
            let event_type = peek(&payload).map(|header| header.event_type.to_string()).unwrap_or_default();
            let (delivery, today) = Delivery::channel(Received::new(payload, headers));
            inbox.deliver(delivery);
            let compared = Compared { line: index + 1, event_type, recorded: answer };
            if recorded_pace {
                waiting.push((compared, today));
            } else {
                report.compare(compared, &today.await);
            }
        }
        for (compared, today) in waiting {
            report.compare(compared, &today.await);
        }
        Ok(())
    }
}

struct Compared {
    line: usize,
    event_type: String,
    recorded: Option<RecordedAnswer>,
}

impl ReplayReport {
    /// The number of deliveries that were answered.
    pub fn replayed(&self) -> usize {
        self.found().replayed
    }

    /// The number of lines without a recorded payload.
    pub fn left_out(&self) -> usize {
        self.found().left_out
    }

    /// The differences, in the order of the recording.
    pub fn differences(&self) -> Vec<Difference> {
        let mut differences = self.found().differences.clone();
        differences.sort_by_key(|difference| difference.line);
        differences
    }

    fn compare(&self, compared: Compared, today: &Answer) {
        let mut found = self.found();
        found.replayed += 1;
        let Compared { line, event_type, recorded: Some(recorded) } = compared else { return };
        let today = RecordedAnswer::new(today);
        if recorded != today {
            found.differences.push(Difference {
                line,
                event_type,
                recorded: (recorded.code, recorded.data),
                today: (today.code, today.data),
            });
        }
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line for each difference.
impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differences = self.differences();
        writeln!(f, "{} replayed, {} answered differently", self.replayed(), differences.len())?;
        for difference in differences {
            writeln!(f, "{difference}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, event_type, recorded, today } = self;
        write!(f, "line {line}, {event_type}: ")?;
        write!(f, "was {} {}, is {} {}", recorded.0, recorded.1, today.0, today.1)
    }
}
