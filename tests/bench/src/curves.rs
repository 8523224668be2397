//! Cost per callback and memory against the number of connections, apps, types, handlers, events and bytes.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::budget::Budget;
use crate::drive::Pace;
use crate::matrix::{median, mib};
use crate::measure::{Bench, Client, Outcome, Setup};
use crate::report::conditions;
use crate::workload::Workload;

/// No further round is begun after so long.
const BUDGET: Duration = Duration::from_secs(7 * 60);

/// Width of the longest bar.
const BAR: f64 = 20.0;

/// Kibibytes of the messages.
const SIZES: [usize; 8] = [1, 4, 16, 64, 256, 1 << 10, 4 << 10, 16 << 10];

/// One point of a curve.
struct Point {
    at: usize,
    setup: Setup,
    /// Callbacks that are sent and answered before the measurement.
    before: usize,
}

struct Curve {
    title: &'static str,
    /// What varies.
    axis: &'static str,
    points: Vec<Point>,
    rounds: u32,
}

/// Measures all curves, in Markdown.
pub(crate) fn run(rounds: u32) -> Result<String> {
    let mut out = conditions(rounds);
    let bench = Bench::new()?;
    let budget = Budget::start(BUDGET);
    for curve in curves() {
        let mut outcomes: Vec<Vec<Outcome>> = vec![Vec::new(); curve.points.len()];
        for round in 0..curve.rounds.min(rounds) {
            if round > 0 && budget.is_spent() {
                break;
            }
            budget.say(&format!("{}, round {}", curve.title, round + 1));
            for (point, outcomes) in curve.points.iter().zip(&mut outcomes) {
                let outcome = measure(&bench, point);
                outcomes
                    .push(outcome.with_context(|| format!("{}: {} {}", curve.title, point.at, curve.axis))?);
            }
        }
        let _ = write!(out, "\n### {}\n\n{}", curve.title, table(&curve, &outcomes));
    }
    Ok(out)
}

fn curves() -> Vec<Curve> {
    let card = |window| Setup::new(Client::Bot, Workload::CARD, Pace::Window(window));
    let varied = |title, axis, values: &[usize], setup: &dyn Fn(usize) -> Setup| Curve {
        title,
        axis,
        points: values.iter().map(|&at| Point { at, setup: setup(at), before: 0 }).collect(),
        rounds: 3,
    };
    let connections = varied("Connections", "connections", &[1, 2, 5, 10, 20, 50], &|at| Setup {
        connections: at,
        ..card(100)
    });
    let apps =
        varied("Apps in one process", "apps", &[1, 2, 5, 10, 20], &|at| Setup { apps: at, ..card(100) });
    let types = varied("Registered types", "types", &[1, 10, 100, 1_000, 10_000], &|at| Setup {
        environment: vec![("BENCH_TYPES", at.to_string())],
        ..card(64)
    });
    let slow = varied("Handlers of 2 s in flight", "handlers", &[10, 100, 1_000, 10_000], &|at| Setup {
        workload: Workload { sleep: 2_000, ..Workload::CARD },
        pace: Pace::Window(at),
        time: Duration::from_millis(4_500),
        environment: vec![("BENCH_RUNNING", (at + 1).to_string())],
        ..card(64)
    });
    let mut events = varied("Remembered events", "events", &[0, 10_000, 100_000, 1_000_000], &|_| Setup {
        workload: Workload::EVENT,
        ..card(64)
    });
    for point in &mut events.points {
        point.before = point.at;
    }
    let sizes = varied("Size of a message", "KiB", &SIZES, &|at| Setup {
        workload: Workload { bytes: at << 10, ..Workload::CARD },
        ..card(4)
    });
    vec![connections, apps, types, Curve { rounds: 1, ..slow }, Curve { rounds: 1, ..events }, sizes]
}

fn measure(bench: &Bench, point: &Point) -> Result<Outcome> {
    let setup = &point.setup;
    let mut connected = bench.connect(setup)?;
    if point.before > 0 {
        connected.drive.run(Pace::Window(256), Duration::from_secs(120), point.before)?;
    } else if setup.workload.sleep == 0 {
        connected.drive.run(setup.pace, setup.time / 4, usize::MAX)?;
    }
    let outcome = connected.measure(setup.pace, setup.time)?;
    connected.finish()?;
    Ok(outcome)
}

fn table(curve: &Curve, outcomes: &[Vec<Outcome>]) -> String {
    let of =
        |outcomes: &[Outcome], figure: fn(&Outcome) -> f64| median(outcomes.iter().map(figure).collect());
    let longest = outcomes.iter().map(|outcomes| of(outcomes, |outcome| outcome.cpu)).fold(0.0, f64::max);
    let mut out = format!(
        "| {} | CPU µs per callback | | p50 µs | p99 µs | resident MiB | peak MiB |\n|--:|--:|---|--:|--:|--:|--:|\n",
        curve.axis
    );
    for (point, outcomes) in curve.points.iter().zip(outcomes) {
        let cpu = of(outcomes, |outcome| outcome.cpu);
        let bar = "█".repeat((cpu / longest * BAR).round().max(1.0) as usize);
        let _ = writeln!(
            out,
            "| {} | {cpu:.1} | {bar} | {:.0} | {:.0} | {:.1} | {:.1} |",
            point.at,
            of(outcomes, |outcome| outcome.trips[0]),
            of(outcomes, |outcome| outcome.trips[1]),
            of(outcomes, |outcome| mib(outcome.memory.now)),
            of(outcomes, |outcome| mib(outcome.memory.peak)),
        );
    }
    out
}
