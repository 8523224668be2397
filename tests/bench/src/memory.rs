//! Memory of the plain bot: idle, with further connections, and after a burst of large cards.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::budget::Budget;
use crate::drive::Pace;
use crate::matrix::{median, mib};
use crate::measure::{Bench, Client, Setup};
use crate::process::Memory;
use crate::workload::Workload;

/// Connections of the larger bot.
const MANY: usize = 50;

/// Cards of the burst.
const BURST: usize = 20_000;

const BOTS: [Client; 3] = [Client::Bot, Client::BotCurrentThread, Client::BotLto];

/// Start and idle memory, in Markdown.
pub(crate) fn idle(bench: &Bench, budget: &Budget) -> Result<String> {
    budget.say("idle bots");
    let mut out = String::from(
        "| client | start to connected, ms | idle with one connection, MiB | of that heap and stacks, MiB | \
         each further connection, KiB |\n|---|--:|--:|--:|--:|\n",
    );
    for client in BOTS {
        let (mut starts, mut one, mut own, mut many) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..3 {
            let (start, memory) = rest(bench, client, 1)?;
            starts.push(start.as_secs_f64() * 1e3);
            one.push(memory.now as f64);
            own.push(memory.own as f64);
            many.push(rest(bench, client, MANY)?.1.now as f64);
        }
        let (one, many) = (median(one), median(many));
        let _ = writeln!(
            out,
            "| {} | {:.1} | {:.2} | {:.2} | {:.1} |",
            client.name(),
            median(starts),
            mib(one as u64),
            mib(median(own) as u64),
            (many - one) / (MANY - 1) as f64 / 1024.0,
        );
    }
    Ok(out)
}

/// Starts a bot with so many connections and lets it rest.
fn rest(bench: &Bench, client: Client, connections: usize) -> Result<(Duration, Memory)> {
    let setup = Setup { connections, ..Setup::new(client, Workload::CARD, Pace::Window(1)) };
    let started = Instant::now();
    let connected = bench.connect(&setup)?;
    let start = started.elapsed().saturating_sub(crate::measure::SETTLE);
    std::thread::sleep(Duration::from_millis(500));
    let memory = connected.process.memory();
    connected.finish()?;
    Ok((start, memory))
}

/// A burst of 64 KiB cards, and what is left of it, in Markdown.
pub(crate) fn burst(bench: &Bench, budget: &Budget) -> Result<String> {
    let mut out = String::from(
        "| client | idle MiB | peak in the burst | after 10 s | × idle (goal ≤ 3) | cards/s |\n|---|--:|--:|--:|--:|--:|\n",
    );
    for client in BOTS {
        budget.say(&format!("burst, {}", client.name()));
        let setup = Setup::new(client, Workload::CARD_64, Pace::Flood);
        let mut connected = bench.connect(&setup)?;
        std::thread::sleep(Duration::from_millis(500));
        let idle = connected.process.memory().now;
        let outcome = connected.measure_count(Pace::Flood, Duration::from_secs(60), BURST)?;
        let process = connected.finish()?;
        std::thread::sleep(Duration::from_secs(10));
        let after = process.memory().now;
        let _ = writeln!(
            out,
            "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.0} |",
            client.name(),
            mib(idle),
            mib(outcome.memory.peak),
            mib(after),
            after as f64 / idle as f64,
            outcome.per_second,
        );
    }
    Ok(out)
}
