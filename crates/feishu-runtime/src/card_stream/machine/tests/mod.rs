//! Streams without I/O: what they send, and when.

mod chance;
mod long_text;
mod pace;
mod pitfalls;
mod play;
