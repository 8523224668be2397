//! Type-erased handlers: decode a delivery, run the handler, encode its reply.

use std::sync::Arc;

use feishu_callbacks::{DecodeError, Header, Reply};

use super::serving::Serving;
use super::typed::{Serve, Typed};
use crate::call::{Call, Prepared};

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
        let future = Box::pin(Serving::new(self, Arc::clone(call), event));
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
