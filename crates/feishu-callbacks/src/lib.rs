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

pub mod build;
mod card;
mod decode;
mod envelope;
mod error;
mod event_types;
#[cfg(feature = "events")]
mod events;
mod finding;
mod header;
mod ids;
pub mod im;
mod language;
pub mod markdown;
#[cfg(feature = "events")]
#[cfg_attr(
    not(feature = "all-events"),
    allow(dead_code, unused_imports, unused_macros, reason = "one domain leaves out what another uses")
)]
mod model;
mod newtype;
mod open_enum;
pub mod openapi;
mod operator;
mod preview;
mod profile;
mod reply;
mod secret;
mod text;
mod time;
pub mod tolerant;
pub mod webhook;

pub use card::{
    Action, ActionTag, ActionValue, CallbackToken, CardActionEvent, CardActionTrigger, CardContent,
    CardContext, CardError, CardErrorKind, CardReply, CardSettings, DeliveryType, Dialect, FormValue, Host,
    MAX_CARD_BYTES, MAX_CARD_ELEMENTS, Operator, PickedDate, PickedDateTime, PickedError, PickedOffset,
    PickedTime, RawCard, Template, Toast, ToastKind, ToastLanguage, TokenSpent, TypingPace, TypingStrategy,
};
pub use decode::{decode, decode_with, peek};
pub use envelope::{Envelope, EventBody};
pub use error::{DecodeError, DecodeErrorKind, FieldError, OddField};
#[cfg(feature = "events")]
#[allow(unreachable_pub, unused_imports, reason = "empty without a domain")]
pub use events::*;
pub use finding::{Finding, Rule};
pub use header::{Header, Schema, VerificationToken};
pub use ids::{
    AppId, CardId, ChatId, EventId, EventType, MessageId, OpenId, PreviewToken, TenantKey, ThreadId, UnionId,
    UserId,
};
pub use im::{
    BotAdded, BotDeleted, BotMenu, BotP2pChatEntered, MessageRead, MessageRecalled, MessageReceive,
    MessageUpdated, P2pChatCreated, ReactionCreated, ReactionDeleted, UserAdded, UserDeleted,
};
pub use language::UnknownLanguage;
pub use open_enum::OtherName;
pub use operator::operator;
pub use preview::{
    PreviewLanguage, PreviewParty, PreviewPartyId, PreviewPlace, PreviewReply, PreviewUrls, UrlPreviewEvent,
    UrlPreviewGet,
};
pub use profile::{ProfileViewEvent, ProfileViewGet};
pub use reply::{Reply, ReplyError};
pub use time::{Timestamp, TimestampError};

/// Runs the examples of the component table as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/components.md")]
mod components {}
