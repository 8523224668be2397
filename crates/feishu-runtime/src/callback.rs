//! The argument type of typed handlers.

use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Envelope, EventBody, Header, OddField, Reply, decode_with};

/// The argument type of typed handlers: an [`Envelope`] of any [`EventBody`].
///
/// You do not implement it: implement [`EventBody`] for the struct in `event`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a callback that a handler can take",
    label = "not a callback",
    note = "the first argument of a handler is a callback such as `CardActionTrigger` or `UrlPreviewGet`, or \
            `Envelope<T>` where your own `T` implements `feishu_callbacks::EventBody`"
)]
pub trait Callback: Send + Sized + 'static {
    /// The type it is registered for.
    const TYPE: &'static str;

    /// The reply type of its handlers.
    type Reply: Reply;

    /// Decodes a payload.
    ///
    /// # Errors
    ///
    /// If the payload cannot be decoded as this type.
    fn decode(header: &Arc<Header>, payload: &Bytes) -> Result<Self, DecodeError>;

    /// Members that were present but could not be read and were skipped: those of the header, then those of the body.
    /// Empty for a documented payload.
    fn odd_fields(&self) -> impl Iterator<Item = &OddField>;
}

impl<B: EventBody> Callback for Envelope<B> {
    const TYPE: &'static str = B::TYPE;
    type Reply = B::Reply;

    fn decode(header: &Arc<Header>, payload: &Bytes) -> Result<Self, DecodeError> {
        decode_with(Arc::clone(header), payload)
    }

    fn odd_fields(&self) -> impl Iterator<Item = &OddField> {
        self.all_odd_fields()
    }
}
