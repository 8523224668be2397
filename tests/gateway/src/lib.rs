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

mod active_faults;
mod answer;
mod apps;
mod body;
mod builder;
mod card;
mod card_entity;
mod check;
mod click;
mod connection;
mod deliver;
mod dispatch;
mod encode;
mod endpoint;
mod envelope;
mod error;
mod event;
mod event_sample;
mod fault;
mod finding;
mod gateway;
mod handshake;
mod inflight;
mod journal;
mod judge;
mod kept;
mod ladder;
mod local;
mod message;
mod messages;
mod openapi;
mod outgoing;
mod page;
mod peer;
mod people;
mod preview;
mod record;
mod sent;
mod serve;
mod settings;
mod shared;
#[cfg(feature = "tls")]
mod tls;
mod uploads;
mod verdict;
mod webhook;
mod wire;

pub use feishu_proto::{Bytes, Frame, Header};
pub use serde_json::{Value, json};

pub use crate::answer::Answered;
pub use crate::builder::{Builder, LimitAt};
pub use crate::click::Click;
pub use crate::error::{Error, ErrorKind};
pub use crate::event::Event;
pub use crate::fault::{Absent, Fault, HandshakeRefusal, Refusal};
pub use crate::finding::{Finding, FindingKind, Severity};
pub use crate::gateway::Gateway;
pub use crate::journal::{Entry, Seen};
pub use crate::message::BotMessage;
pub use crate::outgoing::Outgoing;
pub use crate::peer::{Connection, ConnectionId};
pub use crate::preview::Preview;
pub use crate::sent::Sent;
pub use crate::settings::Settings;
pub use crate::verdict::Verdict;
