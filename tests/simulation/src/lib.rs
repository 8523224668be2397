#![doc = include_str!("../README.md")]

mod bounds;
mod handlers;
pub mod inbox;
mod ledger;
mod link;
pub mod lives;
mod messages;
mod outcome;
mod pings;
mod platform;
mod scenario;
mod weather;
mod world;

pub use crate::outcome::{Failure, Summary};

/// Lives through one seed. With `trace`, everything that happens is written down: the summary and the failure have it.
///
/// # Errors
///
/// What did not hold, and when.
///
/// # Panics
///
/// When no runtime can be made.
pub fn run(seed: u64, trace: bool) -> Result<Summary, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime of one thread");
    runtime.block_on(scenario::live(seed, trace))
}
