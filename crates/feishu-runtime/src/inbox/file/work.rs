//! The calls of the engine within one transaction, on the table in memory and on the database alike.

use std::time::{Duration, UNIX_EPOCH};

use redb::{ReadableTable as _, Table as Rows, WriteTransaction};

use super::codec::{self, Progress};
use super::database::{EVENTS, Fault, HANDLED, PROGRESS, parse};
use crate::inbox::engine::{ClaimEnd, ClaimedEvent, DeadLetter, InboxEvent, Stored};
use crate::inbox::table::{Claim, Ended, State, Table, millis};

/// Ids that are forgotten per call, so that no call takes long.
const FORGET: usize = 64;

/// The claims that a transaction made and ended, for the case that it is not written.
#[derive(Default)]
pub(super) struct Moved {
    /// Queue and id.
    pub(super) claimed: Vec<(String, String)>,
    /// Queue, id, owner, and when.
    pub(super) ended: Vec<(String, String, String, u64)>,
}

/// A transaction.
pub(super) struct Work<'a> {
    moved: &'a mut Moved,
    table: &'a mut Table,
    events: Rows<'a, u64, &'static [u8]>,
    progress: Rows<'a, u64, &'static [u8]>,
    handled: Rows<'a, (&'static str, &'static str), u64>,
    /// Whether there is anything to write.
    pub(super) changed: bool,
}

impl<'a> Work<'a> {
    pub(super) fn begin(
        table: &'a mut Table,
        transaction: &'a WriteTransaction,
        moved: &'a mut Moved,
    ) -> Result<Self, Fault> {
        Ok(Self {
            moved,
            table,
            events: transaction.open_table(EVENTS)?,
            progress: transaction.open_table(PROGRESS)?,
            handled: transaction.open_table(HANDLED)?,
            changed: false,
        })
    }

    pub(super) fn put(
        &mut self,
        queue: &str,
        events: &[InboxEvent],
        backlog: u64,
        now: u64,
    ) -> Result<Vec<Stored>, Fault> {
        for _ in 0..FORGET {
            let Some(id) = self.table.queue(queue).forget(now) else { break };
            self.changed = true;
            self.handled.remove((queue, id.as_str()))?;
        }
        let mut all = Vec::with_capacity(events.len());
        for event in events {
            let (stored, number) = self.table.put(queue, &event.id, event.lane, now, backlog);
            if let Some(number) = number {
                self.insert(queue, number, event)?;
            }
            all.push(stored);
        }
        Ok(all)
    }

    fn insert(&mut self, queue: &str, number: u64, event: &InboxEvent) -> Result<(), Fault> {
        self.changed = true;
        let bytes = codec::encode(queue, event).map_err(Fault::new)?;
        self.events.insert(number, bytes.as_slice())?;
        Ok(())
    }

    pub(super) fn claim(
        &mut self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
        now: u64,
    ) -> Result<Vec<ClaimedEvent>, Fault> {
        let claimed = self.table.queue(queue).claim(owner, max, now, lease);
        let mut all = Vec::with_capacity(claimed.len());
        for Claim { number, attempt, failures } in claimed {
            let Some(event) = self.event(number)? else { continue };
            self.moved.claimed.push((queue.to_owned(), event.id.clone()));
            // On the disk before the handler runs, so that an event that ends the process is not tried for ever.
            self.note(number, &Progress { attempts: attempt, failures, ..Progress::default() })?;
            all.push(ClaimedEvent { event, attempt, failures });
        }
        Ok(all)
    }

    pub(super) fn renew(&mut self, queue: &str, owner: &str, ids: &[String], until: u64) -> Vec<bool> {
        let queue = self.table.queue(queue);
        ids.iter().map(|id| queue.renew(owner, id, until)).collect()
    }

    pub(super) fn hold(
        &mut self,
        queue: &str,
        owner: &str,
        event: InboxEvent,
        lease: Duration,
        now: u64,
    ) -> Result<bool, Fault> {
        let until = now.saturating_add(millis(lease));
        let Some((number, is_new)) = self.table.hold(queue, owner, &event.id, now, until) else {
            return Ok(false);
        };
        if is_new {
            self.moved.claimed.push((queue.to_owned(), event.id.clone()));
            self.note(number, &Progress { attempts: 1, ..Progress::default() })?;
        }
        self.insert(queue, number, &InboxEvent { lane: None, ..event })?;
        Ok(true)
    }

    pub(super) fn end(
        &mut self,
        queue: &str,
        owner: &str,
        id: &str,
        end: &ClaimEnd,
        now: u64,
    ) -> Result<(), Fault> {
        let ended = self.table.queue(queue).end(owner, id, end, now);
        if !matches!(ended, Ended::Nothing) {
            self.moved.ended.push((queue.to_owned(), id.to_owned(), owner.to_owned(), now));
        }
        match ended {
            Ended::Nothing => {}
            Ended::Removed { number, until } => {
                self.remove(number)?;
                self.handled.insert((queue, id), until)?;
            }
            Ended::Waits { number, state: State { attempts, failures, due } } => {
                self.note(number, &Progress { attempts, failures, due, dead: None })?;
            }
            Ended::Dead { number, attempts, dropped } => {
                let why = if let ClaimEnd::Dead(why) = end { why.clone() } else { String::new() };
                self.note(number, &Progress { attempts, dead: Some((why, now)), ..Progress::default() })?;
                if let Some(dropped) = dropped {
                    self.remove(dropped)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn backlog(&mut self, queue: &str) -> u64 {
        self.table.queue(queue).len() as u64
    }

    pub(super) fn dead(&mut self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, Fault> {
        let mut letters = Vec::new();
        for number in self.table.queue(queue).dead(skip, max) {
            let Some(event) = self.event(number)? else { continue };
            let progress = match self.progress.get(number)? {
                Some(bytes) => parse(bytes.value())?,
                None => Progress::default(),
            };
            let (why, at) = progress.dead.unwrap_or_default();
            let at = UNIX_EPOCH + Duration::from_millis(at);
            letters.push(DeadLetter { event, attempts: progress.attempts, why, at });
        }
        Ok(letters)
    }

    pub(super) fn retry_dead(&mut self, queue: &str, id: &str, now: u64) -> Result<bool, Fault> {
        let mut event = None;
        let events = &self.events;
        let mut failed = None;
        let lane = |number| match events.get(number) {
            Ok(bytes) => {
                event = bytes.and_then(|bytes| codec::event(bytes.value()).ok());
                event.as_ref().and_then(|event| event.lane)
            }
            Err(error) => {
                failed = Some(Fault::from(error));
                None
            }
        };
        let Some((old, new)) = self.table.revive(queue, id, now, lane) else { return Ok(false) };
        if let Some(fault) = failed {
            return Err(fault);
        }
        let Some(event) = event else { return Err(Fault::new("a dead letter in the file is unreadable")) };
        self.remove(old)?;
        self.insert(queue, new, &event)?;
        Ok(true)
    }

    pub(super) fn purge_dead(&mut self, queue: &str, id: &str) -> Result<bool, Fault> {
        let Some(number) = self.table.queue(queue).take_dead(id) else { return Ok(false) };
        self.remove(number)?;
        Ok(true)
    }

    fn event(&self, number: u64) -> Result<Option<InboxEvent>, Fault> {
        let bytes = self.events.get(number)?;
        bytes.map(|bytes| codec::event(bytes.value()).map_err(Fault::new)).transpose()
    }

    fn note(&mut self, number: u64, progress: &Progress) -> Result<(), Fault> {
        self.changed = true;
        let bytes = serde_json::to_vec(progress).map_err(|error| Fault::new(error.to_string()))?;
        self.progress.insert(number, bytes.as_slice())?;
        Ok(())
    }

    fn remove(&mut self, number: u64) -> Result<(), Fault> {
        self.changed = true;
        self.events.remove(number)?;
        self.progress.remove(number)?;
        Ok(())
    }
}
