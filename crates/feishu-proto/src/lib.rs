#![doc = include_str!("../README.md")]

mod frame;
#[rustfmt::skip]
mod generated;
mod header;
mod kind;
mod raw;
mod wire;

pub use bytes::Bytes;
pub use prost::{DecodeError, Message};

pub use crate::generated::{Frame, Header};
pub use crate::header::key;
pub use crate::kind::{Kind, Method};
pub use crate::raw::RawFrame;
