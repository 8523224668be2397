//! The options of one handler.

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use feishu_transport::Answer;

use super::layer::Layer;
use crate::{Context, Failure, HandlerError};

/// The options of one handler that do not depend on its types.
#[expect(clippy::struct_excessive_bools, reason = "choices that do not depend on each other")]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) late: Late,
    pub(crate) stopping: Option<Answer>,
    pub(crate) on_error: Option<OnError>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) cancel_when_late: bool,
    pub(crate) acknowledge_first: bool,
    pub(crate) concurrency: Option<usize>,
    /// Whether the type may look like a misspelling of a known one.
    pub(crate) unknown_type: bool,
    /// Whether an option does not work with deduplication turned off.
    pub(crate) needs_dedup: bool,
    /// Mistakes in the options, reported when the dispatcher is built.
    pub(crate) mistakes: Vec<String>,
    pub(crate) at: &'static Location<'static>,
}

/// The options of one handler that depend on its types.
pub(crate) struct TypedOptions<E, R> {
    /// `None` if the name of the type decides.
    pub(crate) callback: Option<bool>,
    pub(crate) key_of: Option<KeyOf<E>>,
    pub(crate) dedup_by: Option<TextKeyOf<E>>,
    pub(crate) once_per: Option<Once<E>>,
    pub(crate) late_result: Option<LateResult<R>>,
}

/// The answer at the deadline.
pub(crate) enum Late {
    /// Code 500 for a callback, acknowledgement for an event.
    ByType,
    Answer(Answer),
    With(Box<dyn Fn(&Context) -> Answer + Send + Sync>),
}

/// Creates the answer of a failed delivery; `None` for code 500.
pub(crate) type OnError = Arc<dyn Fn(&Failure, &Context) -> Option<Answer> + Send + Sync>;

/// Takes the result of a handler that ended after its delivery was answered.
pub(crate) type LateResult<R> =
    Box<dyn Fn(R, Context) -> Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>> + Send + Sync>;

/// Hashes the key of a delivery. Keys with the same hash are handled one after the other, which is harmless.
pub(crate) type KeyOf<E> = Box<dyn Fn(&E) -> u64 + Send + Sync>;

/// Gives a key of a delivery as text, which other processes understand.
pub(crate) type TextKeyOf<E> = Box<dyn Fn(&E) -> Option<String> + Send + Sync>;

/// What may be handled once per key, and the answer after that.
pub(crate) struct Once<E> {
    pub(crate) key: TextKeyOf<E>,
    pub(crate) answer: Answer,
}
