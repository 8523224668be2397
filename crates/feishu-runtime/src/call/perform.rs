//! The type-erased interface between a call and its handler.

use std::pin::Pin;
use std::sync::Arc;

use feishu_callbacks::{DecodeError, Header};
use feishu_transport::Answer;

use super::{Call, Failure};

/// A handler with its replies for lateness and errors.
pub(crate) trait Perform: Send + Sync {
    /// Decodes the delivery and creates the handler's future, which does nothing before it is polled.
    fn prepare(&self, call: &Arc<Call>) -> Result<Prepared, DecodeError>;

    /// Whether the platform waits for the reply to such a delivery.
    fn is_callback(&self, header: &Header) -> bool;

    /// The answer when the deadline passes.
    fn late_answer(&self, call: &Arc<Call>) -> Answer;

    /// The key that the author chose to recognise a repeat by.
    fn dedup_key(&self, call: &Call) -> Option<String>;

    /// The key of an ordered handler; `None` for others, and for a payload that cannot be read.
    fn order_key(&self, call: &Call) -> Option<u64>;

    /// The answer to a callback that is not handled, or not to its end, as the client stops.
    fn stopping_answer(&self) -> Answer;

    /// The configured answer for a failure; `None` for code 500.
    fn error_answer(&self, call: &Arc<Call>, failure: &Failure) -> Option<Answer>;
}

/// A decoded call that is ready to start.
pub(crate) struct Prepared {
    /// The key of an ordered handler.
    pub(crate) key: Option<u64>,
    /// The key that may be handled only once, and the answer to what comes after that.
    pub(crate) once: Option<(String, Answer)>,
    pub(crate) future: Running,
}

/// The future of a running handler.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;
