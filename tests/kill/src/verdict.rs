//! The comparison of what was acknowledged with what was handled.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::journal::Line;
use crate::order::{Deed, Order};

/// Mistakes that are printed of each kind.
const SHOWN: usize = 5;

/// What is left in the inbox: dead letters by id, with their reasons.
pub(crate) struct Left {
    pub(crate) backlog: u64,
    pub(crate) dead: BTreeMap<String, String>,
}

/// Which rules were kept.
pub(crate) struct Verdict {
    acknowledged: usize,
    attempts: usize,
    /// Events that were handled more than once, each after a kill.
    again: usize,
    dead: usize,
    mistakes: Vec<String>,
}

impl Verdict {
    pub(crate) fn new(lines: &[Line], acknowledged: &BTreeSet<Order>, left: &Left) -> Self {
        let mut verdict = Self {
            acknowledged: acknowledged.len(),
            attempts: 0,
            again: 0,
            dead: left.dead.len(),
            mistakes: Vec::new(),
        };
        verdict.nothing_lost(lines, acknowledged);
        verdict.in_order(lines);
        verdict.runs(lines);
        verdict.left(acknowledged, left);
        verdict
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.mistakes.is_empty()
    }

    fn nothing_lost(&mut self, lines: &[Line], acknowledged: &BTreeSet<Order>) {
        let ended: BTreeSet<&Order> = lines
            .iter()
            .filter_map(|line| if let Line::Ended { order, .. } = line { Some(order) } else { None })
            .collect();
        for order in acknowledged.iter().filter(|order| matches!(order.deed(), Deed::Succeeds | Deed::Fails))
        {
            if !ended.contains(order) {
                self.mistakes.push(format!("{} was acknowledged and not handled", order.id()));
            }
        }
    }

    fn in_order(&mut self, lines: &[Line]) {
        let mut last: HashMap<u32, u32> = HashMap::new();
        let mut ended: BTreeSet<&Order> = BTreeSet::new();
        for line in lines {
            match line {
                Line::Started { order: order @ Order { key: Some(key), number }, .. } => {
                    let last = last.entry(*key).or_insert(0);
                    if number < last {
                        self.mistakes.push(format!("{} started after number {last} of its key", order.id()));
                    }
                    let before = number.checked_sub(1).map(|number| Order { key: Some(*key), number });
                    if let Some(before) = before.filter(|before| before.deed() != Deed::Poison) {
                        if !ended.contains(&before) {
                            self.mistakes.push(format!(
                                "{} started before the end of {}",
                                order.id(),
                                before.id()
                            ));
                        }
                    }
                    *last = (*last).max(*number);
                }
                Line::Ended { order, .. } => drop(ended.insert(order)),
                Line::Started { .. } | Line::Gone { .. } => {}
            }
        }
    }

    /// The attempts of each event.
    fn runs(&mut self, lines: &[Line]) {
        let mut attempts: HashMap<&Order, u32> = HashMap::new();
        let mut handled: HashMap<&Order, u32> = HashMap::new();
        let mut gone: BTreeSet<u32> = BTreeSet::new();
        for line in lines {
            match line {
                Line::Started { order, attempt, .. } => {
                    self.attempts += 1;
                    let before = attempts.insert(order, *attempt).unwrap_or(0);
                    if *attempt <= before {
                        self.mistakes
                            .push(format!("attempt {attempt} of {} after attempt {before}", order.id()));
                    }
                    if let Some(process) = handled.remove(order) {
                        self.again += 1;
                        if !gone.contains(&process) {
                            self.mistakes.push(format!("{} ran again, and no process had died", order.id()));
                        }
                    }
                }
                Line::Ended { process, order, .. } => drop(handled.insert(order, *process)),
                Line::Gone { process } => drop(gone.insert(*process)),
            }
        }
    }

    fn left(&mut self, acknowledged: &BTreeSet<Order>, left: &Left) {
        if left.backlog > 0 {
            self.mistakes.push(format!("{} events are left in the inbox", left.backlog));
        }
        for (id, why) in &left.dead {
            let deed = Order::parse(id).map(|order| order.deed());
            if !matches!(deed, Some(Deed::Poison | Deed::Kills)) {
                self.mistakes.push(format!("{id} is a dead letter without a cause: {why}"));
            }
        }
        for order in acknowledged.iter().filter(|order| matches!(order.deed(), Deed::Poison | Deed::Kills)) {
            if !left.dead.contains_key(&order.id()) {
                self.mistakes.push(format!("{} is no dead letter", order.id()));
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, attempts, again, dead, mistakes } = self;
        write!(
            f,
            "{acknowledged} events acknowledged, {attempts} attempts, {again} handled again after a kill, {dead} dead \
             letters with a cause, {} mistakes",
            mistakes.len(),
        )?;
        for mistake in mistakes.iter().take(SHOWN) {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: u32) -> Order {
        Order { key: Some(7), number }
    }

    fn started(process: u32, number: u32, attempt: u32) -> Line {
        Line::Started { process, order: order(number), attempt }
    }

    fn ended(process: u32, number: u32) -> Line {
        Line::Ended { process, order: order(number), attempt: 1 }
    }

    fn mistakes(lines: &[Line], numbers: &[u32], dead: &[u32]) -> Vec<String> {
        let acknowledged = numbers.iter().map(|number| order(*number)).collect();
        let dead = dead.iter().map(|number| (order(*number).id(), "why".to_owned())).collect();
        Verdict::new(lines, &acknowledged, &Left { backlog: 0, dead }).mistakes
    }

    #[test]
    fn verdict_finds_each_mistake() {
        let good = [started(1, 0, 1), ended(1, 0), started(1, 1, 1), ended(1, 1)];
        assert!(mistakes(&good, &[0, 1], &[]).is_empty());
        assert_eq!(mistakes(&good, &[0, 1, 2], &[]), ["k7-2 was acknowledged and not handled"]);
        assert_eq!(mistakes(&good, &[0, 1], &[1]), ["k7-1 is a dead letter without a cause: why"]);
        let early = [started(1, 0, 1), started(1, 1, 1), ended(1, 0), ended(1, 1)];
        assert_eq!(mistakes(&early, &[0, 1], &[]), ["k7-1 started before the end of k7-0"]);
        let twice = [started(1, 0, 1), ended(1, 0), started(2, 0, 2), ended(2, 0)];
        assert_eq!(mistakes(&twice, &[0], &[]), ["k7-0 ran again, and no process had died"]);
        let killed =
            [started(1, 0, 1), ended(1, 0), Line::Gone { process: 1 }, started(2, 0, 2), ended(2, 0)];
        assert!(mistakes(&killed, &[0], &[]).is_empty());
        let stale = [started(1, 0, 2), ended(1, 0), Line::Gone { process: 1 }, started(2, 0, 2), ended(2, 0)];
        assert_eq!(mistakes(&stale, &[0], &[]), ["attempt 2 of k7-0 after attempt 2"]);
    }
}
