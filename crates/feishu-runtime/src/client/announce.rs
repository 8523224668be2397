//! Status lines on standard error, for programs without a log.
//!
//! Without a `tracing` subscriber a bot that cannot connect would give no sign at all. So the client prints, once for each
//! change, that it starts, that it is connected, or why it is not.

use std::io::Write as _;

use feishu_transport::{State, States};
use tokio_util::task::AbortOnDropHandle;

/// Prints on standard error while it lives.
pub(super) struct Announcer {
    /// The last line, which is not printed again.
    last: String,
}

impl Announcer {
    /// Starts printing if no subscriber is set, until the returned guard is dropped.
    pub(super) fn start(start: &str, mut states: States) -> Option<AbortOnDropHandle<()>> {
        if tracing::dispatcher::has_been_set() {
            return None;
        }
        let mut announcer = Self { last: String::new() };
        announcer.print(start.to_owned());
        Some(AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(state) = states.next().await {
                if let Some(line) = line(&state) {
                    announcer.print(line);
                }
            }
        })))
    }

    fn print(&mut self, line: String) {
        if line != self.last {
            // A closed standard error must not stop the client.
            let _ = writeln!(std::io::stderr(), "feishu: {line}");
            self.last = line;
        }
    }
}

/// The line for a state; `None` for one that is not printed.
fn line(state: &State) -> Option<String> {
    match state {
        State::Connected(connected) => Some(format!("connected to {}", connected.info.address)),
        State::Waiting { cause: Some(cause), .. } => Some(format!("not connected, trying again: {cause}")),
        // `run` returns the reason.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use feishu_transport::Error;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn line_for_a_failed_connection_has_the_cause() {
        let state = State::Waiting { cause: Some(Error::lost("the peer is gone")), next_try: Instant::now() };
        let line = line(&state).unwrap();
        assert!(
            line.starts_with("not connected, trying again: ") && line.contains("the peer is gone"),
            "{line}"
        );
        assert_eq!(super::line(&State::Connecting { attempt: 1, since: Instant::now() }), None);
    }
}
