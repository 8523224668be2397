//! Keeps the record of a running stream in the inbox of its client.

mod record;

use std::sync::Arc;

use async_trait::async_trait;

pub(crate) use record::{Record, StoredCard, is_record};

use super::machine::Machine;
use record::id;

/// Where records are kept: the inbox of the client.
#[async_trait]
pub(crate) trait Records: Send + Sync {
    /// Stores a record, or replaces it. False if it is not stored: the engine is away, or another process has it.
    async fn hold(&self, id: &str, json: Vec<u8>) -> bool;

    /// Ends the claim of a record, in a task of its own.
    fn end(self: Arc<Self>, id: String, end: RecordEnd);
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordEnd {
    /// Its card is at its end.
    Done,
    /// The platform did not take the end: the inbox tries it again after its backoff.
    Again,
    /// The client ends: the next one goes on.
    Released,
}

/// The record of one stream.
pub(crate) struct Keeping {
    records: Arc<dyn Records>,
    id: String,
    /// What was stored last: whether the text is final, and how many cards and messages there are.
    stored: Option<(bool, usize, usize)>,
    /// Whether the last record was stored.
    is_held: bool,
    /// Whether the claim is ended by this, if anything was stored.
    is_owned: bool,
    /// Whether the handler runs again if the process dies. The text is not stored then: it would be shown beside that of
    /// the other run.
    runs_again: bool,
}

impl Keeping {
    /// Of a stream that begins here.
    pub(crate) fn new(records: Arc<dyn Records>, seed: &str, runs_again: bool) -> Self {
        Self::of(records, seed, true, runs_again)
    }

    /// Of a record that was claimed from the inbox, which also ends the claim.
    pub(crate) fn resumed(records: Arc<dyn Records>, seed: &str) -> Self {
        Self::of(records, seed, false, false)
    }

    fn of(records: Arc<dyn Records>, seed: &str, is_owned: bool, runs_again: bool) -> Self {
        Self { records, id: id(seed), stored: None, is_held: true, is_owned, runs_again }
    }

    /// Stores the stream as it is, if something changed that another process must know.
    pub(crate) async fn store(&mut self, machine: &Machine, interrupted: bool) {
        let cards = machine.sheets.iter().filter(|sheet| sheet.id.is_some()).count();
        let is_final = machine.has_ended && !self.runs_again;
        let now = (is_final, cards, machine.messages().len());
        let ended_now = self.stored.is_none_or(|(was_final, ..)| was_final != is_final);
        // While its engine is away, only the end is worth another wait.
        if !machine.is_open() || self.stored == Some(now) || !(self.is_held || ended_now) {
            return;
        }
        let Some(record) = Record::of(machine, is_final, interrupted) else { return };
        self.stored = Some(now);
        self.is_held = false;
        self.is_held = self.records.hold(&self.id, record.to_json()).await;
    }

    /// Stores the final text of a stream whose handler ends now, and does not run again. Whether it is stored.
    pub(crate) async fn take_over(&mut self, machine: &Machine, interrupted: bool) -> bool {
        self.runs_again = false;
        self.store(machine, interrupted).await;
        self.has_text()
    }

    /// Whether the final text is kept.
    pub(crate) fn has_text(&self) -> bool {
        self.is_held && self.stored.is_some_and(|(is_final, ..)| is_final)
    }

    /// Whether the final text is kept, or would be if the handler ended now.
    pub(crate) fn can_take_over(&self, machine: &Machine) -> bool {
        self.has_text() || self.runs_again && self.is_held && self.stored.is_some() && machine.has_ended
    }

    /// Ends the claim.
    pub(crate) fn end(&mut self, end: RecordEnd) {
        // A record that seemed not to be stored may be there.
        if self.stored.is_some() && std::mem::take(&mut self.is_owned) {
            Arc::clone(&self.records).end(std::mem::take(&mut self.id), end);
        }
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.end(RecordEnd::Released);
    }
}
