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

mod answer;
mod app;
mod assertion;
mod backoff;
mod client;
mod counters;
mod delivery;
mod dial;
mod endpoint;
mod error;
#[cfg(feature = "http")]
mod http;
mod lifecycle;
mod limits;
mod link;
#[cfg(feature = "proxy")]
mod proxy;
mod refusal;
mod secret;
mod session;
mod settings;
mod state;
#[cfg(feature = "http")]
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod transport;
#[cfg(feature = "ws")]
mod ws;

pub use crate::answer::Answer;
pub use crate::app::{AppId, BaseUrl, Domain};
pub use crate::client::{
    ConnectionHandle, LongConnection, LongConnectionBuilder, OnConnectionLimit, Retries, StateWatch,
};
pub use crate::counters::CounterValues;
pub use crate::delivery::{Confirm, ConnectionInfo, Delivery, Receipt, Received, ReplyPath, Responder};
pub use crate::dial::{BoxStream, ByteStream, Dial, Target};
pub use crate::endpoint::{Endpoint, EndpointSource};
pub use crate::error::{Error, ErrorKind, Stage};
pub use crate::lifecycle::LifecycleEvent;
pub use crate::limits::{Limits, Timeouts};
pub use crate::link::{Connect, Link, Message};
#[doc(hidden)]
pub use crate::refusal::CONNECTION_LIMIT;
pub use crate::refusal::{Language, Refusal, RefusalClass};
pub use crate::secret::{AppSecret, ConnectUrl};
pub use crate::settings::{ServerSettings, SettingsUpdate};
pub use crate::state::{Connected, State};
pub use crate::transport::{Inbox, Shutdown, ShutdownHandle, Transport};
pub use feishu_proto::{Kind, header_name};

#[cfg(feature = "http")]
pub use crate::http::{ApiAnswer, HttpEndpoint, OpenApi};
#[cfg(feature = "proxy")]
pub use crate::proxy::ProxyPolicy;
#[cfg(feature = "http")]
pub use crate::tcp::NetworkDial;
#[cfg(feature = "tls")]
pub use crate::tls::Tls;
#[cfg(feature = "ws")]
pub use crate::ws::WebSocketConnect;
