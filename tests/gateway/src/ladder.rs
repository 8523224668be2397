//! The ladder of repeats: an event that fails is pushed again, later and later.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::Outgoing;
use crate::record::{Attempt, State};
use crate::shared::Shared;

/// When a failed event is pushed again, counted from each failure ("event retry" in the platform's documentation).
const RETRIES: [Duration; 4] = [
    Duration::from_secs(15),
    Duration::from_secs(5 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(6 * 60 * 60),
];

/// The pauses of the ladder on a clock that goes so much faster.
pub(crate) fn pauses(clock: f64) -> impl Iterator<Item = Duration> {
    RETRIES.into_iter().map(move |pause| pause.div_f64(clock.max(0.001)))
}

/// Pushes an event of the interface again while it fails, beginning behind its first delivery.
pub(crate) fn climb(shared: &Arc<Shared>, first: u64, again: Outgoing) {
    if !failed(shared, first) {
        return;
    }
    let shared = Arc::clone(shared);
    let stopped = shared.ladders.subscribe();
    let mut pauses = pauses(shared.config.clock);
    let Some(pause) = pauses.next() else { return };
    if !is_waiting(&shared, first) {
        announce(&shared, first, Some(pause));
    }
    tokio::spawn(async move {
        if is_waiting(&shared, first) {
            // The request did not wait for the whole limit; the answer may come yet.
            tokio::time::sleep(shared.config.answer_limit).await;
            if !failed(&shared, first) {
                return;
            }
            announce(&shared, first, Some(pause));
        }
        rungs(&shared, first, &again, pause, pauses, stopped).await;
    });
}

async fn rungs(
    shared: &Arc<Shared>,
    first: u64,
    again: &Outgoing,
    mut pause: Duration,
    mut pauses: impl Iterator<Item = Duration>,
    mut stopped: watch::Receiver<u64>,
) {
    let mut before = first;
    for number in 2.. {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // Reset, or the end of the gateway.
            _ = stopped.changed() => return,
            () = shared.closed() => return,
        }
        announce(shared, before, None);
        let mut outgoing = again.clone();
        (outgoing.connection, outgoing.wait) = (None, None);
        outgoing.attempt = Some(Attempt { number, first: Some(first) });
        let id = shared.deliver(outgoing).await.ok();
        let Some(id) = id.filter(|id| failed(shared, *id)) else { return };
        let Some(next) = pauses.next() else { return };
        announce(shared, id, Some(next));
        (before, pause) = (id, next);
    }
}

fn is_waiting(shared: &Shared, id: u64) -> bool {
    let state = shared.journal.record().and_then(|record| record.delivery(id, |it| it.row.state));
    state == Some(State::Waiting)
}

fn failed(shared: &Shared, id: u64) -> bool {
    let state = |row: &crate::record::Delivery| {
        let ok = row.row.verdict.as_ref().is_some_and(|verdict| verdict.ok);
        (row.row.state, ok)
    };
    match shared.journal.record().and_then(|record| record.delivery(id, state)) {
        Some((State::Answered, ok)) => !ok,
        Some(_) => true,
        None => false,
    }
}

fn announce(shared: &Shared, id: u64, pause: Option<Duration>) {
    if let Some(record) = shared.journal.record() {
        record.again(id, pause.map(|pause| record.now() + pause.as_secs_f64() * 1e3));
    }
}
