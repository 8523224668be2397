//! Runs some seeds of processes that share an inbox.

use feishu_simulation::inbox::{InboxSummary, run};

/// About a tenth of a second each.
const SEEDS: u64 = 40;
/// A stop while a claim was under way, after which the client was busy until its last attempt had ended.
const BUSY_STOP: u64 = 90;
/// A pause between claims that was longer than the one between renewals, which began it anew each time.
const LONG_PAUSE: u64 = 881;

#[test]
fn what_must_hold_of_an_inbox_holds_for_every_seed() {
    let mut sum = InboxSummary::default();
    for seed in (0..SEEDS - 2).chain([BUSY_STOP, LONG_PAUSE]) {
        match run(seed, false) {
            Ok(summary) => sum.add(&summary),
            Err(failure) => {
                panic!("{failure}; replay it with `cargo xtask simulate --inbox --seed {}`", failure.seed)
            }
        }
    }
    // A run in which nothing happens would hold as well.
    assert!(sum.acknowledged > 30 * SEEDS && sum.attempts > sum.acknowledged, "{sum}");
    assert!(sum.deaths > 5 * SEEDS && sum.stops > 2 * SEEDS && sum.again > 0 && sum.dead > 0, "{sum}");
}

#[test]
fn the_same_seed_of_an_inbox_is_the_same_run_step_by_step() {
    for seed in [3, 17, 42] {
        let (once, again) = (run(seed, true).unwrap(), run(seed, true).unwrap());
        assert!(once.trace.len() > 30);
        let differs = once.trace.iter().zip(&again.trace).find(|(once, again)| once != again);
        assert_eq!(differs, None, "seed {seed}");
    }
}
