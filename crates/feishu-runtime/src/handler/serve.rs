//! The forms of a handler: closure, function, method on an `Arc`, trait.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Envelope, EventBody, Header, Reply, decode_with};

use super::Route;
use crate::{Context, HandlerError};

/// What a typed handler takes: an [`Envelope`] of any [`EventBody`].
///
/// You do not implement it: implement [`EventBody`] for the struct that stands in `event`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a callback that a handler can take",
    label = "not a callback",
    note = "the first argument of a handler is a callback such as `CardActionTrigger` or `UrlPreviewGet`, or \
            `Envelope<T>` where your own `T` implements `feishu_callbacks::Body`"
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
/// use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
/// use feishu_runtime::{Context, Dispatcher, Handler, HandlerError};
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

/// A handler that implements [`Handler`], for [`register`](crate::DispatcherBuilder::register) with options.
#[track_caller]
pub fn of<C: Callback, H: Handler<C>>(handler: H) -> Route<C, C::Reply, impl Serve<C, C::Reply>> {
    Route::new(C::TYPE, C::decode, OfHandler(handler, PhantomData))
}

/// A method on a shared value as a handler, for [`register`](crate::DispatcherBuilder::register) with options.
#[track_caller]
pub fn method<C, S, F, Fut>(target: Arc<S>, method: F) -> Route<C, C::Reply, impl Serve<C, C::Reply>>
where
    C: Callback,
    S: Send + Sync + 'static,
    F: Fn(Arc<S>, C, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C::Reply, HandlerError>> + Send + 'static,
{
    Route::new(C::TYPE, C::decode, move |callback, cx| method(Arc::clone(&target), callback, cx))
}

/// The common form below all others: takes `E`, returns `R`. Sealed by being unnameable.
pub trait Serve<E, R>: Send + Sync + 'static {
    /// Starts one call.
    fn serve(&self, event: E, cx: Context) -> impl Future<Output = Result<R, HandlerError>> + Send;
}

impl<E, R, F, Fut> Serve<E, R> for F
where
    F: Fn(E, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, HandlerError>> + Send,
{
    fn serve(&self, event: E, cx: Context) -> impl Future<Output = Result<R, HandlerError>> + Send {
        self(event, cx)
    }
}

struct OfHandler<C, H>(H, PhantomData<fn(C)>);

impl<C: Callback, H: Handler<C>> Serve<C, C::Reply> for OfHandler<C, H> {
    fn serve(&self, callback: C, cx: Context) -> impl Future<Output = Result<C::Reply, HandlerError>> + Send {
        self.0.call(callback, cx)
    }
}
