//! Handlers that block a thread.

use std::panic::resume_unwind;
use std::sync::Arc;

use super::{Callback, Route, Serve};
use crate::{Context, HandlerError};

/// A plain function as a handler, which may block: it runs on a thread for blocking work, so that neither other handlers
/// nor the connection wait for it.
///
/// At most [`Limits::blocking`](crate::Limits::blocking) of a client run at one time; the others wait, which counts
/// towards their deadline. A thread cannot be stopped from outside: a blocking handler that is cancelled runs on to its
/// end, unheard. Long ones should look at [`Context::is_cancelled`].
#[track_caller]
pub fn blocking<C, F>(handler: F) -> Route<C, C::Reply, impl Serve<C, C::Reply>>
where
    C: Callback,
    F: Fn(C, Context) -> Result<C::Reply, HandlerError> + Send + Sync + 'static,
{
    Route::new(C::TYPE, C::decode, Blocking(Arc::new(handler)))
}

struct Blocking<F>(Arc<F>);

impl<E, R, F> Serve<E, R> for Blocking<F>
where
    E: Send + 'static,
    R: Send + 'static,
    F: Fn(E, Context) -> Result<R, HandlerError> + Send + Sync + 'static,
{
    async fn serve(&self, event: E, cx: Context) -> Result<R, HandlerError> {
        let place = Arc::clone(cx.core().blocking()).acquire_owned().await;
        let handler = Arc::clone(&self.0);
        let ended = tokio::task::spawn_blocking(move || {
            let _place = place;
            handler(event, cx)
        });
        match ended.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => Err("the runtime is shutting down".into()),
        }
    }
}
