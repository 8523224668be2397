//! The journal of a campaign: one file that all processes append to, a line in one write.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use crate::order::Order;

/// One end of the journal. A line that was written is in the file, also when its process is killed.
#[derive(Clone)]
pub(crate) struct Journal(Arc<File>);

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// An attempt started.
    Started { process: u32, order: Order, attempt: u32 },
    /// It ended well.
    Ended { process: u32, order: Order, attempt: u32 },
    /// A process was killed, and is gone.
    Gone { process: u32 },
}

impl Journal {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self(Arc::new(file)))
    }

    pub(crate) fn write(&self, line: &Line) -> Result<()> {
        let text = match line {
            Line::Started { process, order, attempt } => {
                format!("started {process} {} {attempt}\n", order.id())
            }
            Line::Ended { process, order, attempt } => format!("ended {process} {} {attempt}\n", order.id()),
            Line::Gone { process } => format!("gone {process}\n"),
        };
        (&*self.0).write_all(text.as_bytes())?;
        Ok(())
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<Line>> {
    let text = std::fs::read_to_string(path)?;
    text.lines()
        .map(|line| parse(line).with_context(|| format!("the journal has the line `{line}`")))
        .collect()
}

fn parse(line: &str) -> Option<Line> {
    let words: Vec<&str> = line.split(' ').collect();
    match *words.as_slice() {
        ["gone", process] => Some(Line::Gone { process: process.parse().ok()? }),
        [what, process, id, attempt] => {
            let (process, order, attempt) = (process.parse().ok()?, Order::parse(id)?, attempt.parse().ok()?);
            match what {
                "started" => Some(Line::Started { process, order, attempt }),
                "ended" => Some(Line::Ended { process, order, attempt }),
                _ => None,
            }
        }
        _ => None,
    }
}
