//! The builder of a dispatcher.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use feishu_callbacks::{CardReply, Reply, Toast};
use feishu_transport::Answer;

use crate::core::WallClock;
use crate::handler::{AnyRoute, Handler, Layer, Next, OnError, RawEvent, Route, layer};
use crate::observe::Observer;
use crate::{Callback, Context, Dedup, Failure, HandlerError, Limits};

/// The default deadline, counted from the arrival: the platform waits 3 s, which leaves half a second for the network.
const DEADLINE: Duration = Duration::from_millis(2500);
/// The default duration from which on one poll of a handler counts as a stall.
const STALL_AFTER: Duration = Duration::from_millis(100);

/// Builds a [`Dispatcher`](crate::Dispatcher): registers handlers and sets limits, deadlines and observers.
#[must_use]
pub struct DispatcherBuilder {
    pub(super) routes: Vec<AnyRoute>,
    pub(super) layers: Vec<Layer>,
    pub(super) card_late: Option<CardReply>,
    pub(super) card_error: Option<OnError>,
    pub(super) card_stopping: Option<CardReply>,
    pub(super) fallback: Option<usize>,
    pub(super) stale: Option<(Duration, usize)>,
    pub(super) deadline: Duration,
    pub(super) limits: Limits,
    pub(super) dedup: Dedup,
    pub(super) stall_after: Duration,
    pub(super) strict_replies: bool,
    pub(super) states: Vec<Arc<dyn Any + Send + Sync>>,
    pub(super) wall_clock: WallClock,
    pub(super) observers: Vec<Box<dyn Observer>>,
    pub(super) mistakes: Vec<String>,
}

impl DispatcherBuilder {
    pub(super) fn new() -> Self {
        Self {
            routes: Vec::new(),
            layers: Vec::new(),
            card_late: None,
            card_error: None,
            card_stopping: None,
            fallback: None,
            stale: None,
            deadline: DEADLINE,
            limits: Limits::default(),
            dedup: Dedup::default(),
            stall_after: STALL_AFTER,
            strict_replies: false,
            states: Vec::new(),
            wall_clock: Arc::new(SystemTime::now),
            observers: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// Registers an async closure or function for the callback type of its first argument.
    #[track_caller]
    pub fn on<C, F, Fut>(self, handler: F) -> Self
    where
        C: Callback,
        F: Fn(C, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Reply, HandlerError>> + Send + 'static,
    {
        self.route(Route::new(handler))
    }

    /// Registers an async closure or function for any type, by its name. It takes the undecoded JSON and returns `()`, a
    /// [`serde_json::Value`] or a reply of `feishu_callbacks`.
    #[track_caller]
    pub fn on_raw<R, F, Fut>(self, event_type: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        R: Reply,
        F: Fn(RawEvent, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        self.route(Route::raw(event_type, handler))
    }

    /// Registers a synchronous function that may block; see [`Route::blocking`].
    #[track_caller]
    pub fn on_blocking<C, F>(self, handler: F) -> Self
    where
        C: Callback,
        F: Fn(C, Context) -> Result<C::Reply, HandlerError> + Send + Sync + 'static,
    {
        self.route(Route::blocking(handler))
    }

    /// Registers a method on a shared value: `.on_method(&bot, Bot::save)`, with
    /// `async fn save(self: Arc<Self>, click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError>`.
    #[track_caller]
    pub fn on_method<C, S, F, Fut, Err>(self, target: &Arc<S>, method: F) -> Self
    where
        C: Callback,
        S: Send + Sync + 'static,
        F: Fn(Arc<S>, C, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Reply, Err>> + Send + 'static,
        Err: Into<HandlerError> + 'static,
    {
        self.route(Route::method(target, method))
    }

    /// Registers a value that implements [`Handler`].
    #[track_caller]
    pub fn on_handler<C: Callback, H: Handler<C>>(self, handler: H) -> Self {
        self.route(Route::from_handler(handler))
    }

    /// Registers an async function with another error type than [`HandlerError`], such as
    /// `async fn … -> anyhow::Result<CardReply>`.
    #[track_caller]
    pub fn on_fn<C, F, Fut, Err>(self, handler: F) -> Self
    where
        C: Callback,
        F: Fn(C, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Reply, Err>> + Send + 'static,
        Err: Into<HandlerError> + 'static,
    {
        self.route(Route::from_fn(handler))
    }

    /// Registers a handler with options; see [`Route`].
    pub fn route(mut self, route: impl Into<AnyRoute>) -> Self {
        self.routes.push(route.into());
        self
    }

    /// Registers several handlers with options; see [`AnyRoute`].
    pub fn routes(mut self, routes: impl IntoIterator<Item = AnyRoute>) -> Self {
        self.routes.extend(routes);
        self
    }

    /// Adds a layer around all handlers: a permission check, a rate limit by user, a span, timing. The first layer added is
    /// the outermost; the layers of a [`Route`] are inside those of the dispatcher.
    ///
    /// A layer awaits [`next.run()`](Next::run) for the handler's answer, or answers itself with
    /// [`cx.answer(&reply)`](Context::answer). It runs after the delivery was admitted and decoded, and within its
    /// deadline.
    ///
    /// ```
    /// use feishu_runtime::Next;
    /// use feishu_runtime::prelude::*;
    ///
    /// let dispatcher = Dispatcher::builder()
    ///     .layer(|cx: Context, next: Next| async move {
    ///         if let Ok(click) = cx.decode::<CardActionTrigger>() {
    ///             if click.event.operator.open_id.as_ref().is_none_or(|id| id != "ou_alice") {
    ///                 return cx.answer(&CardReply::toast(Toast::warning("Only Alice may do this")));
    ///             }
    ///         }
    ///         next.run().await
    ///     })
    ///     .on(|_: CardActionTrigger, _| async { Ok(CardReply::toast(Toast::success("Done"))) })
    ///     .build()?;
    /// # Ok::<(), feishu_runtime::Error>(())
    /// ```
    pub fn layer<F, Fut>(mut self, around: F) -> Self
    where
        F: Fn(Context, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer, HandlerError>> + Send + 'static,
    {
        self.layers.push(layer(around));
        self
    }

    /// Sets the toast for clicks whose handler fails, panics or is refused by a limit, for routes without their own
    /// [`on_error`](Route::on_error). `toast` returns a toast, or an `Option` of one; with `None` the user sees the
    /// platform's own error message. It must not block.
    ///
    /// ```
    /// use feishu_runtime::prelude::*;
    ///
    /// let dispatcher = Dispatcher::builder()
    ///     .on_error(|failure, cx| Toast::error("That did not work, please try again"))
    ///     .on(|_: CardActionTrigger, _| async { Err("the order service is down".into()) })
    ///     .build()?;
    /// # Ok::<(), feishu_runtime::Error>(())
    /// ```
    pub fn on_error<F, O>(mut self, toast: F) -> Self
    where
        F: Fn(&Failure, &Context) -> O + Send + Sync + 'static,
        O: Into<Option<Toast>>,
    {
        self.card_error = Some(Arc::new(move |failure, cx| {
            let toast: Toast = toast(failure, cx).into()?;
            CardReply::toast(toast).to_json().ok().map(Answer::ok)
        }));
        self
    }

    /// Sets the reply for clicks whose handler misses the deadline, for routes without their own
    /// [`on_late`](Route::on_late).
    pub fn on_late(mut self, reply: impl Into<CardReply>) -> Self {
        self.card_late = Some(reply.into());
        self
    }

    /// The reply for clicks that are not handled, or not to their end, because the client stops, where the route has no
    /// own [`on_stopping`](Route::on_stopping); a toast that asks for another click by default.
    pub fn on_stopping(mut self, reply: impl Into<CardReply>) -> Self {
        self.card_stopping = Some(reply.into());
        self
    }

    /// Registers a handler for all types without a handler. Without a fallback, events are acknowledged and callbacks are
    /// refused with code 500.
    #[track_caller]
    pub fn fallback<R, F, Fut>(mut self, handler: F) -> Self
    where
        R: Reply,
        F: Fn(RawEvent, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        if self.fallback.is_some() {
            self.mistakes.push("there can be only one fallback".to_owned());
            return self;
        }
        self.fallback = Some(self.routes.len());
        self.route(Route::raw("", handler).named("fallback"))
    }

    /// Registers a handler for events of any type that the platform created longer than `max_age` ago, so that a program
    /// restarted after a night does not run yesterday's commands. Callbacks and events without a creation time are not
    /// affected.
    #[track_caller]
    pub fn on_stale<F, Fut>(mut self, max_age: Duration, handler: F) -> Self
    where
        F: Fn(RawEvent, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        if self.stale.is_some() {
            self.mistakes.push("there can be only one handler for stale events".to_owned());
            return self;
        }
        self.stale = Some((max_age, self.routes.len()));
        self.route(Route::raw("", handler).named("stale"))
    }

    /// Sets the deadline of answers, counted from the arrival; 2.5 s by default. The platform waits 3 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the limits of one client.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the deduplication; on by default.
    pub fn dedup(mut self, dedup: Dedup) -> Self {
        self.dedup = dedup;
        self
    }

    /// Sets the duration from which on a single poll of a handler logs a warning that it blocks its thread; 100 ms by
    /// default.
    pub fn stall_after(mut self, duration: Duration) -> Self {
        self.stall_after = duration;
        self
    }

    /// Makes a handler fail if its reply has a [finding](feishu_callbacks::Finding), which the user's client would not show
    /// as intended. For tests; by default findings are logged as warnings.
    pub fn strict_replies(mut self) -> Self {
        self.strict_replies = true;
        self
    }

    /// Sets a shared value of type `T` for handlers, which get it with [`Context::state`].
    pub fn state<T: Any + Send + Sync>(mut self, state: T) -> Self {
        if self.states.iter().any(|known| known.is::<T>()) {
            let name = std::any::type_name::<T>();
            self.mistakes.push(format!("there are two states of type {name}; wrap one in another type"));
        }
        self.states.push(Arc::new(state));
        self
    }

    /// Adds an observer; see [`Observer`].
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Sets the clock that measures the age of events; the system's by default.
    pub fn wall_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.wall_clock = Arc::new(clock);
        self
    }
}

impl fmt::Debug for DispatcherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<_> = self.routes.iter().map(|route| &route.event_type).collect();
        f.debug_struct("DispatcherBuilder").field("event_types", &types).finish_non_exhaustive()
    }
}
