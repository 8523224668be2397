//! Type-erased handlers: decode a delivery, run the handler, encode its reply.

use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Header, OddField, Reply};

use super::RawEvent;
use super::options::TypedOptions;
use crate::call::{Call, Prepared};
use crate::{Callback, Context, Failure, HandlerError};

/// A type-erased handler.
pub(crate) trait Invoke: Send + Sync {
    /// Decodes the delivery and creates the handler's future, which does nothing before it is polled.
    fn prepare(self: Arc<Self>, call: &Arc<Call>) -> Result<Prepared, DecodeError>;

    /// The key of `dedup_by`; `None` for the default, and for a payload that cannot be read.
    fn dedup_key(&self, call: &Call) -> Option<String>;

    /// The key of `in_order_by`; `None` without one, and for a payload that cannot be read.
    fn order_key(&self, call: &Call) -> Option<u64>;

    /// Whether a result that comes too late is taken.
    fn takes_late_results(&self) -> bool;

    /// Whether deliveries must be prepared in the order of their arrival.
    fn is_ordered(&self) -> bool;

    /// Whether the platform waits for the reply to such a delivery.
    fn is_callback(&self, header: &Header) -> bool;
}

/// The common interface of all handlers: takes `E`, returns `R`.
pub(crate) trait Serve<E, R>: Send + Sync + 'static {
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

/// Takes each of several members.
type See<'a> = &'a mut dyn FnMut(&OddField);

/// How a payload is read as `E`.
pub(crate) struct Read<E> {
    decode: fn(&Arc<Header>, &Bytes) -> Result<E, DecodeError>,
    /// Shows each member that was left out.
    odd: fn(&E, See<'_>),
}

impl<C: Callback> Read<C> {
    pub(crate) fn of_callback() -> Self {
        Self { decode: C::decode, odd: |callback, see| callback.odd_fields().for_each(see) }
    }
}

impl Read<RawEvent> {
    pub(crate) fn of_raw() -> Self {
        Self { decode: RawEvent::decode, odd: |event, see| event.header.odd_fields().iter().for_each(see) }
    }
}

/// A typed handler with its options.
pub(crate) struct Typed<E, R, H> {
    pub(crate) read: Read<E>,
    pub(crate) handler: H,
    pub(crate) options: TypedOptions<E, R>,
}

impl<E, R, H> Invoke for Typed<E, R, H>
where
    E: Send + 'static,
    R: Reply,
    H: Serve<E, R>,
{
    fn prepare(self: Arc<Self>, call: &Arc<Call>) -> Result<Prepared, DecodeError> {
        let event = (self.read.decode)(&call.header, call.received.payload())?;
        (self.read.odd)(&event, &mut |odd| call.odd_member(odd));
        let key = self.options.key_of.as_ref().map(|key_of| key_of(&event));
        let once =
            self.options.once_per.as_ref().and_then(|once| Some(((once.key)(&event)?, once.answer.clone())));
        let call = Arc::clone(call);
        let future = Box::pin(async move {
            let cx = Context::new(Arc::clone(&call));
            let reply = self.handler.serve(event, cx).await.map_err(Failure::Error)?;
            let answer = call.encode(&reply)?;
            if call.is_answered() {
                if let Some(take) = &self.options.late_result {
                    take(reply, Context::new(call)).await.map_err(Failure::Error)?;
                }
            } else {
                call.keep_typed(reply);
            }
            Ok(answer)
        });
        Ok(Prepared { key, once, future })
    }

    fn dedup_key(&self, call: &Call) -> Option<String> {
        let key_of = self.options.dedup_by.as_ref()?;
        let event = (self.read.decode)(&call.header, call.received.payload()).ok()?;
        key_of(&event)
    }

    fn order_key(&self, call: &Call) -> Option<u64> {
        let key_of = self.options.key_of.as_ref()?;
        let event = (self.read.decode)(&call.header, call.received.payload()).ok()?;
        Some(key_of(&event))
    }

    fn takes_late_results(&self) -> bool {
        self.options.late_result.is_some()
    }

    fn is_ordered(&self) -> bool {
        self.options.key_of.is_some()
    }

    fn is_callback(&self, header: &Header) -> bool {
        self.options.callback.unwrap_or_else(|| header.event_type.is_callback())
    }
}
