//! The pause in reading while unanswered messages hold too many bytes, so that the peer feels the load before a delivery
//! is refused for it.

use std::time::Duration;

use tokio::time::Instant;

/// The length of one pause: short against the time that a message has, as the messages behind it wait for as long.
const PAUSE: Duration = Duration::from_millis(50);

/// A pause that is under way, if any.
#[derive(Default)]
pub(super) struct Hold {
    pub(super) until: Option<Instant>,
}

/// What is read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing: the pause goes on.
    Pause,
    /// Messages, until too many bytes are unanswered.
    UntilOver,
    /// Messages, whatever is unanswered: the pause was in vain.
    All,
}

impl Hold {
    /// Decides before reading. `is_over` is whether too many bytes are unanswered.
    pub(super) fn turn(&mut self, is_over: bool) -> Turn {
        match self.until {
            Some(until) if is_over && Instant::now() < until => return Turn::Pause,
            Some(_) if is_over => {
                self.until = None;
                return Turn::All;
            }
            _ => self.until = None,
        }
        if is_over {
            self.begin();
            return Turn::Pause;
        }
        Turn::UntilOver
    }

    /// Begins a pause.
    pub(super) fn begin(&mut self) {
        self.until = Some(Instant::now() + PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turn_pauses_once_and_then_lets_a_batch_through() {
        let mut hold = Hold::default();
        assert_eq!(hold.turn(false), Turn::UntilOver);
        assert_eq!(hold.turn(true), Turn::Pause);
        tokio::time::advance(Duration::from_millis(49)).await;
        assert_eq!(hold.turn(true), Turn::Pause);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(hold.turn(true), Turn::All);
        assert_eq!(hold.turn(true), Turn::Pause, "the next batch waits again");
        assert_eq!(hold.turn(false), Turn::UntilOver, "answers end a pause");
        assert_eq!(hold.until, None);
    }
}
