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

mod admission;
mod call;
mod callback;
#[cfg(feature = "openapi")]
mod card_stream;
mod client;
mod context;
mod core;
mod dedup;
mod dispatch;
#[cfg(feature = "doctor")]
#[cfg_attr(docsrs, doc(cfg(feature = "doctor")))]
pub mod doctor;
mod error;
mod handler;
mod histogram;
mod inbox;
mod limits;
mod meter;
mod observe;
#[cfg(feature = "openapi")]
mod openapi;
mod panics;
pub mod record;
mod stall;
mod stats;
mod stream;
mod supervisor;
pub mod testing;

/// The models: callbacks, events, replies.
pub use feishu_callbacks as callbacks;
/// The long connection and what it is made of.
pub use feishu_transport as transport;

pub use crate::call::Failure;
pub use crate::callback::Callback;
#[cfg(feature = "openapi")]
pub use crate::card_stream::{CardStream, Delivered, StreamError, StreamLife, StreamOptions, StreamTarget};
#[cfg(feature = "long-connection")]
pub use crate::client::LongConnectionSource;
#[cfg(feature = "signal")]
pub use crate::client::shutdown_signal;
pub use crate::client::{Client, ClientBuilder, ClientHandle, Health, Phase, Report};
pub use crate::context::Context;
#[cfg(feature = "dedup-file")]
pub use crate::dedup::FileStore;
#[cfg(feature = "dedup-redis")]
pub use crate::dedup::RedisStore;
pub use crate::dedup::{Dedup, DedupStore, StoreError, StoredClaim};
pub use crate::dispatch::{Dispatcher, DispatcherBuilder, Subscription, Subscriptions};
pub use crate::error::{Error, ErrorKind, HandlerError};
pub use crate::handler::{AnyRoute, Handler, Next, RawEvent, Route};
pub use crate::histogram::Latency;
#[cfg(feature = "inbox-file")]
pub use crate::inbox::FileInbox;
#[cfg(feature = "inbox-redis")]
pub use crate::inbox::RedisInbox;
pub use crate::inbox::{
    ClaimEnd, ClaimedEvent, DeadLetter, EventInbox, InboxEngine, InboxError, InboxEvent, InboxQueue, Stored,
};
pub use crate::limits::Limits;
pub use crate::observe::{AnswerInfo, AttemptInfo, DeliveryInfo, Observer};
#[cfg(feature = "openapi")]
pub use crate::openapi::{CallAnswer, CallError, Download, OpenApi, TenantToken};
pub use crate::panics::capture_panic_locations;
pub use crate::stats::{
    AttemptCounts, AttemptEnd, Fate, FateCounts, HandlerStats, Incident, IncidentCounts, Outcome,
    OutcomeCounts, RateCounts, Stats,
};
pub use crate::stream::{CallbackStream, PendingCallback};
pub use crate::supervisor::{AppState, AppStatus, Supervisor};

/// What most bots need: `use feishu_runtime::prelude::*;`.
pub mod prelude {
    pub use feishu_callbacks::{
        CardActionTrigger, CardReply, MessageReceive, PreviewReply, Template, Toast, UrlPreviewGet,
    };
    pub use feishu_transport::{AppSecret, Domain};

    pub use crate::{Client, Context, Dispatcher, HandlerError, Route};
}

/// The guides' examples compile and run as tests of this crate.
#[cfg(all(doctest, feature = "long-connection"))]
mod guides {
    #[doc = include_str!("../../../docs/guides/handlers.md")]
    mod handlers {}
    #[doc = include_str!("../../../docs/guides/answer-messages.md")]
    mod answer_messages {}
    #[doc = include_str!("../../../docs/events.md")]
    mod events {}
    #[doc = include_str!("../../../docs/guides/testing.md")]
    mod testing {}
    #[doc = include_str!("../../../docs/guides/click-a-card.md")]
    mod click_a_card {}
    #[doc = include_str!("../../../docs/guides/send-and-reply.md")]
    mod send_and_reply {}
    #[doc = include_str!("../../../docs/guides/stream-an-answer.md")]
    mod stream_an_answer {}
    #[doc = include_str!("../../../docs/guides/deploy.md")]
    mod deploy {}
    #[doc = include_str!("../../../docs/guides/inbox.md")]
    mod inbox {}
    #[doc = include_str!("../../../docs/guides/several-apps.md")]
    mod several_apps {}
}
