//! A notifier: calls an observer on a separate thread, so that a slow one delays nothing.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

/// A bounded queue to an observer on its own thread. Dropping the notifier ends the thread after the queued items.
pub struct Notifier<T>(mpsc::SyncSender<T>);

impl<T: Send + 'static> Notifier<T> {
    /// Starts the thread `name`, which calls `observer` with each item. A panic ends that one call only.
    ///
    /// # Errors
    ///
    /// If the system cannot start a thread.
    pub fn start(
        name: &str,
        backlog: usize,
        mut observer: impl FnMut(T) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(backlog);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            for item in receiver {
                if catch_unwind(AssertUnwindSafe(|| observer(item))).is_err() {
                    tracing::error!(
                        thread = std::thread::current().name(),
                        "an observer panicked; it will be called again"
                    );
                }
            }
        })?;
        Ok(Self(sender))
    }

    /// Queues an item. False if the queue is full and the item was dropped.
    #[must_use]
    pub fn notify(&self, item: T) -> bool {
        self.0.try_send(item).is_ok()
    }
}

impl<T> Clone for Notifier<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Notifier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_observer_misses_items_and_a_panicking_one_gets_the_next() {
        let (gate, open) = mpsc::channel::<()>();
        let (seen, calls) = mpsc::channel();
        let notifier = Notifier::start("test-observer", 1, move |item: u8| {
            open.recv().unwrap();
            seen.send(item).unwrap();
            assert!(item != 1, "a panic of the observer");
        })
        .unwrap();
        assert!(notifier.notify(1));
        // Until the thread has taken the first one, the second may find no place.
        while !notifier.notify(2) {
            std::thread::yield_now();
        }
        assert!(!notifier.notify(3), "one is in the observer, one waits");
        gate.send(()).unwrap();
        gate.send(()).unwrap();
        assert_eq!((calls.recv().unwrap(), calls.recv().unwrap()), (1, 2));
    }
}
