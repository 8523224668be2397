//! Tests of handlers without a socket: call the dispatcher with a callback, look at the typed reply.
//!
//! A callback is JSON. The builders of the local platform (crate `feishu-gateway`) make it, and are the same that push
//! to a client in an end-to-end test.
//!
//! ```
//! use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
//! use feishu_gateway::Click;
//! use feishu_runtime::testing::Harness;
//! use feishu_runtime::{Context, Dispatcher};
//!
//! fn dispatcher() -> Dispatcher {
//!     Dispatcher::builder()
//!         .on(|click: CardActionTrigger, _| async move {
//!             let note = click.event.action.form_value.text("note").unwrap_or_default();
//!             Ok(CardReply::toast(Toast::success(format!("Saved: {note}"))))
//!         })
//!         .build()
//!         .unwrap()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let harness = Harness::new(&dispatcher());
//! let answer = harness.call(Click::button("save").field("note", "milk")).await;
//! let reply: CardReply = answer.reply();
//! assert_eq!(reply, CardReply::toast(Toast::success("Saved: milk")));
//! # }
//! ```

#[cfg(feature = "openapi")]
mod fake_api;
mod harness;
mod pipe;

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use feishu_transport::{Received, header_name};

pub use crate::inbox::MemoryInbox;
#[cfg(feature = "openapi")]
pub use fake_api::{FakeApi, FakeCall};
pub use harness::{Answered, Harness};
pub use pipe::{Pipe, PipeTransport, pipe};

/// A message that carries this JSON, with the ids that a frame would have.
fn received(payload: &impl Display) -> Received {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Relaxed);
    let headers = [
        (header_name::MESSAGE_ID.to_owned(), format!("test-message-{number}")),
        (header_name::TRACE_ID.to_owned(), format!("test-trace-{number}")),
    ];
    Received::new(payload.to_string(), headers)
}
