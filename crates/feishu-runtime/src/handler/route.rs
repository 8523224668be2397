//! A route: a handler with its event type and options.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{Location, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use feishu_callbacks::{Reply, ReplyError};
use feishu_transport::Answer;

use super::invoke::Invoke;
use super::layer::{Next, layer};
use super::options::{Late, Options, TypedOptions};
use super::typed::{Read, Serve, Typed};
use super::{Handler, RawEvent};
use crate::{Callback, Context, Failure, HandlerError};

/// A handler with its event type and options, for [`DispatcherBuilder::route`](crate::DispatcherBuilder::route).
///
/// It can be built in a function and returned. Convert routes of different types to [`AnyRoute`] to collect them.
///
/// ```
/// use std::time::Duration;
/// use feishu_runtime::prelude::*;
///
/// async fn summarise(click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError> {
///     Ok(CardReply::toast(Toast::success("Done")))
/// }
///
/// /// The rules of this bot for slow handlers.
/// fn patient<E: Send + 'static>(route: Route<E, CardReply>) -> Route<E, CardReply> {
///     route.on_late(CardReply::toast(Toast::info("Working on it"))).concurrency(8)
/// }
///
/// let dispatcher = Dispatcher::builder().route(patient(Route::new(summarise)).named("summarise")).build()?;
/// # Ok::<(), feishu_runtime::Error>(())
/// ```
#[must_use = "a route does nothing until it is given to `DispatcherBuilder::route`"]
pub struct Route<E, R> {
    event_type: Cow<'static, str>,
    pub(super) options: Options,
    pub(super) typed: TypedOptions<E, R>,
    /// Combines the handler with its typed options, when these are complete.
    finish: Finish<E, R>,
}

type Finish<E, R> = Box<dyn FnOnce(TypedOptions<E, R>) -> Arc<dyn Invoke> + Send + Sync>;

/// A [`Route`] of any callback, for collections of routes: `vec![Route::new(a).into(), Route::new(b).into()]`.
#[must_use = "a route does nothing until it is given to `DispatcherBuilder::route`"]
pub struct AnyRoute {
    pub(crate) event_type: Cow<'static, str>,
    pub(crate) options: Options,
    pub(crate) invoke: Arc<dyn Invoke>,
}

impl<C: Callback> Route<C, C::Reply> {
    /// Creates a route of an async closure or function, for the callback type of its first argument.
    ///
    /// Its error type is [`HandlerError`], so that a closure can end with `Ok(…)` without a type annotation. For a function
    /// with another error type see [`from_fn`](Self::from_fn).
    #[track_caller]
    pub fn new<F, Fut>(handler: F) -> Self
    where
        F: Fn(C, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Reply, HandlerError>> + Send + 'static,
    {
        Self::make(C::TYPE, Read::of_callback(), handler)
    }

    /// Creates a route of an async function with any error type, such as `async fn … -> anyhow::Result<CardReply>`.
    #[track_caller]
    pub fn from_fn<F, Fut, Err>(handler: F) -> Self
    where
        F: Fn(C, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Reply, Err>> + Send + 'static,
        Err: Into<HandlerError> + 'static,
    {
        Self::make(C::TYPE, Read::of_callback(), move |callback, cx| {
            let running = handler(callback, cx);
            async move { running.await.map_err(Into::into) }
        })
    }

    /// Creates a route of a value that implements [`Handler`].
    #[track_caller]
    pub fn from_handler<H: Handler<C>>(handler: H) -> Self {
        let handler = Arc::new(handler);
        Self::make(C::TYPE, Read::of_callback(), move |callback, cx| {
            let handler = Arc::clone(&handler);
            async move { handler.call(callback, cx).await }
        })
    }

    /// Creates a route of a method on a shared value: `Route::method(&bot, Bot::save)`, with
    /// `async fn save(self: Arc<Self>, click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError>`. The error
    /// type can be any that converts into [`HandlerError`].
    #[track_caller]
    pub fn method<S, F, Fut, Err>(target: &Arc<S>, method: F) -> Self
    where
        S: Send + Sync + 'static,
        F: Fn(Arc<S>, C, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Reply, Err>> + Send + 'static,
        Err: Into<HandlerError> + 'static,
    {
        let target = Arc::clone(target);
        Self::from_fn(move |callback, cx| method(Arc::clone(&target), callback, cx))
    }

    /// Creates a route of a synchronous function that may block. It runs on a thread for blocking work, so that other
    /// handlers and the connection do not wait for it.
    ///
    /// At most [`Limits::blocking`](crate::Limits::blocking) run at a time per client; the others wait, and their deadlines
    /// keep running. A thread cannot be interrupted: a cancelled blocking handler runs to its end and its result is
    /// dropped. Long ones should check [`Context::is_cancelled`].
    #[track_caller]
    pub fn blocking<F>(handler: F) -> Self
    where
        F: Fn(C, Context) -> Result<C::Reply, HandlerError> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        Self::make(C::TYPE, Read::of_callback(), move |callback, cx: Context| {
            let handler = Arc::clone(&handler);
            async move {
                let place = Arc::clone(cx.core().blocking()).acquire_owned().await;
                let ended = tokio::task::spawn_blocking(move || {
                    let _place = place;
                    handler(callback, cx)
                });
                match ended.await {
                    Ok(result) => result,
                    Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                    Err(_) => Err("the runtime is shutting down".into()),
                }
            }
        })
    }
}

impl<R: Reply> Route<RawEvent, R> {
    /// Creates a route of an async closure or function for any type, by its name. It returns `()`, a
    /// [`serde_json::Value`] or a reply of `feishu_callbacks`.
    #[track_caller]
    pub fn raw<F, Fut>(event_type: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: Fn(RawEvent, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        let mut route = Self::make(event_type, Read::of_raw(), handler);
        route.typed.callback = None;
        route
    }
}

impl<E: Send + 'static, R: Reply> Route<E, R> {
    #[track_caller]
    fn make<H: Serve<E, R>>(event_type: impl Into<Cow<'static, str>>, read: Read<E>, handler: H) -> Self {
        let options = Options {
            name: None,
            deadline: None,
            late: Late::ByType,
            stopping: None,
            on_error: None,
            layers: Vec::new(),
            cancel_when_late: false,
            acknowledge_first: false,
            concurrency: None,
            unknown_type: false,
            needs_dedup: false,
            mistakes: Vec::new(),
            at: Location::caller(),
        };
        Self {
            event_type: event_type.into(),
            options,
            typed: TypedOptions {
                callback: Some(R::CALLBACK),
                key_of: None,
                dedup_by: None,
                once_per: None,
                late_result: None,
            },
            finish: Box::new(move |options| Arc::new(Typed { read, handler, options })),
        }
    }

    /// Sets the name in logs and counters; the event type by default.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Allows a type that looks like a misspelling of a [known](feishu_callbacks::EventType::KNOWN) one. Other unknown types
    /// are always allowed.
    pub fn allow_unknown_type(mut self) -> Self {
        self.options.unknown_type = true;
        self
    }

    /// Sets the deadline of the answer, counted from the arrival of the delivery. By default that of the dispatcher, 2.5 s;
    /// the platform waits 3 s (its documentation, "Card callback communication").
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Sets the reply at the deadline; the handler continues. By default a callback is answered with code 500 and an event
    /// is acknowledged.
    #[expect(clippy::needless_pass_by_value, reason = "a reply is made for this place, as a handler's is")]
    pub fn on_late(mut self, reply: R) -> Self {
        match json_of(&reply) {
            Ok(json) => self.options.late = Late::Answer(Answer::ok(json)),
            Err(error) => self.options.mistakes.push(error.to_string()),
        }
        self
    }

    /// As [`on_late`](Self::on_late), with a closure that creates the reply. It must not block.
    pub fn on_late_with(mut self, reply: impl Fn(&Context) -> R + Send + Sync + 'static) -> Self {
        self.options.late =
            Late::With(Box::new(move |cx| written(&reply(cx)).unwrap_or_else(Answer::failed)));
        self
    }

    /// The reply to a callback that is not handled, or not to its end, because the client stops: one whose handler is cut
    /// off by the end of the [grace](crate::ClientBuilder::grace), and one that comes so late in it that its handler might
    /// be. All others are handled as ever until the connection is closed. By default a click gets a toast that asks for
    /// another click, in Chinese or English, and other callbacks get code 500. Events get code 500 in any case: they come
    /// again.
    #[expect(clippy::needless_pass_by_value, reason = "a reply is made for this place, as a handler's is")]
    pub fn on_stopping(mut self, reply: R) -> Self {
        match json_of(&reply) {
            Ok(json) => self.options.stopping = Some(Answer::ok(json)),
            Err(error) => self.options.mistakes.push(error.to_string()),
        }
        self
    }

    /// Sets the reply if the handler fails, panics, or is refused by a limit, such as a toast for the user who clicked. The
    /// closure returns a reply, or an `Option` of one; `None` answers with code 500, as without `on_error`. It must not
    /// block.
    ///
    /// The delivery still counts as failed, and the failure is logged. The platform does not send an event again whose
    /// failure was answered with a reply.
    pub fn on_error<F, O>(mut self, reply: F) -> Self
    where
        F: Fn(&Failure, &Context) -> O + Send + Sync + 'static,
        O: Into<Option<R>>,
    {
        let on_error = move |failure: &Failure, cx: &Context| {
            reply(failure, cx).into().and_then(|reply| written(&reply))
        };
        self.options.on_error = Some(Arc::new(on_error));
        self
    }

    /// Adds a layer around the handler, inside the layers of the dispatcher; the first one added is the outermost. See
    /// [`DispatcherBuilder::layer`](crate::DispatcherBuilder::layer).
    pub fn layer<F, Fut>(mut self, around: F) -> Self
    where
        F: Fn(Context, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer, HandlerError>> + Send + 'static,
    {
        self.options.layers.push(layer(around));
        self
    }

    /// Answers with code 500 at the deadline, so that the platform sends the event again. The repeat is answered with the
    /// handler's result, if it is done by then.
    pub fn refuse_when_late(mut self) -> Self {
        self.options.late = Late::Answer(Answer::failed());
        self
    }

    /// Cancels the handler at the deadline by dropping its future, instead of letting it continue.
    pub fn cancel_when_late(mut self) -> Self {
        self.options.cancel_when_late = true;
        self
    }

    /// Handles the result of a handler whose delivery was already answered, at the deadline or by
    /// [`Context::reply_now`], for example by sending a delayed card update.
    pub fn on_late_result<F, Fut>(mut self, take: F) -> Self
    where
        F: Fn(R, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.typed.late_result = Some(Box::new(move |reply, cx| Box::pin(take(reply, cx))));
        self
    }

    /// Acknowledges a delivery as soon as it is accepted, before the handler runs. For events whose loss in a crash is
    /// acceptable, because the platform will not send them again.
    pub fn acknowledge_first(mut self) -> Self {
        self.options.acknowledge_first = true;
        self
    }

    /// Limits the concurrent calls of this handler; by default only the client's limit applies.
    pub fn concurrency(mut self, limit: usize) -> Self {
        if limit == 0 {
            self.options.mistakes.push("a concurrency of 0 would never run; use 1 or more".to_owned());
        }
        self.options.concurrency = Some(limit);
        self
    }

    /// Handles deliveries with the same key one at a time, in the order of their arrival. `key` must not block; it
    /// returns anything that can be hashed, such as a clone of the chat's id.
    pub fn in_order_by<K: Hash>(mut self, key: impl Fn(&E) -> K + Send + Sync + 'static) -> Self {
        self.typed.key_of = Some(Box::new(move |event| {
            let mut hasher = DefaultHasher::new();
            key(event).hash(&mut hasher);
            hasher.finish()
        }));
        self
    }

    /// Handles deliveries one at a time, in the order of their arrival.
    pub fn in_order(self) -> Self {
        self.in_order_by(|_| ())
    }
}

/// Encodes the reply of an option. As in a handler, `null` becomes `{}`.
pub(super) fn json_of<R: Reply>(reply: &R) -> Result<Vec<u8>, ReplyError> {
    let json = reply.to_json()?;
    Ok(if json == b"null" { b"{}".to_vec() } else { json })
}

/// Encodes the reply of an option; `None` and a log line if that fails.
fn written<R: Reply>(reply: &R) -> Option<Answer> {
    match json_of(reply) {
        Ok(json) => Some(Answer::ok(json)),
        Err(error) => {
            tracing::error!(%error, "cannot encode the reply of `on_late` or `on_error`; answered with code 500");
            None
        }
    }
}

impl<E: Send + 'static, R: Reply> From<Route<E, R>> for AnyRoute {
    fn from(route: Route<E, R>) -> Self {
        let Route { event_type, options, typed, finish } = route;
        Self { event_type, options, invoke: finish(typed) }
    }
}

impl<E, R> fmt::Debug for Route<E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("event_type", &self.event_type).finish_non_exhaustive()
    }
}

impl fmt::Debug for AnyRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyRoute").field("event_type", &self.event_type).finish_non_exhaustive()
    }
}
