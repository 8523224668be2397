//! Every client under every load, in turns, and the medians of the rounds.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use crate::budget::Budget;
use crate::drive::Pace;
use crate::measure::{Bench, Client, Outcome, Setup};
use crate::workload::Workload;

/// A load: what is sent, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    pub(crate) workload: Workload,
    pub(crate) pace: Pace,
    pub(crate) tls: bool,
}

impl Load {
    pub(crate) fn window(workload: Workload, window: usize) -> Self {
        Self { workload, pace: Pace::Window(window), tls: false }
    }

    pub(crate) fn name(&self) -> String {
        let pace = match self.pace {
            Pace::Window(window) => format!("{window} in flight"),
            Pace::Rate(rate) => format!("{rate}/s"),
            Pace::Flood => "as fast as it goes".to_owned(),
        };
        format!("{}, {pace}{}", self.workload.name, if self.tls { ", TLS" } else { "" })
    }
}

/// A client's rounds under one load.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) load: Load,
    pub(crate) client: Client,
    pub(crate) rounds: Vec<Outcome>,
}

pub(crate) struct Matrix(Vec<Row>);

/// Runs all loads with all clients, round after round, as long as the budget lasts.
pub(crate) fn run(
    bench: &Bench,
    budget: &Budget,
    loads: &[Load],
    clients: &[Client],
    rounds: u32,
) -> Result<Matrix> {
    let cells = loads.iter().flat_map(|load| clients.iter().map(|client| (*load, *client)));
    let mut rows: Vec<Row> = cells.map(|(load, client)| Row { load, client, rounds: Vec::new() }).collect();
    for round in 0..rounds {
        if round > 0 && budget.is_spent() {
            break;
        }
        budget.say(&format!("round {} of {rounds}, {} measurements", round + 1, rows.len()));
        for row in &mut rows {
            let mut setup = Setup::new(row.client, row.load.workload, row.load.pace);
            setup.tls = row.load.tls;
            if let Pace::Rate(_) = row.load.pace {
                // Long enough for a thousand callbacks, so that p99.9 is one of them.
                setup.time = Duration::from_secs(2);
            }
            row.rounds.push(bench.measure(&setup)?);
        }
    }
    Ok(Matrix(rows))
}

impl Matrix {
    pub(crate) fn row(&self, load: &Load, client: Client) -> Option<&Row> {
        self.0.iter().find(|row| row.load == *load && row.client == client)
    }

    /// The ratios of a figure of two clients, round by round.
    pub(crate) fn ratios(
        &self,
        load: &Load,
        of: Client,
        to: Client,
        figure: impl Fn(&Outcome) -> f64,
    ) -> Vec<f64> {
        let (Some(of), Some(to)) = (self.row(load, of), self.row(load, to)) else { return Vec::new() };
        of.rounds.iter().zip(&to.rounds).map(|(of, to)| figure(of) / figure(to)).collect()
    }

    /// A table of everything, in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut out = String::from(
            "| load | client | callbacks/s | share of the echo | CPU µs per callback | × echo with prost | p50 µs | p99 | p99.9 | \
             max | peak MiB | CPU µs of the load |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for Row { load, client, rounds } in &self.0 {
            let median_of = |figure: &dyn Fn(&Outcome) -> f64| median(rounds.iter().map(figure).collect());
            let share = median(self.ratios(load, *client, Client::ECHO, |outcome| outcome.per_second));
            let cpu = median(self.ratios(load, *client, Client::PROST, |outcome| outcome.cpu));
            let cpu = if cpu.is_nan() { String::new() } else { format!("{cpu:.1}") };
            let trip = |index: usize| median_of(&|outcome| outcome.trips[index]);
            let _ = writeln!(
                out,
                "| {} | {} | {:.0} | {share:.2} | {:.1} | {cpu} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} |",
                load.name(),
                client.name(),
                median_of(&|outcome| outcome.per_second),
                median_of(&|outcome| outcome.cpu),
                trip(0),
                trip(1),
                trip(2),
                trip(3),
                median_of(&|outcome| mib(outcome.memory.peak)),
                median_of(&|outcome| outcome.load_cpu),
            );
        }
        out
    }
}

/// The middle value; not a number if there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (None, _) => f64::NAN,
        (Some(value), 1) => *value,
        (Some(value), _) => f64::midpoint(values[middle - 1], *value),
    }
}

pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }
}
