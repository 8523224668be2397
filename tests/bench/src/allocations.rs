//! How often a callback allocates, in the whole process: SDK, handler and runtime.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::budget::Budget;
use crate::drive::Pace;
use crate::measure::{Bench, Client, Setup};
use crate::workload::Workload;

/// Callbacks of the shorter run; the longer one has twice as many.
const COUNT: usize = 5_000;

/// A table in Markdown.
pub(crate) fn table(bench: &Bench, budget: &Budget) -> Result<String> {
    budget.say("allocations");
    let mut out = String::from("| load | allocations per callback | bytes per callback |\n|---|--:|--:|\n");
    for workload in [Workload::CARD, Workload::PREVIEW, Workload::EVENT, Workload::CARD_64] {
        // What starting and stopping allocate is in both, and so not in the difference.
        let (few, few_bytes) = count(bench, workload, COUNT)?;
        let (many, many_bytes) = count(bench, workload, 2 * COUNT)?;
        let each = |more: u64, less: u64| more.saturating_sub(less) as f64 / COUNT as f64;
        let _ = writeln!(
            out,
            "| {}, 64 in flight | {:.1} | {:.0} |",
            workload.name,
            each(many, few),
            each(many_bytes, few_bytes)
        );
    }
    Ok(out)
}

/// Number and bytes of the allocations of a bot that answers so many callbacks.
fn count(bench: &Bench, workload: Workload, callbacks: usize) -> Result<(u64, u64)> {
    let pace = Pace::Window(64);
    let mut connected = bench.connect(&Setup::new(Client::BotCounted, workload, pace))?;
    connected.drive.run(pace, Duration::from_secs(20), callbacks)?;
    let output = connected.finish()?.stop()?;
    let numbers = output.trim().split_once(' ').context("the counted bot printed no count")?;
    Ok((numbers.0.parse()?, numbers.1.parse()?))
}
