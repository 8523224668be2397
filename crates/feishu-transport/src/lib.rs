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
mod backoff;
mod connect_url;
mod connection;
mod counters;
mod credential;
mod delivery;
mod dial;
mod domain;
mod endpoint;
mod error;
#[cfg(feature = "http")]
mod http;
mod lifecycle;
mod limits;
mod link;
mod net;
mod notify;
mod refusal;
mod secret;
mod session;
mod setters;
mod settings;
mod stage;
mod state;
mod stop;
mod takeover;
mod transport;
mod url;

pub use crate::answer::Answer;
pub use crate::connect_url::ConnectUrl;
pub use crate::connection::{
    ConnectionHandle, LongConnection, LongConnectionBuilder, OnConnectionLimit, Retries, States,
};
pub use crate::counters::CounterValues;
pub use crate::credential::{ClientAssertion, Credential};
pub(crate) use crate::delivery::{Confirm, ReplyPath};
pub use crate::delivery::{ConnectionInfo, Delivery, PendingAnswer, Receipt, Received};
pub use crate::dial::{BoxStream, ByteStream, Dial, Target};
pub use crate::domain::Domain;
pub use crate::endpoint::{Endpoint, EndpointSource};
pub use crate::error::{Error, ErrorKind};
pub use crate::lifecycle::LifecycleEvent;
pub use crate::limits::{Limits, Timeouts};
pub use crate::link::{Connect, Link, Message};
#[doc(hidden)]
pub use crate::notify::Notifier;
#[doc(hidden)]
pub use crate::refusal::CONNECTION_LIMIT;
pub use crate::refusal::{Language, Refusal, RefusalClass};
pub use crate::secret::AppSecret;
pub use crate::settings::{ServerSettings, SettingsUpdate};
pub use crate::stage::Stage;
pub use crate::state::{Connected, State};
pub use crate::stop::{Shutdown, ShutdownHandle};
pub use crate::takeover::Takeover;
pub use crate::transport::{Inbox, Transport};
pub use feishu_proto::{Kind, header_name};

/// Only in a build for the fuzz targets.
#[cfg(fuzzing)]
pub use crate::session::fuzzed;

#[cfg(feature = "http")]
pub use crate::http::{HttpClient, HttpEndpoint, HttpRequest, HttpResponse, HttpStream};
#[cfg(feature = "http")]
pub use crate::net::NetworkDial;
#[cfg(feature = "proxy")]
pub use crate::net::ProxyPolicy;
#[cfg(feature = "tls")]
pub use crate::net::Tls;
#[cfg(feature = "ws")]
pub use crate::net::WebSocketConnect;
#[cfg(feature = "doctor")]
pub use crate::net::{Certificate, Probe};
