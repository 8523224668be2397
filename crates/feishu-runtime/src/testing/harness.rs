//! A test harness that calls a dispatcher as a client would.

use std::any::{Any, type_name};
use std::fmt;

use feishu_transport::{Answer, Delivery, Received};
use serde_json::Value;

use super::received;
use crate::call::Kept;
use crate::core::Core;
use crate::dispatch::Intake;
use crate::{Dispatcher, Stats};

/// A dispatcher with everything a client adds (limits, deadlines, deduplication), without a transport.
///
/// It needs a tokio runtime; on tokio's paused clock (`#[tokio::test(start_paused = true)]`) deadlines pass at once.
pub struct Harness {
    intake: Intake,
}

/// The answer to [`Harness::call`].
pub struct Answered {
    answer: Answer,
    kept: Kept,
}

impl Harness {
    /// Creates a harness with its own deduplication memory and counters.
    pub fn new(dispatcher: &Dispatcher) -> Self {
        Self { intake: dispatcher.intake(None, None) }
    }

    /// Delivers one callback and waits for its answer. `payload` is the JSON of a callback or an event: a builder of the
    /// local platform, a [`serde_json::Value`] or a text. The message that carries it has ids of its own and arrives now;
    /// [`call_received`](Self::call_received) takes another.
    ///
    /// # Cancel safety
    ///
    /// The delivery is made at the first poll; dropping the future after it leaves the handler running.
    pub async fn call(&self, payload: impl fmt::Display) -> Answered {
        self.call_received(received(&payload)).await
    }

    /// Delivers a message with chosen headers and arrival, and waits for its answer.
    ///
    /// # Cancel safety
    ///
    /// As [`call`](Self::call).
    pub async fn call_received(&self, received: Received) -> Answered {
        let (delivery, pending) = Delivery::channel(received);
        let call = self.intake.take(delivery, None, true);
        let answer = pending.await;
        Answered { answer, kept: call.map(|call| call.take_kept()).unwrap_or_default() }
    }

    fn core(&self) -> &Core {
        self.intake.core()
    }

    /// The counters so far.
    pub fn stats(&self) -> Stats {
        self.core().read_stats()
    }

    /// Waits until every handler has ended, late ones and `after_reply` included.
    pub async fn idle(&self) {
        self.core().tasks().close();
        self.core().tasks().wait().await;
        self.core().tasks().reopen();
    }

    /// Signals handlers that the client is stopping; see [`Context::cancelled`](crate::Context::cancelled).
    pub fn stop(&self) {
        self.core().stopping().cancel();
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.core().kill();
    }
}

impl Answered {
    /// The typed reply of the handler.
    ///
    /// # Panics
    ///
    /// If the handler did not return a reply of this type in time.
    #[track_caller]
    pub fn reply<R: Any>(self) -> R {
        let (answer, failure) = (self.answer.clone(), self.kept.failure.clone());
        match self.try_reply() {
            Some(reply) => reply,
            None => panic!(
                "no reply of type {}; the answer was {answer:?}, the failure: {}",
                type_name::<R>(),
                failure.as_deref().unwrap_or("none")
            ),
        }
    }

    /// The typed reply of the handler; `None` if it failed, was late, or returns another type.
    pub fn try_reply<R: Any>(self) -> Option<R> {
        self.kept.reply?.downcast().ok().map(|reply| *reply)
    }

    /// The reason why the handler gave no reply: an error, a panic, or why it did not run. `None` if it did not fail before
    /// the answer.
    pub fn failure(&self) -> Option<&str> {
        self.kept.failure.as_deref()
    }

    /// The code: 200 if the callback was processed, 500 if not.
    pub fn code(&self) -> u16 {
        self.answer.code()
    }

    /// The answer that would be sent to the platform.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The JSON that the user's client would get; `Null` if there is none.
    pub fn json(&self) -> Value {
        self.answer.data().and_then(|data| serde_json::from_slice(data).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness").field("stats", &self.stats().to_string()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered")
            .field("answer", &self.answer)
            .field("failure", &self.kept.failure)
            .finish_non_exhaustive()
    }
}
