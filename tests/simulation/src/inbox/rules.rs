//! What must hold of an inbox, judged by what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use feishu_runtime::DeadLetter;

use super::InboxSummary;
use super::offer::{Deed, Order};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Started {
        process: u64,
        order: Order,
        attempt: u32,
    },
    Ended {
        process: u64,
        order: Order,
    },
    Died {
        process: u64,
    },
    Stopped {
        process: u64,
    },
    /// From the engine, for a time.
    CutOff {
        process: u64,
    },
}

/// The counts, and the first mistake.
pub(super) fn judge(
    lines: &[(Duration, Line)],
    acknowledged: &[Order],
    backlog: u64,
    dead: &[DeadLetter],
) -> (InboxSummary, Option<String>) {
    let mut judge = Judge::default();
    for (at, line) in lines {
        judge.see(*at, line);
    }
    let mut mistakes = judge.mistakes;
    for order in acknowledged {
        if order.deed() != Deed::Poison && !judge.ended.contains(order) {
            mistakes.push(format!("{order:?} was acknowledged and not handled"));
        }
    }
    if backlog > 0 {
        mistakes.push(format!("{backlog} events are left in the inbox"));
    }
    let given_up: BTreeSet<_> = dead.iter().filter_map(|letter| Order::parse(&letter.event.id)).collect();
    for order in &given_up {
        if order.deed() != Deed::Poison {
            mistakes.push(format!("{order:?} is a dead letter without a cause"));
        }
    }
    for order in acknowledged.iter().filter(|order| order.deed() == Deed::Poison) {
        if !given_up.contains(order) {
            mistakes.push(format!("{order:?} is no dead letter"));
        }
    }
    let summary = InboxSummary {
        seeds: 1,
        acknowledged: acknowledged.len() as u64,
        dead: dead.len() as u64,
        ..judge.summary
    };
    (summary, mistakes.into_iter().next())
}

#[derive(Default)]
struct Judge {
    summary: InboxSummary,
    mistakes: Vec<String>,
    ended: BTreeSet<Order>,
    /// By whom an event was handled.
    handled: BTreeMap<Order, u64>,
    attempts: BTreeMap<Order, u32>,
    /// The last number that started, of each key.
    last: BTreeMap<u64, u64>,
    /// Processes that may not have recorded what they did.
    excused: BTreeSet<u64>,
}

impl Judge {
    fn see(&mut self, at: Duration, line: &Line) {
        match *line {
            Line::Started { order, attempt, .. } => self.started(at, order, attempt),
            Line::Ended { process, order } => {
                self.ended.insert(order);
                self.handled.insert(order, process);
            }
            Line::Died { process } => {
                self.summary.deaths += 1;
                self.excused.insert(process);
            }
            Line::CutOff { process } => drop(self.excused.insert(process)),
            Line::Stopped { process } => {
                self.summary.stops += 1;
                // The grace may end before the engine has answered.
                self.excused.insert(process);
            }
        }
    }

    fn started(&mut self, at: Duration, order: Order, attempt: u32) {
        self.summary.attempts += 1;
        let before = self.attempts.insert(order, attempt).unwrap_or(0);
        if attempt < before {
            self.mistakes.push(format!("at {at:?} attempt {attempt} of {order:?} after attempt {before}"));
        }
        if let Some(process) = self.handled.remove(&order) {
            self.summary.again += 1;
            if !self.excused.contains(&process) {
                self.mistakes.push(format!("at {at:?} {order:?} ran again without a reason"));
            }
        }
        if order.key == 0 {
            return;
        }
        let last = self.last.entry(order.key).or_insert(0);
        if order.number < *last {
            self.mistakes.push(format!("at {at:?} {order:?} started after number {last} of its key"));
        }
        *last = (*last).max(order.number);
        let Some(number) = order.number.checked_sub(1) else { return };
        let before = Order { number, ..order };
        if before.deed() != Deed::Poison && !self.ended.contains(&before) {
            self.mistakes.push(format!("at {at:?} {order:?} started before the end of {before:?}"));
        }
    }
}
