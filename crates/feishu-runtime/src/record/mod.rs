//! Recording of deliveries and answers, and their replay.

mod line;
mod recorder;
mod redact;
mod replay;

pub use recorder::Recorder;
pub use redact::Redaction;
pub use replay::{Difference, Replay, ReplayReport};
