//! The future of a typed handler: runs it, and encodes its reply.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use feishu_callbacks::Reply;
use feishu_transport::Answer;

use super::typed::{Serve, Typed};
use crate::call::Call;
use crate::{Context, Failure, HandlerError};

pin_project_lite::pin_project! {
    /// The future of one call. Written by hand because an `async` block would hold the event, the handler's future and the
    /// reply side by side: three times the memory, which is more than allocators serve quickly.
    pub(super) struct Serving<E, R, H: Serve<E, R>> {
        typed: Arc<Typed<E, R, H>>,
        call: Arc<Call>,
        #[pin]
        stage: Stage<E, H::Future>,
    }
}

pin_project_lite::pin_project! {
    #[project = StageProject]
    enum Stage<E, F> {
        /// Not polled yet.
        Ready { event: Option<E> },
        Running { #[pin] future: F },
        /// A handler's result that came too late is taken; the answer is not sent any more.
        TakingLate { taking: Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>, answer: Answer },
    }
}

impl<E, R, H: Serve<E, R>> Serving<E, R, H> {
    pub(super) fn new(typed: Arc<Typed<E, R, H>>, call: Arc<Call>, event: E) -> Self {
        Self { typed, call, stage: Stage::Ready { event: Some(event) } }
    }
}

impl<E, R: Reply, H: Serve<E, R>> Future for Serving<E, R, H> {
    type Output = Result<Answer, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.stage.as_mut().project() {
                StageProject::Ready { event } => match event.take() {
                    Some(event) => Stage::Running {
                        future: this.typed.handler.serve(event, Context::new(Arc::clone(this.call))),
                    },
                    // Only after a panic of the handler, which ends the call.
                    None => return Poll::Pending,
                },
                StageProject::Running { future } => {
                    let reply = ready!(future.poll(cx)).map_err(Failure::Error)?;
                    let answer = this.call.encode(&reply)?;
                    if !this.call.is_answered() {
                        this.call.keep_typed(reply);
                        return Poll::Ready(Ok(answer));
                    }
                    let Some(take) = &this.typed.options.late_result else { return Poll::Ready(Ok(answer)) };
                    Stage::TakingLate { taking: take(reply, Context::new(Arc::clone(this.call))), answer }
                }
                StageProject::TakingLate { taking, answer } => {
                    ready!(taking.as_mut().poll(cx)).map_err(Failure::Error)?;
                    return Poll::Ready(Ok(answer.clone()));
                }
            };
            this.stage.set(next);
        }
    }
}
