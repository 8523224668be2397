//! The moment between a deadline that is over and giving the peer up.

use std::time::Duration;

use tokio::time::Instant;

/// Long enough for the runtime to look at its sockets and for the clocks to be compared.
const DOUBT: Duration = Duration::from_millis(10);

/// Whether a peer that seems to be dead is taken for dead. After the process was stopped or its runtime was blocked,
/// what has arrived meanwhile may not be known to it yet.
#[derive(Default)]
pub(super) struct Doubt {
    pub(super) until: Option<Instant>,
}

impl Doubt {
    /// Takes what the deadlines say now; `fired` is whether the timer did since it was last set. A timer fires only
    /// after the runtime has looked at its sockets.
    pub(super) fn is_over(&mut self, seems_dead: bool, fired: bool, now: Instant) -> bool {
        if !seems_dead {
            self.until = None;
            return false;
        }
        fired && *self.until.get_or_insert(now + DOUBT) <= now
    }
}
