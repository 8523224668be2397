//! The whole report: every load, TLS, fixed rates, memory and allocations, in Markdown.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::budget::Budget;
use crate::drive::Pace;
use crate::matrix::{self, Load};
use crate::measure::{Bench, Client};
use crate::workload::Workload;
use crate::{allocations, goals, memory};

const ALL: [Client; 5] = [Client::ECHO, Client::PROST, Client::Bot, Client::BotCurrentThread, Client::BotLto];

/// No further round is begun after so long; what follows the rounds takes two minutes.
const BUDGET: Duration = Duration::from_secs(7 * 60);

/// Measures everything.
pub(crate) fn full(rounds: u32) -> Result<String> {
    let mut out = conditions(rounds);
    let bench = Bench::with_lto()?;
    let budget = Budget::start(BUDGET);
    let plain = matrix::run(&bench, &budget, &closed(), &ALL, rounds)?;
    let _ = write!(out, "\n### Goals\n\n{}\n### Loads\n\n{}", goals::table(&plain), plain.table());
    let tls: Vec<Load> =
        [1, 64, 1024].map(|window| Load { tls: true, ..Load::window(Workload::CARD, window) }).into();
    let tls = matrix::run(&bench, &budget, &tls, &ALL, rounds.min(3))?;
    let _ = write!(out, "\n### TLS\n\n{}", tls.table());
    let rates = matrix::run(&bench, &budget, &rates(), &ALL, rounds.min(3))?;
    let _ = write!(out, "\n### Fixed rates\n\n{}", rates.table());
    let _ = write!(out, "\n### Start and idle memory\n\n{}", memory::idle(&bench, &budget)?);
    let _ = write!(out, "\n### A burst of 20 000 cards of 64 KiB\n\n{}", memory::burst(&bench, &budget)?);
    let _ = write!(out, "\n### Allocations\n\n{}", allocations::table(&bench, &budget)?);
    budget.say("done");
    Ok(out)
}

/// Measures the loads whose name contains the text.
pub(crate) fn only(text: &str, rounds: u32) -> Result<String> {
    let tls = closed().into_iter().map(|load| Load { tls: true, ..load });
    let all = closed().into_iter().chain(tls).chain(rates());
    let loads: Vec<Load> = all.filter(|load| load.name().contains(text)).collect();
    ensure!(!loads.is_empty(), "no load is called like {text:?}");
    let bench = Bench::with_lto()?;
    Ok(matrix::run(&bench, &Budget::start(BUDGET), &loads, &ALL, rounds)?.table())
}

fn closed() -> Vec<Load> {
    let windows = |workload| [1, 64, 1024].map(|window| Load::window(workload, window));
    let mut loads: Vec<Load> =
        [Workload::CARD, Workload::EVENT, Workload::PREVIEW].into_iter().flat_map(windows).collect();
    loads.extend([Load::window(Workload::CARD_64, 64), Load::window(Workload::FRAGMENTS, 64)]);
    loads
}

fn rates() -> Vec<Load> {
    [500, 2_000, 10_000].map(|rate| Load { pace: Pace::Rate(rate), ..Load::window(Workload::CARD, 1) }).into()
}

/// Where and how it was measured.
pub(crate) fn conditions(rounds: u32) -> String {
    let date = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    let date = date.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = load.split_whitespace().next().unwrap_or("unknown").to_owned();
    format!(
        "Measured {}, {} cores, medians of {rounds} rounds; load average of the machine at the start {busy}.\n",
        date.unwrap_or_default(),
        std::thread::available_parallelism().map_or(0, usize::from),
    )
}
