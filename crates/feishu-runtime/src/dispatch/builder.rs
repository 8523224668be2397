//! Registering handlers and choosing rules.

use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use feishu_callbacks::Reply;

use super::Dispatcher;
use super::plan::{Plan, PlannedRoute, WallClock};
use crate::error::ErrorKind;
use crate::handler::{Callback, Handler, Invoke, Options, RawEvent, Route, Serve};
use crate::hooks::{AnswerInfo, DeliveryInfo, HookSet};
use crate::{Context, Dedup, Error, HandlerError, Limits};

/// How long after its arrival a delivery is answered at the latest, where nothing else is chosen: the platform waits
/// 3 s, and half a second is left for the way.
const DEADLINE: Duration = Duration::from_millis(2500);
/// How long one poll of a handler may take before it is called a stall.
const STALL_AFTER: Duration = Duration::from_millis(100);

/// Registers handlers; see [`Dispatcher::builder`].
#[must_use]
pub struct DispatcherBuilder {
    registered: Vec<Registered>,
    fallback: Option<usize>,
    stale: Option<(Duration, usize)>,
    deadline: Duration,
    limits: Limits,
    dedup: Dedup,
    stall_after: Duration,
    strict_replies: bool,
    states: Vec<Arc<dyn Any + Send + Sync>>,
    wall_clock: WallClock,
    hooks: HookSet,
    mistake: Option<String>,
}

struct Registered {
    event_type: Cow<'static, str>,
    options: Options,
    invoke: Arc<dyn Invoke>,
}

impl DispatcherBuilder {
    pub(super) fn new() -> Self {
        Self {
            registered: Vec::new(),
            fallback: None,
            stale: None,
            deadline: DEADLINE,
            limits: Limits::default(),
            dedup: Dedup::default(),
            stall_after: STALL_AFTER,
            strict_replies: false,
            states: Vec::new(),
            wall_clock: Arc::new(SystemTime::now),
            hooks: HookSet::default(),
            mistake: None,
        }
    }

    /// Registers an async closure or function for the callback that is its first argument.
    #[track_caller]
    pub fn on<C, F, Fut>(self, handler: F) -> Self
    where
        C: Callback,
        F: Fn(C, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Reply, HandlerError>> + Send + 'static,
    {
        self.register(crate::handler(handler))
    }

    /// Registers an async closure or function for any type, by its name. It takes the JSON as it came and returns
    /// `()`, a [`serde_json::Value`] or a reply of `feishu_callbacks`.
    #[track_caller]
    pub fn on_raw<R, F, Fut>(self, event_type: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        R: Reply,
        F: Fn(RawEvent, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        self.register(crate::raw(event_type, handler))
    }

    /// Registers a plain function that may block; see [`blocking`](crate::blocking).
    #[track_caller]
    pub fn on_blocking<C, F>(self, handler: F) -> Self
    where
        C: Callback,
        F: Fn(C, Context) -> Result<C::Reply, HandlerError> + Send + Sync + 'static,
    {
        self.register(crate::blocking(handler))
    }

    /// Registers a method on a shared value: `.on_method(&bot, Bot::save)`, with
    /// `async fn save(self: Arc<Self>, click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError>`.
    #[track_caller]
    pub fn on_method<C, S, F, Fut>(self, target: &Arc<S>, method: F) -> Self
    where
        C: Callback,
        S: Send + Sync + 'static,
        F: Fn(Arc<S>, C, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Reply, HandlerError>> + Send + 'static,
    {
        self.register(crate::method(Arc::clone(target), method))
    }

    /// Registers a type of your own that implements [`Handler`].
    #[track_caller]
    pub fn on_handler<C: Callback, H: Handler<C>>(self, handler: H) -> Self {
        self.register(crate::of(handler))
    }

    /// Registers a handler with options; see [`Route`].
    pub fn register<E, R, H>(mut self, registration: Route<E, R, H>) -> Self
    where
        E: Send + 'static,
        R: Reply,
        H: Serve<E, R>,
    {
        self.push(registration);
        self
    }

    /// Handles every type that has no handler of its own. Without one, events are acknowledged and callbacks refused
    /// with code 500.
    #[track_caller]
    pub fn fallback<R, F, Fut>(mut self, handler: F) -> Self
    where
        R: Reply,
        F: Fn(RawEvent, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        if self.fallback.is_some() {
            self.mistake = Some("there can be only one fallback".to_owned());
        }
        self.fallback = Some(self.push(crate::raw("", handler).named("fallback")));
        self
    }

    /// Sends events that the platform made longer than `max_age` ago to a handler of their own, whatever their type: a
    /// program that starts again after a night need not run yesterday's commands. Callbacks, and events that do not say
    /// when they were made, are not concerned.
    #[track_caller]
    pub fn on_stale<F, Fut>(mut self, max_age: Duration, handler: F) -> Self
    where
        F: Fn(RawEvent, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        if self.stale.is_some() {
            self.mistake = Some("there can be only one handler for stale events".to_owned());
        }
        let route = self.push(crate::raw("", handler).named("stale"));
        self.stale = Some((max_age, route));
        self
    }

    /// How long after its arrival a delivery is answered at the latest; 2.5 s by default. The platform waits 3 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Bounds on the work of one client.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How repeats are recognised; on by default.
    pub fn dedup(mut self, dedup: Dedup) -> Self {
        self.dedup = dedup;
        self
    }

    /// How long one poll of a handler may take before a warning says that it blocks its thread; 100 ms by default.
    pub fn stall_after(mut self, duration: Duration) -> Self {
        self.stall_after = duration;
        self
    }

    /// Makes a handler fail when its reply has a [finding](feishu_callbacks::Finding): something that the user's client
    /// would not show as meant. For tests; by default it is a warning in the log.
    pub fn strict_replies(mut self) -> Self {
        self.strict_replies = true;
        self
    }

    /// Gives handlers a shared value, which they find by its type with [`Context::state`].
    pub fn state<T: Any + Send + Sync>(mut self, state: T) -> Self {
        if self.states.iter().any(|known| known.is::<T>()) {
            let name = std::any::type_name::<T>();
            self.mistake =
                Some(format!("there are two states of type {name}; wrap one in a type of its own"));
        }
        self.states.push(Arc::new(state));
        self
    }

    /// Told of every delivery that is readable, before its handler runs. Runs on a thread of its own; a slow hook misses
    /// calls, which is counted, and delays nobody.
    pub fn on_callback(mut self, hook: impl FnMut(&DeliveryInfo) + Send + 'static) -> Self {
        self.hooks.callback = Some(Box::new(hook));
        self
    }

    /// Told of every answer. Runs as [`on_callback`](Self::on_callback).
    pub fn on_reply(mut self, hook: impl FnMut(&AnswerInfo) + Send + 'static) -> Self {
        self.hooks.reply = Some(Box::new(hook));
        self
    }

    /// Told of every delivery whose type has no handler. Runs as [`on_callback`](Self::on_callback).
    pub fn on_unhandled(mut self, hook: impl FnMut(&DeliveryInfo) + Send + 'static) -> Self {
        self.hooks.unhandled = Some(Box::new(hook));
        self
    }

    /// The clock that the age of an event is measured with; the system's by default.
    pub fn wall_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.wall_clock = Arc::new(clock);
        self
    }

    /// Builds the dispatcher.
    ///
    /// # Errors
    ///
    /// When a type has two handlers, or an option cannot work; the message says which.
    pub fn build(self) -> Result<Dispatcher, Error> {
        let mut mistake = self.mistake;
        let mut by_type = HashMap::new();
        let mut routes: Vec<PlannedRoute> = Vec::with_capacity(self.registered.len());
        for (index, registered) in self.registered.into_iter().enumerate() {
            let Registered { event_type, options, invoke } = registered;
            let special = self.fallback == Some(index) || self.stale.is_some_and(|(_, route)| route == index);
            if event_type.is_empty() && !special {
                mistake = Some(format!("the handler registered at {} has an empty type", options.at));
            }
            if !special {
                match by_type.entry(event_type.clone()) {
                    Entry::Vacant(vacant) => drop(vacant.insert(index)),
                    Entry::Occupied(first) => {
                        let first = routes.get(*first.get()).map_or(options.at, |route| route.at);
                        let event_type = event_type.into_owned();
                        let kind = ErrorKind::RegisteredTwice { event_type, first, second: options.at };
                        return Err(Error::new(kind));
                    }
                }
            }
            let name = options.name.unwrap_or_else(|| event_type.clone().into_owned());
            if let Some(what) = options.mistake {
                mistake = Some(format!("the handler `{name}` registered at {}: {what}", options.at));
            }
            routes.push(PlannedRoute {
                event_type,
                name: name.into(),
                deadline: options.deadline.unwrap_or(self.deadline),
                late: options.late,
                cancel_when_late: options.cancel_when_late,
                acknowledge_first: options.acknowledge_first,
                concurrency: options.concurrency,
                invoke,
                at: options.at,
            });
        }
        if let Some(mistake) = mistake {
            return Err(Error::misuse(mistake));
        }
        let hooks = self.hooks.start();
        let hooks = hooks.map_err(|error| Error::misuse(format!("no thread for the hooks: {error}")))?;
        Ok(Dispatcher {
            plan: Arc::new(Plan {
                routes,
                by_type,
                fallback: self.fallback,
                stale: self.stale,
                limits: self.limits,
                dedup: self.dedup,
                stall_after: self.stall_after,
                strict_replies: self.strict_replies,
                states: self.states,
                wall_clock: self.wall_clock,
                hooks,
            }),
        })
    }

    fn push<E, R, H>(&mut self, registration: Route<E, R, H>) -> usize
    where
        E: Send + 'static,
        R: Reply,
        H: Serve<E, R>,
    {
        let (event_type, options, invoke) = registration.into_parts();
        self.registered.push(Registered { event_type, options, invoke });
        self.registered.len() - 1
    }
}

impl fmt::Debug for DispatcherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<_> = self.registered.iter().map(|registered| &registered.event_type).collect();
        f.debug_struct("DispatcherBuilder").field("event_types", &types).finish_non_exhaustive()
    }
}
