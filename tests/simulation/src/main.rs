//! Runs seeds and prints their results; replays one step by step.

use std::process::ExitCode;

use feishu_simulation::{Summary, run};

const USAGE: &str = "usage: --seeds N [--from S] | --seed S";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    match (number("--seed"), number("--seeds")) {
        (Some(seed), None) => replay(seed),
        (None, Some(count)) => many(number("--from").unwrap_or(0), count),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Runs one seed and prints every step.
fn replay(seed: u64) -> ExitCode {
    let ended = run(seed, true);
    let trace = ended.as_ref().map_or_else(|failure| &failure.trace, |summary| &summary.trace);
    for line in trace {
        println!("{line}");
    }
    match ended {
        Ok(summary) => println!("held: {summary}"),
        Err(failure) => {
            eprintln!("FAILED: {failure}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs many seeds, spread over the processors, and prints the seeds that failed.
fn many(from: u64, count: u64) -> ExitCode {
    let workers = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let ended: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let (mut sum, mut failures) = (Summary::default(), Vec::new());
                    for seed in
                        (from..from.saturating_add(count)).skip(usize_of(worker)).step_by(usize_of(workers))
                    {
                        match run(seed, false) {
                            Ok(summary) => sum.add(&summary),
                            Err(failure) => failures.push(failure),
                        }
                    }
                    (sum, failures)
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    let mut sum = Summary::default();
    let mut failures = 0;
    for (summary, failed) in &ended {
        sum.add(summary);
        failures += failed.len();
        for failure in failed {
            eprintln!("FAILED: {failure}; replay it with `cargo xtask simulate --seed {}`", failure.seed);
        }
    }
    println!("{sum}");
    if failures == 0 && sum.seeds == count { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
