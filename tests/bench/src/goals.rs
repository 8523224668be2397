//! What the bot is to achieve, and whether it does.

use std::fmt::Write as _;

use crate::matrix::{Load, Matrix, median};
use crate::measure::{Client, Outcome};
use crate::workload::Workload;

/// A goal for one load.
struct Goal {
    load: Load,
    /// At least this share of the echo's throughput.
    share: f64,
    /// At most so many times the CPU time of the echo with prost.
    cpu: Option<f64>,
    /// At most so many times p99 for p99.9.
    tail: Option<f64>,
}

/// The goals, with default settings and the public API.
fn goals() -> Vec<Goal> {
    let goal =
        |workload, window, share| Goal { load: Load::window(workload, window), share, cpu: None, tail: None };
    vec![
        goal(Workload::CARD, 1, 0.90),
        Goal { cpu: Some(2.0), tail: Some(3.0), ..goal(Workload::CARD, 64, 0.55) },
        Goal { cpu: Some(2.0), ..goal(Workload::CARD, 1024, 0.50) },
        goal(Workload::EVENT, 64, 0.50),
        goal(Workload::EVENT, 1024, 0.45),
        goal(Workload::CARD_64, 64, 0.60),
        goal(Workload::FRAGMENTS, 64, 0.60),
    ]
}

/// Goals and medians, with the least and the most of the rounds.
pub(crate) fn table(matrix: &Matrix) -> String {
    let mut out = String::from(
        "| load | client | share of the echo | goal | CPU, × echo with prost | goal | p99.9, × p99 | goal |\n\
         |---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for goal in goals() {
        for client in [Client::Bot, Client::BotCurrentThread] {
            let share = matrix.ratios(&goal.load, client, Client::ECHO, |outcome| outcome.per_second);
            let cpu = matrix.ratios(&goal.load, client, Client::PROST, |outcome| outcome.cpu);
            let rounds = matrix.row(&goal.load, client).map(|row| row.rounds.as_slice()).unwrap_or_default();
            let tail: Vec<f64> = rounds.iter().map(tail).collect();
            let _ = writeln!(
                out,
                "| {} | {} | {} | ≥ {:.2}{} | {} | {} | {} | {} |",
                goal.load.name(),
                client.name(),
                range(&share, 2),
                goal.share,
                mark(median(share) >= goal.share),
                range(&cpu, 1),
                at_most(goal.cpu, median(cpu)),
                range(&tail, 1),
                at_most(goal.tail, median(tail)),
            );
        }
    }
    out
}

fn tail(outcome: &Outcome) -> f64 {
    outcome.trips[2] / outcome.trips[1]
}

fn at_most(goal: Option<f64>, measured: f64) -> String {
    goal.map(|goal| format!("≤ {goal:.1}{}", mark(measured <= goal))).unwrap_or_default()
}

fn mark(is_met: bool) -> &'static str {
    if is_met { "" } else { " **missed**" }
}

/// The median, and the least and the most.
fn range(values: &[f64], digits: usize) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.digits$} ({least:.digits$} to {most:.digits$})", median(values.to_vec()))
}
