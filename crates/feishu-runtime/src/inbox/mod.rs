//! The inbox: an event is stored before it is acknowledged, and removed once its handler has succeeded.

mod engine;
#[cfg(feature = "inbox-file")]
mod file;
mod memory;
#[cfg(feature = "inbox-redis")]
mod redis;
mod settings;
#[cfg_attr(
    not(feature = "inbox-file"),
    expect(dead_code, reason = "the file needs more of it than the memory")
)]
mod table;

#[cfg(feature = "inbox-redis")]
pub use self::redis::RedisInbox;
pub use engine::{ClaimEnd, ClaimedEvent, DeadLetter, InboxEngine, InboxError, InboxEvent, Stored};
#[cfg(feature = "inbox-file")]
pub use file::FileInbox;
pub use memory::MemoryInbox;
pub use settings::{EventInbox, InboxQueue};
