//! A typed handler: how its deliveries are read, the function itself, and its options.

use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Header, OddField};

use super::RawEvent;
use super::options::TypedOptions;
use crate::{Callback, Context, HandlerError};

/// The common interface of all handlers: takes `E`, returns `R`.
pub(crate) trait Serve<E, R>: Send + Sync + 'static {
    type Future: Future<Output = Result<R, HandlerError>> + Send + 'static;

    /// Starts one call.
    fn serve(&self, event: E, cx: Context) -> Self::Future;
}

impl<E, R, F, Fut> Serve<E, R> for F
where
    F: Fn(E, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
{
    type Future = Fut;

    fn serve(&self, event: E, cx: Context) -> Fut {
        self(event, cx)
    }
}

/// Takes each of several members.
type See<'a> = &'a mut dyn FnMut(&OddField);

/// How a payload is read as `E`.
pub(crate) struct Read<E> {
    pub(crate) decode: fn(&Arc<Header>, &Bytes) -> Result<E, DecodeError>,
    /// Shows each member that was left out.
    pub(crate) odd: fn(&E, See<'_>),
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
