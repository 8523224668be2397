//! Recording what a transport delivers, and running it again.

mod line;
mod recorder;
mod redact;
mod replay;

pub use recorder::Recorder;
pub use redact::Redaction;
pub use replay::{Difference, Replay, ReplayReport};
