//! The account of a run: which callbacks were sent, when each was due, and whether its answer came, once and right.

use anyhow::{Context as _, Result, bail, ensure};

use crate::fields::{Fields, Value};
use crate::template::number_of;
use crate::workload::{FIRST, Kind};

/// One run's callbacks. A wrong, unknown or doubled answer is an error at once, a lost one at [`Ledger::close`]: such a run
/// has no result.
pub(crate) struct Ledger {
    kind: Kind,
    /// When each callback was due, in nanoseconds of the run's clock.
    due: Vec<u64>,
    done: Vec<bool>,
    answered: usize,
}

impl Ledger {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, due: Vec::new(), done: Vec::new(), answered: 0 }
    }

    /// Enters a callback and gives its number.
    pub(crate) fn send(&mut self, due: u64) -> u64 {
        self.due.push(due);
        self.done.push(false);
        FIRST + self.due.len() as u64 - 1
    }

    /// Enters an answer and gives the time since its callback was due.
    pub(crate) fn answer(&mut self, frame: &Received<'_>, now: u64) -> Result<u64> {
        let number = number_of(frame.message_id).context("an answer with a message id that was not sent")?;
        let index = number.checked_sub(FIRST).and_then(|index| usize::try_from(index).ok());
        let Some((index, due)) = index.and_then(|index| Some((index, *self.due.get(index)?))) else {
            bail!("an answer to callback {number}, which was not sent")
        };
        ensure!(!self.done[index], "callback {number} was answered twice");
        self.kind
            .check(number, frame.payload)
            .with_context(|| format!("a wrong answer to callback {number}"))?;
        self.done[index] = true;
        self.answered += 1;
        Ok(now.saturating_sub(due))
    }

    pub(crate) fn sent(&self) -> usize {
        self.due.len()
    }

    pub(crate) fn answered(&self) -> usize {
        self.answered
    }

    /// Ends the account.
    pub(crate) fn close(&self) -> Result<()> {
        let lost = self.sent() - self.answered;
        ensure!(lost == 0, "{lost} of {} callbacks were not answered", self.sent());
        Ok(())
    }
}

/// What the load needs of a frame from the client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received<'a> {
    /// 0 for a ping, 1 for an answer.
    pub(crate) method: u64,
    message_id: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Received<'a> {
    pub(crate) fn read(data: &'a [u8]) -> Result<Self> {
        let mut frame = Self::default();
        for field in Fields::of(data) {
            let field = field?;
            match (field.number, field.value) {
                (4, Value::Int(method)) => frame.method = method,
                (5, Value::Bytes(header)) => {
                    if let (b"message_id", value) = header_of(header)? {
                        frame.message_id = value;
                    }
                }
                (8, Value::Bytes(payload)) => frame.payload = payload,
                _ => {}
            }
        }
        Ok(frame)
    }
}

/// Name and value of a header.
pub(crate) fn header_of(data: &[u8]) -> Result<(&[u8], &[u8])> {
    let (mut name, mut value): (&[u8], &[u8]) = (b"", b"");
    for field in Fields::of(data) {
        let field = field?;
        match (field.number, field.value) {
            (1, Value::Bytes(bytes)) => name = bytes,
            (2, Value::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((name, value))
}
