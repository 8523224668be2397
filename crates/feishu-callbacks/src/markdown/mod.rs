//! Long markdown: how much of a growing text can be shown.
//!
//! The scanner is this crate's own, because it must go on where it stopped when a text grows, and because the platform's
//! markdown is a dialect with tags of its own; a parser of the `CommonMark` standard does neither, and the crate depends on
//! serde and `serde_json` only.

mod growing;
mod inline;
mod lines;

pub use growing::{SafePrefix, Snapshot, safe_prefix};
