//! What a call asks of its handler, without the handler's types.

use std::pin::Pin;
use std::sync::Arc;

use feishu_callbacks::{DecodeError, Header};
use feishu_transport::Answer;

use super::{Call, Failure};

/// A handler and its replies to lateness and errors.
pub(crate) trait Perform: Send + Sync {
    /// Reads the delivery and makes the handler's future, which does nothing before it is polled.
    fn prepare(&self, call: &Arc<Call>) -> Result<Prepared, DecodeError>;

    /// Whether the platform waits for the reply to such a delivery.
    fn is_callback(&self, header: &Header) -> bool;

    /// The answer when the deadline passes.
    fn late_answer(&self, call: &Arc<Call>) -> Answer;

    /// The answer that was chosen for a failure; `None` for code 500.
    fn error_answer(&self, call: &Arc<Call>, failure: &Failure) -> Option<Answer>;
}

/// A call that can start.
pub(crate) struct Prepared {
    /// The key of an ordered handler.
    pub(crate) key: Option<u64>,
    pub(crate) future: Running,
}

/// A handler at work.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;
