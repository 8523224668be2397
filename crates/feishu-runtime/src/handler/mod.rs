//! Handlers, their routes and their options.

mod invoke;
mod layer;
mod once;
mod options;
mod raw;
mod route;
mod serving;
mod typed;
#[cfg(feature = "openapi")]
mod update;

use std::sync::Arc;

pub use layer::Next;
pub use raw::RawEvent;
pub use route::{AnyRoute, Route};

pub(crate) use invoke::Invoke;
pub(crate) use layer::{Layer, layer, wrap};
pub(crate) use options::{Late, OnError};

use crate::{Callback, Context, HandlerError};

/// A handler implemented as a type instead of a closure.
///
/// ```
/// use feishu_runtime::prelude::*;
/// use feishu_runtime::Handler;
///
/// struct Greeter { greeting: String }
///
/// impl Handler<CardActionTrigger> for Greeter {
///     async fn call(&self, _click: CardActionTrigger, _cx: Context) -> Result<CardReply, HandlerError> {
///         Ok(CardReply::toast(Toast::success(&self.greeting)))
///     }
/// }
///
/// let dispatcher = Dispatcher::builder().on_handler(Greeter { greeting: "Hello".to_owned() }).build()?;
/// # Ok::<(), feishu_runtime::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of `{C}`",
    note = "a handler is an async closure or function `(callback, Context) -> Result<its reply, HandlerError>`, or \
            implements `Handler<the callback>`"
)]
pub trait Handler<C: Callback>: Send + Sync + 'static {
    /// Handles one callback. It may be called concurrently.
    fn call(&self, callback: C, cx: Context) -> impl Future<Output = Result<C::Reply, HandlerError>> + Send;
}

/// A shared handler, for a program that keeps a reference to it.
impl<C: Callback, H: Handler<C>> Handler<C> for Arc<H> {
    fn call(&self, callback: C, cx: Context) -> impl Future<Output = Result<C::Reply, HandlerError>> + Send {
        H::call(self, callback, cx)
    }
}
