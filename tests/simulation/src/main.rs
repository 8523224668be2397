//! Runs seeds and prints their results; replays one step by step.

use std::process::ExitCode;

use feishu_simulation::inbox::{self, InboxSummary};
use feishu_simulation::{Failure, Summary, run};

const USAGE: &str = "usage: [--inbox] --seeds N [--from S] | [--inbox] --seed S";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let from = number("--from").unwrap_or(0);
    let is_inbox = arguments.iter().any(|argument| argument == "--inbox");
    match (number("--seed"), number("--seeds")) {
        (Some(seed), None) if is_inbox => replay(inbox::run(seed, true)),
        (None, Some(count)) if is_inbox => many("--inbox ", inbox::run, InboxSummary::add, from, count),
        (Some(seed), None) => replay(run(seed, true)),
        (None, Some(count)) => many("", run, Summary::add, from, count),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Prints every step of a seed.
fn replay<S: Trace>(ended: Result<S, Failure>) -> ExitCode {
    let trace = ended.as_ref().map_or_else(|failure| failure.trace.as_slice(), |summary| summary.trace());
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
fn many<S: Trace>(
    flag: &str,
    run: fn(u64, bool) -> Result<S, Failure>,
    add: fn(&mut S, &S),
    from: u64,
    count: u64,
) -> ExitCode {
    let workers = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let ended: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let (mut sum, mut failures, mut held) = (S::default(), Vec::new(), 0);
                    for seed in
                        (from..from.saturating_add(count)).skip(usize_of(worker)).step_by(usize_of(workers))
                    {
                        match run(seed, false) {
                            Ok(summary) => {
                                held += 1;
                                add(&mut sum, &summary);
                            }
                            Err(failure) => failures.push(failure),
                        }
                    }
                    (sum, failures, held)
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    let (mut sum, mut all_held) = (S::default(), 0);
    for (summary, failed, held) in &ended {
        add(&mut sum, summary);
        all_held += held;
        for failure in failed {
            eprintln!(
                "FAILED: {failure}; replay it with `cargo xtask simulate {flag}--seed {}`",
                failure.seed
            );
        }
    }
    println!("{sum}");
    if all_held == count { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A summary with everything that happened.
trait Trace: Default + std::fmt::Display + Send {
    fn trace(&self) -> &[String];
}

impl Trace for Summary {
    fn trace(&self) -> &[String] {
        &self.trace
    }
}

impl Trace for InboxSummary {
    fn trace(&self) -> &[String] {
        &self.trace
    }
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
