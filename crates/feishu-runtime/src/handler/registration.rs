//! A handler with its options, on the way into a dispatcher.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Header, Reply};
use feishu_transport::Answer;

use super::invoke::{Invoke, Typed};
use super::{Callback, RawEvent, Serve};
use crate::{Context, HandlerError};

/// A handler with its options; made by [`handler`], [`raw`], [`blocking`](super::blocking), [`method`](super::method)
/// and [`of`](super::of), taken by [`register`](crate::DispatcherBuilder::register).
///
/// ```
/// use std::time::Duration;
/// use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
/// use feishu_runtime::{Context, Dispatcher, HandlerError, handler};
///
/// async fn summarise(click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError> {
///     Ok(CardReply::toast(Toast::success("Done")))
/// }
///
/// let dispatcher = Dispatcher::builder()
///     .register(
///         handler(summarise)
///             .named("summarise")
///             .deadline(Duration::from_secs(2))
///             .on_late(CardReply::toast(Toast::info("Working on it")))
///             .concurrency(8),
///     )
///     .build()?;
/// # Ok::<(), feishu_runtime::Error>(())
/// ```
#[must_use = "a registration does nothing until it is given to `register`"]
pub struct Route<E, R, H> {
    pub(crate) event_type: Cow<'static, str>,
    pub(crate) options: Options,
    pub(crate) typed: Typed<E, R, H>,
}

/// What an author chose for one handler.
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) late: Late,
    pub(crate) cancel_when_late: bool,
    pub(crate) acknowledge_first: bool,
    pub(crate) concurrency: Option<usize>,
    /// What is wrong with the options; told when the dispatcher is built.
    pub(crate) mistake: Option<String>,
    pub(crate) at: &'static Location<'static>,
}

/// What is answered when the deadline passes.
pub(crate) enum Late {
    /// Code 500 for a callback, acknowledged for an event.
    ByType,
    Answer(Answer),
    With(Box<dyn Fn(&Context) -> Answer + Send + Sync>),
}

/// Takes what a handler returned after its delivery had been answered.
pub(crate) type LateResult<R> =
    Box<dyn Fn(R, Context) -> Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>> + Send + Sync>;

/// Tells the key of a delivery, as a hash: two keys that share one are handled one after the other, which is harmless.
pub(crate) type KeyOf<E> = Box<dyn Fn(&E) -> u64 + Send + Sync>;

/// An async closure or function as a handler of the callback in its first argument.
#[track_caller]
pub fn handler<C, F, Fut>(handler: F) -> Route<C, C::Reply, impl Serve<C, C::Reply>>
where
    C: Callback,
    F: Fn(C, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C::Reply, HandlerError>> + Send + 'static,
{
    Route::new(C::TYPE, C::decode, handler)
}

/// An async closure or function as the handler of any type, by its name. It returns `()`, a
/// [`serde_json::Value`] or a reply of `feishu_callbacks`.
#[track_caller]
pub fn raw<R, F, Fut>(
    event_type: impl Into<Cow<'static, str>>,
    handler: F,
) -> Route<RawEvent, R, impl Serve<RawEvent, R>>
where
    R: Reply,
    F: Fn(RawEvent, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
{
    let mut registration = Route::new(event_type, RawEvent::decode, handler);
    registration.typed.callback = None;
    registration
}

impl<E, R, H> Route<E, R, H>
where
    E: Send + 'static,
    R: Reply,
    H: Serve<E, R>,
{
    #[track_caller]
    pub(crate) fn new(
        event_type: impl Into<Cow<'static, str>>,
        decode: fn(&Arc<Header>, &Bytes) -> Result<E, DecodeError>,
        handler: H,
    ) -> Self {
        let options = Options {
            name: None,
            deadline: None,
            late: Late::ByType,
            cancel_when_late: false,
            acknowledge_first: false,
            concurrency: None,
            mistake: None,
            at: Location::caller(),
        };
        let typed = Typed {
            decode,
            handler,
            callback: Some(R::CALLBACK),
            key_of: None,
            late_result: None,
            reply: PhantomData,
        };
        Self { event_type: event_type.into(), options, typed }
    }

    /// The name in logs and counts; the type by default.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// How long after the arrival of the delivery an answer goes out at the latest. The dispatcher's by default, 2.5 s;
    /// the platform waits 3 s (its documentation, "Card callback communication").
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// What is answered when the deadline passes; the handler goes on. By default a callback is answered with code 500
    /// and an event is acknowledged.
    #[expect(clippy::needless_pass_by_value, reason = "a reply is made for this place, as a handler's is")]
    pub fn on_late(mut self, reply: R) -> Self {
        match reply.to_json() {
            Ok(json) => self.options.late = Late::Answer(Answer::ok(json)),
            Err(error) => self.options.mistake = Some(error.to_string()),
        }
        self
    }

    /// As [`on_late`](Self::on_late), with a reply made for each case. `reply` must not block.
    pub fn on_late_with(mut self, reply: impl Fn(&Context) -> R + Send + Sync + 'static) -> Self {
        self.options.late = Late::With(Box::new(move |cx| match reply(cx).to_json() {
            Ok(json) => Answer::ok(json),
            Err(error) => {
                tracing::error!(%error, "the late reply cannot be written");
                Answer::failed()
            }
        }));
        self
    }

    /// Answers with code 500 when the deadline passes: the platform sends the event again, and the repeat is answered
    /// with what the handler has returned by then.
    pub fn refuse_when_late(mut self) -> Self {
        self.options.late = Late::Answer(Answer::failed());
        self
    }

    /// Drops the handler's future when the deadline passes, instead of letting it go on.
    pub fn cancel_when_late(mut self) -> Self {
        self.options.cancel_when_late = true;
        self
    }

    /// Takes what the handler returns after its delivery was answered, be it by the deadline or by
    /// [`Context::reply_now`]: the place to send a delayed card update.
    pub fn on_late_result<F, Fut>(mut self, take: F) -> Self
    where
        F: Fn(R, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.typed.late_result = Some(Box::new(move |reply, cx| Box::pin(take(reply, cx))));
        self
    }

    /// Acknowledges before the handler runs, as soon as it is accepted. For events whose loss in a crash is acceptable:
    /// the platform will not send them again.
    pub fn acknowledge_first(mut self) -> Self {
        self.options.acknowledge_first = true;
        self
    }

    /// How many calls of this handler run at one time; as many as the client's limit allows by default.
    pub fn concurrency(mut self, limit: usize) -> Self {
        if limit == 0 {
            self.options.mistake = Some("a concurrency of 0 would never run; give 1 or more".to_owned());
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

    pub(crate) fn into_parts(self) -> (Cow<'static, str>, Options, Arc<dyn Invoke>) {
        (self.event_type, self.options, Arc::new(self.typed))
    }
}

impl<E, R, H> fmt::Debug for Route<E, R, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("event_type", &self.event_type).finish_non_exhaustive()
    }
}
