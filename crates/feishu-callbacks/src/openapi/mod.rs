//! Requests and answers of the few OpenAPI calls that a card handler needs. Sending them is the caller's.

mod token;

pub use token::{CallbackToken, TokenSpent};
