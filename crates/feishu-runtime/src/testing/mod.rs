//! Testing handlers without a socket: build a callback, call the dispatcher, look at the typed reply.
//!
//! ```
//! use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
//! use feishu_runtime::testing::{CardClick, Harness};
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
//! let answer = harness.call(CardClick::new().form_text("note", "milk")).await;
//! let reply: CardReply = answer.reply();
//! assert_eq!(reply, CardReply::toast(Toast::success("Saved: milk")));
//! # }
//! ```

#[cfg(feature = "openapi")]
mod fake_api;
mod fixture;
mod harness;
mod pipe;

#[cfg(feature = "openapi")]
pub use fake_api::{FakeApi, FakeCall};
pub use fixture::{CardClick, Event, LinkPreview, Message};
pub use harness::{Answered, Harness};
pub use pipe::{Pipe, PipeTransport, pipe};
