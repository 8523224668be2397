//! The ledger of sent, received, handled and answered messages, and its consistency checks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use feishu_transport::Limits;
use tokio::time::Instant;

/// Fragments that arrive within this time, on one connection, must be joined: half of what the client waits.
const TOGETHER: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct Ledger {
    messages: BTreeMap<u64, Entry>,
    /// Messages to look at with the next check.
    touched: BTreeSet<u64>,
    pub(crate) handled: u64,
    pub(crate) answered: u64,
    /// Answers that came twice, because the client could not know that the first had arrived.
    pub(crate) twice: u64,
    /// Messages that were received whole and over the limit.
    pub(crate) oversized: u64,
    /// Receipts that said that an answer was lost.
    pub(crate) told_lost: u64,
}

struct Entry {
    payload: Bytes,
    /// How often each fragment was received.
    fragments: Vec<u32>,
    /// When each fragment was last received on which connection.
    seen: BTreeMap<u64, Vec<Option<Instant>>>,
    /// It was received in full, beyond doubt, this often.
    due: u32,
    handled: u32,
    answered: u32,
    /// Answers with code 500 of a client with small limits.
    refused: u32,
    ambiguous: u32,
}

impl Ledger {
    pub(crate) fn sent(&mut self, number: u64, payload: Bytes, fragments: usize) {
        let entry = Entry {
            payload,
            fragments: vec![0; fragments],
            seen: BTreeMap::new(),
            due: 0,
            handled: 0,
            answered: 0,
            refused: 0,
            ambiguous: 0,
        };
        self.messages.insert(number, entry);
    }

    pub(crate) fn payload(&self, number: u64) -> Option<(Bytes, usize)> {
        self.messages.get(&number).map(|entry| (entry.payload.clone(), entry.fragments.len()))
    }

    pub(crate) fn received(&mut self, number: u64, seq: usize, link: u64, limits: &Limits) {
        let Some(entry) = self.messages.get_mut(&number) else { return };
        let count = entry.fragments.len();
        if let Some(times) = entry.fragments.get_mut(seq) {
            *times += 1;
        }
        self.touched.insert(number);
        if count == 1 {
            let fits = entry.payload.len() <= limits.message_bytes;
            entry.due += u32::from(fits);
            self.oversized += u64::from(!fits);
            return;
        }
        let seen = entry.seen.entry(link).or_insert_with(|| vec![None; count]);
        if let Some(at) = seen.get_mut(seq) {
            *at = Some(Instant::now());
        }
        let recent = |at: &Option<Instant>| at.is_some_and(|at| at.elapsed() <= TOGETHER);
        if *limits == Limits::default() && seen.iter().all(recent) {
            entry.due = 1;
        }
    }

    /// The client's inbox got a message. What is wrong with that?
    pub(crate) fn handled(&mut self, number: u64, payload: &Bytes) -> Option<String> {
        self.handled += 1;
        let Some(entry) = self.messages.get_mut(&number) else {
            return Some(format!("m{number} was handled and never sent"));
        };
        entry.handled += 1;
        let most = entry.fragments.iter().copied().min().unwrap_or(0);
        if entry.payload != *payload {
            return Some(format!("m{number} was handled with another payload than it was sent with"));
        }
        (entry.handled > most)
            .then(|| format!("m{number} came in full {most} times and was handled {} times", entry.handled))
    }

    /// The platform got an answer. What is wrong with that?
    ///
    /// A client that is `ending` answers without handling: 500, so that the platform sends it again. The same goes for a
    /// message that is too large for the client's limits: then it is `refused`, however few fragments came.
    pub(crate) fn answered(&mut self, number: u64, ending: bool, refused: bool) -> Option<String> {
        self.answered += 1;
        let Some(entry) = self.messages.get_mut(&number) else {
            return Some(format!("m{number} was answered and never sent"));
        };
        if refused {
            // Each connection that got a part of it may give it up.
            entry.refused += 1;
            let parts: u32 = entry.fragments.iter().sum();
            return (entry.refused > entry.handled + parts + entry.ambiguous).then(|| {
                format!("m{number} was refused {} times, of {parts} parts received", entry.refused)
            });
        }
        entry.answered += 1;
        let received = entry.fragments.iter().copied().min().unwrap_or(0);
        if entry.answered <= if ending { received } else { entry.handled } {
            return None;
        }
        self.twice += 1;
        (entry.answered > entry.handled + entry.ambiguous).then(|| {
            format!("m{number} was handled {} times and answered {} times", entry.handled, entry.answered)
        })
    }

    /// An answer was being written when its connection broke.
    pub(crate) fn ambiguous(&mut self, number: u64) {
        if let Some(entry) = self.messages.get_mut(&number) {
            entry.ambiguous += 1;
        }
    }

    /// A message that was received in full and did not reach the inbox.
    pub(crate) fn overlooked(&mut self) -> Option<String> {
        let touched = std::mem::take(&mut self.touched);
        touched.into_iter().find_map(|number| {
            let entry = self.messages.get(&number)?;
            (entry.handled < entry.due).then(|| {
                format!("m{number} was received {} times and handled {} times", entry.due, entry.handled)
            })
        })
    }
}
