//! The invariants of every step, and the time limits for reconnecting to a recovered platform.

use std::time::Duration;

use feishu_transport::{ConnectionHandle, ServerSettings};

use crate::world::{State, World};

/// What a held fragment costs at least, by the documentation of the limits.
const FRAGMENT_COST: usize = 64;
/// The longest that an attempt hangs: the deadlines of dialling and of the call, then the same with the handshake.
const ATTEMPT: Duration = Duration::from_secs(80);
/// The longest pause after a refusal, unless the interval is longer.
const STUBBORN: Duration = Duration::from_secs(600);
/// The longest pause after a connection that was closed at once.
const BRIEF: Duration = Duration::from_secs(30);
/// Latencies, the client's clock ticks, the staggering of several connections.
const SLACK: Duration = Duration::from_secs(2);

/// Looks at everything that must hold now.
pub(crate) fn check(world: &World, handle: &ConnectionHandle, connections: usize) {
    let counters = handle.counters();
    let mut state = world.lock();
    if !counters.is_consistent() {
        state.fail(format_args!("the counters do not add up: {counters:?}"));
    }
    if counters.delivered != state.ledger.handled + counters.refused_while_stopping {
        let handled = state.ledger.handled;
        state.fail(format_args!("{handled} messages were handled, the counters say {counters:?}"));
    }
    if counters.refused_too_large < state.ledger.oversized {
        let oversized = state.ledger.oversized;
        state.fail(format_args!("{oversized} messages were too large, the counters say {counters:?}"));
    }
    let sessions = connections + state.links.values().filter(|link| !link.dropped).count();
    let most = sessions * (state.limits.partial_bytes / FRAGMENT_COST);
    let most = most.min(sessions * state.limits.partial_messages * state.limits.fragments);
    if counters.fragments_waiting > most as u64 {
        state.fail(format_args!("{} fragments wait, {most} may", counters.fragments_waiting));
    }
    if !state.ending {
        if let Some(overlooked) = state.ledger.overlooked() {
            state.fail(overlooked);
        }
        if let Some(late) = late_ping(&state) {
            state.fail(late);
        }
    }
}

fn late_ping(state: &State) -> Option<String> {
    state.links.iter().find_map(|(id, link)| {
        link.ping_overdue().map(|silence| format!("link {id}: no ping for {silence:?}"))
    })
}

/// How long a client may take to reach a platform that is well from now on, by the settings of this run.
pub(crate) fn recovery(longest: &ServerSettings) -> Duration {
    // Either a dead connection must be noticed first, or an attempt that hangs, and a pause, must end.
    let noticed = longest.silence_limit();
    let lost = noticed + longest.reconnect_nonce.max(longest.reconnect_interval.min(BRIEF));
    let refused = STUBBORN.max(longest.reconnect_interval * 2);
    let unanswered = longest.reconnect_interval + longest.reconnect_nonce;
    lost.max(ATTEMPT + refused.max(unanswered)) + SLACK
}
