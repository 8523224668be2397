//! What a handler gets besides the callback.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use feishu_callbacks::{AppId, EventId, EventType, Header, Reply, TenantKey, im::UserIds};
use feishu_transport::{Answer, ConnectionInfo, Received};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::call::{Boxed, Call};
use crate::core::Core;
use crate::operator::operator;
use crate::stats::Outcome;
use crate::{Callback, HandlerError};

/// One call of a handler: where the callback came from, how much time is left, and how to answer early. Cheap to clone;
/// it may be moved into other tasks.
#[derive(Clone)]
pub struct Context {
    call: Arc<Call>,
}

impl Context {
    pub(crate) fn new(call: Arc<Call>) -> Self {
        Self { call }
    }

    pub(crate) fn call(&self) -> &Call {
        &self.call
    }

    pub(crate) fn core(&self) -> &Core {
        &self.call.core
    }

    /// The platform's id of the message that carried the callback.
    pub fn message_id(&self) -> Option<&str> {
        self.call.received.message_id()
    }

    /// The id to quote to the platform's support.
    pub fn trace_id(&self) -> Option<&str> {
        self.call.received.trace_id()
    }

    /// The connection it came on, with its generation; `None` for a transport without connections.
    pub fn connection(&self) -> Option<&ConnectionInfo> {
        self.call.received.connection().map(AsRef::as_ref)
    }

    /// What the payload says about itself.
    pub fn header(&self) -> &Header {
        &self.call.header
    }

    /// The id of the callback or event; repeats have the same. Some callbacks come without.
    pub fn event_id(&self) -> Option<&EventId> {
        self.call.header.event_id.as_ref()
    }

    /// The name of the callback or event.
    pub fn event_type(&self) -> &EventType {
        &self.call.header.event_type
    }

    /// The app it was sent to.
    pub fn app_id(&self) -> Option<&AppId> {
        self.call.header.app_id.as_ref()
    }

    /// The tenant of the app.
    pub fn tenant_key(&self) -> Option<&TenantKey> {
        self.call.header.tenant_key.as_ref()
    }

    /// The whole payload: UTF-8 JSON, shared with the receive buffer.
    pub fn payload(&self) -> &Bytes {
        self.call.received.payload()
    }

    /// The callback or event as the JSON text it came as, for a log or a test: `println!("{}", cx.payload_json())`. Bytes
    /// that are not UTF-8 are shown as `\u{FFFD}`. It holds what users wrote, and the card's token.
    pub fn payload_json(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.payload())
    }

    /// Reads the payload as one type of callback, for a [layer](crate::DispatcherBuilder::layer) or a raw handler:
    /// `cx.decode::<CardActionTrigger>()`.
    ///
    /// # Errors
    ///
    /// When it is of another type, or cannot be read.
    pub fn decode<C: Callback>(&self) -> Result<C, HandlerError> {
        if self.event_type() != C::TYPE {
            return Err(format!("this is a `{}`, not a `{}`", self.event_type(), C::TYPE).into());
        }
        Ok(C::decode(&self.call.header, self.payload())?)
    }

    /// The ids of the user who clicked, looked at the link, wrote the message, or did what the event is about; `None`
    /// where the payload names no user. For a permission check in a [layer](crate::DispatcherBuilder::layer), whatever
    /// the type. The payload is read for it once more at each call.
    pub fn operator(&self) -> Option<UserIds> {
        operator(self.payload())
    }

    /// Writes a reply as the answer of a [layer](crate::DispatcherBuilder::layer) that does not run the handler.
    ///
    /// # Errors
    ///
    /// When the reply cannot be sent.
    pub fn answer<R: Reply>(&self, reply: &R) -> Result<Answer, HandlerError> {
        self.call.encode(reply).map_err(Into::into)
    }

    /// Everything that came beside the payload.
    pub fn received(&self) -> &Received {
        &self.call.received
    }

    /// When the last byte of the delivery arrived.
    pub fn received_at(&self) -> Instant {
        self.call.received.received_at()
    }

    /// Time since the platform made the callback or event, by this machine's clock; `None` when it does not say when. An
    /// old event is one that is sent again, or that waited while no client was connected.
    pub fn age(&self) -> Option<Duration> {
        self.call.header.age((self.call.rules().wall_clock)())
    }

    /// When an answer goes out at the latest.
    pub fn deadline(&self) -> Instant {
        self.call.deadline
    }

    /// Time left until the deadline; zero when it has passed.
    pub fn remaining(&self) -> Duration {
        self.call.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether an earlier delivery of the same event was seen, whose handler failed.
    pub fn is_repeat(&self) -> bool {
        self.call.is_repeat()
    }

    /// Whether the delivery has been answered: by [`reply_now`](Self::reply_now), or because the deadline passed.
    pub fn is_answered(&self) -> bool {
        self.call.is_answered()
    }

    /// Whether the client is stopping. What a handler then leaves undone should be safe to leave undone.
    pub fn is_cancelled(&self) -> bool {
        self.core().stopping().is_cancelled()
    }

    /// Resolves when the client is asked to stop; the grace period has then begun.
    ///
    /// # Cancel safety
    ///
    /// Safe: the request stays.
    pub async fn cancelled(&self) {
        self.core().stopping().cancelled().await;
    }

    /// Answers now; the handler goes on. What it returns in the end is taken by
    /// [`on_late_result`](crate::Route::on_late_result) if that was registered.
    ///
    /// # Errors
    ///
    /// When the delivery was answered before, or the reply cannot be sent.
    pub fn reply_now<R: Reply>(&self, reply: R) -> Result<(), HandlerError> {
        let answer = self.call.encode(&reply).map_err(|fault| fault.to_string())?;
        if !self.call.is_answered() {
            self.call.keep_typed(reply);
        }
        if self.call.answer_early(&answer, Outcome::Answered) {
            self.call.core.stall_guard.pass_on();
            return Ok(());
        }
        Err("the delivery has been answered already: by an earlier `reply_now`, or because its deadline passed".into())
    }

    /// Runs `future` once the answer has been written to the network, in a task of its own that the client waits for
    /// when it stops. When the answer is lost it is dropped and counted.
    ///
    /// A delayed card update belongs here: the platform takes it only after the callback was answered.
    ///
    /// # Errors
    ///
    /// When [`Limits::after_reply`](crate::Limits::after_reply) futures wait already.
    pub fn after_reply(&self, future: impl Future<Output = ()> + Send + 'static) -> Result<(), HandlerError> {
        let future: Boxed = Box::pin(future);
        if self.call.after_reply(future) {
            return Ok(());
        }
        Err("too many futures wait for this answer; see `Limits::after_reply`".into())
    }

    /// Resolves once the answer has been written to the network (true), or is known to be lost (false). It waits for ever
    /// while there is no answer: a handler may await it after [`reply_now`](Self::reply_now), or when it is late.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost.
    pub async fn replied(&self) -> bool {
        let (written, wait) = oneshot::channel();
        let kept = self.call.after_reply(Box::pin(async move {
            let _ = written.send(());
        }));
        kept && wait.await.is_ok()
    }

    /// What was given to [`state`](crate::DispatcherBuilder::state).
    ///
    /// # Errors
    ///
    /// When nothing of this type was given; the error names the type.
    pub fn state<T: Any + Send + Sync>(&self) -> Result<&T, HandlerError> {
        self.call.rules().states.iter().find_map(|state| state.downcast_ref()).ok_or_else(|| {
            let name = type_name::<T>();
            format!("there is no state of type {name}; give one with `Dispatcher::builder().state(…)`").into()
        })
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("event_type", self.event_type())
            .field("event_id", &self.event_id())
            .field("message_id", &self.message_id())
            .field("trace_id", &self.trace_id())
            .finish_non_exhaustive()
    }
}
