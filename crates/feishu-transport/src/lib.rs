#![doc = include_str!("../README.md")]

mod answer;
mod app;
mod delivery;
mod error;
mod refusal;
mod secret;
mod transport;

pub use crate::answer::Answer;
pub use crate::app::{AppId, BaseUrl, Domain};
pub use crate::delivery::{Confirm, ConnectionInfo, Delivery, Receipt, Received, ReplyPath, Responder};
pub use crate::error::{Error, ErrorKind, Stage};
pub use crate::refusal::{CONNECTION_LIMIT, KNOWN_CODES, KnownCode, Refusal, RefusalClass, Step};
pub use crate::secret::{AppSecret, ConnectUrl};
pub use crate::transport::{Inbox, Stop, StopHandle, Transport};
pub use feishu_proto::{Kind, key};
