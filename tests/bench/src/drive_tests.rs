//! Runs of the load against clients that answer right, and against clients that do not.

use std::time::Duration;

use anyhow::Result;

use super::{Drive, Pace};
use crate::certificate::Certificate;
use crate::client::{Bare, Fault, serve};
use crate::door::Door;
use crate::workload::Workload;

/// A short run against a client in a thread of this process.
fn run(bare: Bare, workload: Workload, pace: Pace, tls: bool, fault: Fault) -> Result<usize> {
    let certificate = Certificate::make()?;
    let door = Door::open(tls.then(|| certificate.server.clone()))?;
    let url = door.url();
    let root = tls.then(|| certificate.root().to_owned());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _ = runtime.block_on(serve(bare, workload.kind, &url, root.as_deref(), fault));
    });
    let mut drive = Drive::new(door.accept(1, || false)?, workload);
    // Only an answer that is really lost is waited for in vain, and then not for long.
    let is_lost = matches!(fault, Fault::Lose);
    drive.patience = if is_lost { Duration::from_millis(200) } else { Duration::from_secs(20) };
    drive.run(pace, Duration::from_millis(20), usize::MAX)?;
    let part = drive.run(pace, Duration::from_secs(20), 200)?;
    drive.finish()?;
    assert_eq!(part.latencies.len(), part.answered);
    Ok(part.answered)
}

#[test]
fn right_answers_are_a_result() {
    for bare in [Bare::Echo, Bare::Prost] {
        for workload in [Workload::CARD, Workload::PREVIEW, Workload::EVENT, Workload::FRAGMENTS] {
            for pace in [Pace::Window(1), Pace::Window(64), Pace::Flood, Pace::Rate(10_000)] {
                let answered = run(bare, workload, pace, false, Fault::None);
                assert_eq!(answered.unwrap(), 200, "{bare:?} {workload:?} {pace:?}");
            }
        }
    }
}

#[test]
fn answers_over_tls_are_a_result() {
    for workload in [Workload::CARD, Workload::FRAGMENTS] {
        assert_eq!(run(Bare::Echo, workload, Pace::Window(64), true, Fault::None).unwrap(), 200);
    }
}

#[test]
fn a_lost_doubled_or_wrong_answer_is_no_result() {
    for (fault, words) in [
        (Fault::Lose, "callbacks were not answered"),
        (Fault::Double, "was answered twice"),
        (Fault::Refuse, "a wrong answer"),
        (Fault::Confuse, "a wrong answer"),
    ] {
        let error = run(Bare::Echo, Workload::CARD, Pace::Window(64), false, fault).unwrap_err();
        assert!(error.to_string().contains(words), "{fault:?}: {error:#}");
    }
}
