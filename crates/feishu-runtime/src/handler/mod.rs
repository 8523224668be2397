//! What handlers are, and how one is registered.

mod blocking;
mod invoke;
mod raw;
mod registration;
mod serve;
#[cfg(feature = "long-connection")]
mod update;

pub use raw::RawEvent;
pub use registration::{Route, handler, raw};
pub use serve::{Callback, Handler};

pub use blocking::blocking;
pub use serve::{method, of};

pub(crate) use invoke::{Fault, Invoke, Prepared, encode};
pub(crate) use registration::{Late, Options};
pub(crate) use serve::Serve;
