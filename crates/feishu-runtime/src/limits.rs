//! How much a dispatcher takes on at one time: every bound by name, with its reason.

/// Bounds on the work of one client. What goes past one is answered with code 500 and counted as shed: an event comes
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
    /// Handlers that run at one time, late ones included. 1024: enough for handlers that wait on a network, few enough
    /// for what they wait on.
    pub running: usize,
    /// Deliveries that wait for a free place. 4096: four rounds of [`Limits::running`]; more could not be served within
    /// the deadline by handlers that need half a second. A handler that [acknowledges
    /// first](crate::Route::acknowledge_first) may take half of the queue at most: what it has acknowledged cannot be
    /// turned away again, and the other half stays for clicks. When the queue is full, the newest delivery of the type
    /// that waits most gives way to a type that waits less.
    pub queued: usize,
    /// Bytes of all payloads that run or wait. 256 MiB: sixteen of the largest that the long connection lets in.
    pub held_bytes: usize,
    /// Deliveries that wait behind one key of an ordered handler. 128: what a chat can type while a handler hangs.
    pub waiting_per_key: usize,
    /// Blocking handlers that run at one time, all types together. 64, of the 512 threads that a tokio runtime has for
    /// blocking work.
    pub blocking: usize,
    /// Futures that wait for one answer to be written. 16 per delivery.
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
