//! Layers around handlers: permission checks, spans, timing.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use feishu_transport::Answer;

use crate::{Context, Failure, HandlerError};

/// The future of a layer or handler.
type Running = Pin<Box<dyn Future<Output = Result<Answer, HandlerError>> + Send>>;

/// One layer: takes the context and the rest of the chain.
pub(crate) type Layer = Arc<dyn Fn(Context, Next) -> Running + Send + Sync>;

/// The rest of the chain: the inner layers and the handler. A layer that does not [run](Self::run) it answers itself.
#[must_use = "the handler does not run unless `run` is awaited"]
pub struct Next {
    layers: Arc<[Layer]>,
    /// The index of the next layer.
    index: usize,
    cx: Context,
    handler: Running,
}

impl Next {
    /// Runs the inner layers and the handler, and returns their answer.
    ///
    /// # Errors
    ///
    /// The error of the handler. A returned error is treated as the handler's: by `on_error`, the log and the counters.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handler's.
    pub async fn run(self) -> Result<Answer, HandlerError> {
        let Some(layer) = self.layers.get(self.index).cloned() else { return self.handler.await };
        let cx = self.cx.clone();
        layer(cx, Self { index: self.index + 1, ..self }).await
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("inner_layers", &(self.layers.len() - self.index))
            .finish_non_exhaustive()
    }
}

/// Creates a layer from an async closure.
pub(crate) fn layer<F, Fut>(layer: F) -> Layer
where
    F: Fn(Context, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Answer, HandlerError>> + Send + 'static,
{
    Arc::new(move |cx, next| Box::pin(layer(cx, next)))
}

/// Wraps `handler` in `layers`, the first one outermost.
pub(crate) async fn wrap(
    layers: Arc<[Layer]>,
    cx: Context,
    handler: impl Future<Output = Result<Answer, Failure>> + Send + 'static,
) -> Result<Answer, Failure> {
    let handler = Box::pin(async move {
        handler.await.map_err(|failure| match failure {
            Failure::Error(error) => error,
            other => other.into(),
        })
    });
    let next = Next { layers, index: 0, cx, handler };
    next.run().await.map_err(|error| match error.downcast() {
        Ok(failure) => *failure,
        Err(error) => Failure::Error(error),
    })
}
