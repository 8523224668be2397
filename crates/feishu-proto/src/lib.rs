#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Shipped code does not panic or print; tests and examples may.
#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::unwrap_used
    )
)]

mod codec;
mod frame;
#[rustfmt::skip]
mod generated;
mod header;
mod kind;
mod places;
mod raw;
mod wire;

pub use bytes::Bytes;

pub use crate::codec::DecodeError;
pub use crate::generated::{Frame, Header};
pub use crate::header::header_name;
pub use crate::kind::{Kind, Method};
pub use crate::raw::RawFrame;
