//! Handlers: what they take and return, and how one is registered.

mod failure;
mod invoke;
mod layer;
mod raw;
mod route;
#[cfg(feature = "openapi")]
mod update;

use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Envelope, EventBody, Header, Reply, decode_with};

pub use failure::Failure;
pub use layer::Next;
pub use raw::RawEvent;
pub use route::{AnyRoute, Route};

pub(crate) use invoke::{Invoke, Prepared, encode};
pub(crate) use layer::{Layer, layer, wrap};
pub(crate) use route::{Late, OnError};

use crate::{Context, HandlerError};

/// What a typed handler takes: an [`Envelope`] of any [`EventBody`].
///
/// You do not implement it: implement [`EventBody`] for the struct that stands in `event`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a callback that a handler can take",
    label = "not a callback",
    note = "the first argument of a handler is a callback such as `CardActionTrigger` or `UrlPreviewGet`, or \
            `Envelope<T>` where your own `T` implements `feishu_callbacks::EventBody`"
)]
pub trait Callback: Send + Sized + 'static {
    /// The type it is registered for.
    const TYPE: &'static str;

    /// What a handler of it returns.
    type Reply: Reply;

    /// Reads it.
    ///
    /// # Errors
    ///
    /// When the payload cannot be read as this type.
    fn decode(header: &Arc<Header>, payload: &Bytes) -> Result<Self, DecodeError>;
}

impl<B: EventBody> Callback for Envelope<B> {
    const TYPE: &'static str = B::TYPE;
    type Reply = B::Reply;

    fn decode(header: &Arc<Header>, payload: &Bytes) -> Result<Self, DecodeError> {
        decode_with(Arc::clone(header), payload)
    }
}

/// A handler as a type of its own, where a closure is not enough.
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
    /// Handles one callback. It may be called many times at once.
    fn call(&self, callback: C, cx: Context) -> impl Future<Output = Result<C::Reply, HandlerError>> + Send;
}

/// A shared handler, for a program that keeps hold of it.
impl<C: Callback, H: Handler<C>> Handler<C> for Arc<H> {
    fn call(&self, callback: C, cx: Context) -> impl Future<Output = Result<C::Reply, HandlerError>> + Send {
        H::call(self, callback, cx)
    }
}
