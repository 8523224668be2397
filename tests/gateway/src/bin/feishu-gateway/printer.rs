//! Standard output that never makes the platform wait: when its reader is slow lines are left out, when it left they all are.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

/// Lines that wait for a slow reader.
const LINES_LIMIT: usize = 4096;

#[derive(Clone)]
pub(crate) struct Printer {
    lines: SyncSender<String>,
    missed: Arc<AtomicU64>,
}

impl Printer {
    /// Starts the thread that writes; it ends with the process. `note` makes the line that says how many were left out.
    pub(crate) fn start(note: fn(u64) -> String) -> Self {
        let (lines, waiting) = sync_channel::<String>(LINES_LIMIT);
        let missed = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&missed);
        std::thread::spawn(move || {
            let mut output = std::io::stdout();
            for line in waiting {
                let missed = count.swap(0, Ordering::Relaxed);
                let note = if missed > 0 { note(missed) + "\n" } else { String::new() };
                if writeln!(output, "{note}{line}").and_then(|()| output.flush()).is_err() {
                    // The reader left, as `head` does; the platform goes on.
                    return;
                }
            }
        });
        Self { lines, missed }
    }

    pub(crate) fn line(&self, line: String) {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(line) {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}
