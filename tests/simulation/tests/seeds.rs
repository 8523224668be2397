//! Runs some thousand seeds over days of virtual time, and checks that a seed is reproducible.

use std::collections::BTreeSet;

use feishu_simulation::{Summary, run};

/// About ten milliseconds each.
const SEEDS: u64 = 1_500;

#[test]
fn what_must_hold_holds_for_every_seed() {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let ended: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    (0..SEEDS).skip(worker).step_by(workers).map(|seed| run(seed, false)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let mut sum = Summary::default();
    for ended in ended {
        match ended {
            Ok(summary) => sum.add(&summary),
            Err(failure) => {
                panic!("{failure}; replay it with `cargo xtask simulate --seed {}`", failure.seed)
            }
        }
    }
    assert_eq!(sum.seeds, SEEDS);
    // A run in which nothing happens would hold as well.
    assert!(sum.time.as_secs() > 3 * 86_400, "{sum}");
    assert!(sum.connections > 10 * SEEDS / 2 && sum.handled > 50 * SEEDS && sum.lost > SEEDS, "{sum}");
    assert!(sum.answered > sum.handled * 3 / 4, "{sum}");
}

#[test]
fn the_same_seed_is_the_same_run_step_by_step() {
    for seed in (0..400).step_by(27) {
        let once = run(seed, true).unwrap();
        let again = run(seed, true).unwrap();
        assert!(once.trace.len() > 30, "seed {seed} has a trace of {} lines", once.trace.len());
        let differs = once.trace.iter().zip(&again.trace).find(|(once, again)| once != again);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(once, again, "seed {seed}");
    }
}

#[test]
fn other_seeds_are_other_runs() {
    let runs: BTreeSet<_> = (0..50).map(|seed| run(seed, false).unwrap().time).collect();
    assert_eq!(runs.len(), 50);
}

#[test]
fn every_kind_of_trouble_comes_up() {
    let traces: Vec<String> = (0..120).flat_map(|seed| run(seed, true).unwrap().trace).collect();
    for trouble in [
        "in Unreachable",
        "in EndpointHangs",
        "in EndpointRefuses",
        "in HandshakeHangs",
        "in HandshakeRefuses",
        "opened in Cuts",
        "opened in Lossy",
        "is cut",
        "is mute",
        "is closed by the platform",
        "is not read from any more",
        "slept for",
        "slept for -",
        "the process is stopped for",
        "the network changed",
        "noise",
        "again",
        "small limits: true",
        "stop with a grace of Some(0)",
        "stop with a grace of None",
    ] {
        assert!(traces.iter().any(|line| line.contains(trouble)), "{trouble:?} never came up");
    }
}
