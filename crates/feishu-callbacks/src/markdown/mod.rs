//! Long markdown: splitting it at the platform's limits, and showing it while it grows.
//!
//! - [`split`] makes pieces that fit into a card or a message, at paragraphs, with fences closed and heads of tables repeated.
//! - [`SafePrefix`] finds what of a growing text can be shown, for streams.
//! - [`for_card`] turns what cards do not know into what they know, [`limit_tables`] tables into code.
//! - [`escape`] and [`escape_text`] are for words of a user inside a bot's message.
//!
//! All of it works on text, without I/O. The scanner is this crate's own, because it must go on where it stopped when a text
//! grows, and because the platform's markdown is a dialect with tags of its own; a parser of the `CommonMark` standard does
//! neither, and the crate depends on serde and `serde_json` only.

mod blocks;
mod cut;
mod dialect;
mod escape;
mod growing;
mod inline;
mod json_len;
mod lines;
mod links;
mod split;
mod tables;

pub use dialect::for_card;
pub use escape::{escape, escape_text};
pub use growing::{SafePrefix, Snapshot, safe_prefix};
pub use split::{SplitLimits, split};
pub use tables::{MAX_CARD_TABLES, limit_tables, tables_in};
