//! What an author chose for one handler.

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use feishu_transport::Answer;

use super::layer::Layer;
use crate::{Context, Failure, HandlerError};

/// What an author chose for one handler, whatever its types.
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) late: Late,
    pub(crate) on_error: Option<OnError>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) cancel_when_late: bool,
    pub(crate) acknowledge_first: bool,
    pub(crate) concurrency: Option<usize>,
    /// Whether the type may be close to a known one.
    pub(crate) unknown_type: bool,
    /// What is wrong with the options; reported when the dispatcher is built.
    pub(crate) mistakes: Vec<String>,
    pub(crate) at: &'static Location<'static>,
}

/// What an author chose that needs the handler's types.
pub(crate) struct TypedOptions<E, R> {
    /// `None` when the name of the type tells.
    pub(crate) callback: Option<bool>,
    pub(crate) key_of: Option<KeyOf<E>>,
    pub(crate) late_result: Option<LateResult<R>>,
}

/// What is answered when the deadline passes.
pub(crate) enum Late {
    /// Code 500 for a callback, acknowledged for an event.
    ByType,
    Answer(Answer),
    With(Box<dyn Fn(&Context) -> Answer + Send + Sync>),
}

/// Makes the answer of a delivery that failed; `None` for code 500.
pub(crate) type OnError = Arc<dyn Fn(&Failure, &Context) -> Option<Answer> + Send + Sync>;

/// Takes what a handler returned after its delivery had been answered.
pub(crate) type LateResult<R> =
    Box<dyn Fn(R, Context) -> Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>> + Send + Sync>;

/// Gives the key of a delivery as a hash. Two keys with the same hash are handled one after the other, which does no harm.
pub(crate) type KeyOf<E> = Box<dyn Fn(&E) -> u64 + Send + Sync>;
