//! The context of a handler call.

#[cfg(feature = "openapi")]
mod stream;

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
use crate::stats::Outcome;
use crate::{Callback, HandlerError};

/// The context of one handler call: origin of the callback, time left, and early answers. Cheap to clone, and may be
/// moved into other tasks.
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

    /// The trace id, to quote to the platform's support.
    pub fn trace_id(&self) -> Option<&str> {
        self.call.received.trace_id()
    }

    /// The connection it came on, with its generation; `None` for a transport without connections.
    pub fn connection(&self) -> Option<&ConnectionInfo> {
        self.call.received.connection().map(AsRef::as_ref)
    }

    /// The header of the payload.
    pub fn header(&self) -> &Header {
        &self.call.header
    }

    /// The id of the callback or event, the same for repeats; `None` if it has none, as some callbacks.
    pub fn event_id(&self) -> Option<&EventId> {
        self.call.header.event_id.as_ref()
    }

    /// The type of the callback or event, such as `card.action.trigger`.
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

    /// The payload as JSON text, for a log or a test: `println!("{}", cx.payload_json())`. Bytes that are not UTF-8 become
    /// `\u{FFFD}`. It contains what users wrote, and the card's token.
    pub fn payload_json(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.payload())
    }

    /// Decodes the payload as a typed callback, in a [layer](crate::DispatcherBuilder::layer) or a raw handler:
    /// `cx.decode::<CardActionTrigger>()`.
    ///
    /// # Errors
    ///
    /// If it is of another type or cannot be decoded.
    pub fn decode<C: Callback>(&self) -> Result<C, HandlerError> {
        if self.event_type() != C::TYPE {
            return Err(format!("this is a `{}`, not a `{}`", self.event_type(), C::TYPE).into());
        }
        Ok(C::decode(&self.call.header, self.payload())?)
    }

    /// The ids of the user who clicked, opened the preview, wrote the message or caused the event; `None` if the payload
    /// has no user. For permission checks in a [layer](crate::DispatcherBuilder::layer), for any type. Each call parses the
    /// payload again.
    pub fn operator(&self) -> Option<UserIds> {
        feishu_callbacks::operator(&self.call.header, self.payload())
    }

    /// Encodes a reply as the answer of a [layer](crate::DispatcherBuilder::layer) that does not run the handler.
    ///
    /// # Errors
    ///
    /// If the reply cannot be sent.
    pub fn answer<R: Reply>(&self, reply: &R) -> Result<Answer, HandlerError> {
        self.call.encode(reply).map_err(Into::into)
    }

    /// The received message, with its headers and metadata.
    pub fn received(&self) -> &Received {
        &self.call.received
    }

    /// When the last byte of the delivery arrived.
    pub fn received_at(&self) -> Instant {
        self.call.received.received_at()
    }

    /// Time since the platform created the callback or event, by the platform's clock where the difference to the host's is known (see [`Health::clock_ahead`](crate::Health::clock_ahead)); `None` if the payload has no
    /// creation time. An old event was sent again, or waited while no client was connected.
    pub fn age(&self) -> Option<Duration> {
        self.call.header.age(self.core().clock.now())
    }

    /// The deadline of the answer.
    pub fn deadline(&self) -> Instant {
        self.call.deadline
    }

    /// Time left until the deadline; zero if it has passed.
    pub fn remaining(&self) -> Duration {
        self.call.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether this is a repeat of an event whose handler failed before.
    pub fn is_repeat(&self) -> bool {
        self.call.is_repeat()
    }

    /// The number of this attempt to handle the event: 1 for the first. With an [inbox](crate::EventInbox) it grows with each
    /// attempt, in whichever process, so a store that your handler writes to can refuse an older one. Without an inbox it
    /// is 2 for a [repeat](Self::is_repeat).
    pub fn attempt(&self) -> u32 {
        self.call.attempt()
    }

    /// Whether the delivery has been answered: by [`reply_now`](Self::reply_now), or because the deadline passed.
    pub fn is_answered(&self) -> bool {
        self.call.is_answered()
    }

    /// Whether the client is stopping. A handler should then finish soon or leave work in a consistent state.
    pub fn is_cancelled(&self) -> bool {
        self.core().stopping().is_cancelled()
    }

    /// Resolves when a stop is requested and the grace period begins.
    ///
    /// # Cancel safety
    ///
    /// Safe: the request stays.
    pub async fn cancelled(&self) {
        self.core().stopping().cancelled().await;
    }

    /// Answers now while the handler continues. Its later result goes to
    /// [`on_late_result`](crate::Route::on_late_result), if set.
    ///
    /// # Errors
    ///
    /// If the delivery was answered before, or the reply cannot be sent.
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

    /// Who the app's own bot is, for `message.mentions_bot(&me)` and `sender.is_me(&me)`: asked at the first call, and
    /// remembered by the client. See [`OpenApi::bot`](crate::OpenApi::bot).
    ///
    /// # Errors
    ///
    /// If it is not known yet, or the client has no credentials to ask with: see
    /// [`ClientBuilder::api`](crate::ClientBuilder::api). An event handler that returns the error gets the event again.
    ///
    /// # Cancel safety
    ///
    /// Safe: the next call asks again.
    #[cfg(feature = "openapi")]
    #[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
    pub async fn bot(&self) -> Result<feishu_callbacks::im::BotIdentity, HandlerError> {
        let api = self.core().api.get().ok_or(
            "the client cannot ask who its bot is: it has no app secret; give it an `OpenApi` with `ClientBuilder::api`",
        )?;
        Ok(api.bot().await?)
    }

    /// The card that a click which came after this one, on the same message, has got meanwhile, as it was answered; `None`
    /// if there is none. For [`on_late_result`](crate::Route::on_late_result), whose routes alone keep track of it: an older
    /// result should not overwrite a newer card. Clicks that another process handled are not known.
    pub fn newer_card(&self) -> Option<serde_json::Value> {
        self.call.newer_card()
    }

    /// Runs `future` once the answer has been written to the network, in a separate task that the client waits for when
    /// it stops. If the answer is lost, `future` is dropped and counted.
    ///
    /// Use it for a delayed card update, which the platform accepts only after the callback was answered.
    ///
    /// # Errors
    ///
    /// If [`Limits::after_reply`](crate::Limits::after_reply) futures wait already.
    pub fn after_reply(&self, future: impl Future<Output = ()> + Send + 'static) -> Result<(), HandlerError> {
        let future: Boxed = Box::pin(future);
        if self.call.after_reply(future) {
            return Ok(());
        }
        Err("too many futures wait for this answer; see `Limits::after_reply`".into())
    }

    /// Resolves once the answer has been written to the network (true) or is lost (false). Await it only after
    /// [`reply_now`](Self::reply_now) or past the deadline: without an answer it does not resolve.
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

    /// The shared value of type `T`, set with [`state`](crate::DispatcherBuilder::state).
    ///
    /// # Errors
    ///
    /// If no value of this type was set; the error names the type.
    pub fn state<T: Any + Send + Sync>(&self) -> Result<&T, HandlerError> {
        self.call.rules().states.iter().find_map(|state| state.downcast_ref()).ok_or_else(|| {
            let name = type_name::<T>();
            format!("there is no state of type {name}; set one with `Dispatcher::builder().state(…)`").into()
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
