//! The limits of a dispatcher, with the reason for each default.

/// The limits of one client. A delivery over a limit is answered with code 500 and counted as shed: an event comes
/// again in 15 seconds, the user who clicked sees an error at once instead of after three seconds.
///
/// ```
/// use feishu_runtime::Limits;
///
/// let limits = Limits::default().running(64).queued(8);
/// assert_eq!((limits.running, limits.queued), (64, 8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum concurrent handlers, late ones included. 1024 by default: enough for handlers that wait on a network, few
    /// enough for the services they call.
    pub running: usize,
    /// Maximum deliveries waiting for a running slot. 4096 by default: four rounds of [`Limits::running`], as more could not
    /// be served within the deadline by handlers that take half a second. A handler that [acknowledges
    /// first](crate::Route::acknowledge_first) may use at most half of the queue, because its waiting deliveries cannot be
    /// refused any more. If the queue is full, a delivery of a type with fewer waiting replaces the newest one of the type
    /// with the most waiting.
    pub queued: usize,
    /// Maximum bytes of all running and waiting payloads. 256 MiB by default: sixteen of the largest messages that the long
    /// connection accepts.
    pub held_bytes: usize,
    /// Maximum deliveries waiting per key of an ordered handler. 128 by default: what a chat may write while a handler
    /// hangs.
    pub waiting_per_key: usize,
    /// Maximum concurrent blocking handlers of all types together. 64 by default, of the 512 threads that a tokio runtime
    /// has for blocking work.
    pub blocking: usize,
    /// Maximum futures per delivery that wait for its answer to be written. 16 by default.
    pub after_reply: usize,
}

feishu_transport::__setters!(Limits {
    running: usize,
    queued: usize,
    held_bytes: usize,
    waiting_per_key: usize,
    blocking: usize,
    after_reply: usize,
});

impl Default for Limits {
    fn default() -> Self {
        Self {
            running: 1024,
            queued: 4096,
            held_bytes: 256 << 20,
            waiting_per_key: 128,
            blocking: 64,
            after_reply: 16,
        }
    }
}
