//! What a typed handler takes.

use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Envelope, EventBody, Header, OddField, Reply, decode_with};

/// What a typed handler takes: an [`Envelope`] of any [`EventBody`].
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

    /// What a handler of it returns.
    type Reply: Reply;

    /// Reads it.
    ///
    /// # Errors
    ///
    /// When the payload cannot be read as this type.
    fn decode(header: &Arc<Header>, payload: &Bytes) -> Result<Self, DecodeError>;

    /// Members that were there and were left out because they could not be read: those of the header, then those of the
    /// body. Empty for a payload as documented.
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
