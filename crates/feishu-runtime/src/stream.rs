//! Callbacks to pull, where handlers to call do not fit.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Header, Reply};
use futures_core::Stream;
use tokio::sync::{mpsc, oneshot};

use crate::call::Call;
use crate::{Callback, Context, Dispatcher, DispatcherBuilder, Error, HandlerError, RawEvent};

/// Every callback that has no handler of its own, as items with an explicit reply; from
/// [`DispatcherBuilder::build_stream`].
///
/// Deadlines, limits, deduplication and counts hold as for handlers. An item that is dropped without a reply counts as
/// failed; one that is kept too long is answered at its deadline.
///
/// ```
/// use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
/// use feishu_gateway::Click;
/// use feishu_runtime::testing::Harness;
/// use feishu_runtime::Dispatcher;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let (dispatcher, mut callbacks) = Dispatcher::builder().build_stream(64)?;
/// let pull = tokio::spawn(async move {
///     while let Some(item) = callbacks.next().await {
///         match item.event_type() {
///             "card.action.trigger" => {
///                 let click: CardActionTrigger = item.read()?;
///                 let who = click.event.operator.open_id;
///                 item.reply(CardReply::toast(Toast::info("Seen")))?;
///             }
///             _ => item.acknowledge(),
///         }
///     }
///     Ok::<(), feishu_runtime::HandlerError>(())
/// });
///
/// let harness = Harness::new(&dispatcher);
/// assert_eq!(harness.call(Click::button("ok")).await.json()["toast"]["content"], "Seen");
/// # drop((harness, dispatcher));
/// # pull.await??;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CallbackStream(mpsc::Receiver<PendingCallback>);

/// One callback, and the duty to answer it.
#[must_use = "an item that is dropped is answered with code 500"]
pub struct PendingCallback {
    event: RawEvent,
    cx: Context,
    reply: oneshot::Sender<Result<Given, HandlerError>>,
}

/// An answer that an item was given.
struct Given(feishu_transport::Answer);

impl DispatcherBuilder {
    /// Builds a dispatcher that hands everything without a handler of its own to a stream, which holds at most
    /// `capacity` items; while it is full further ones are refused with code 500.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), when `capacity` is 0, and when there is a fallback already.
    #[track_caller]
    pub fn build_stream(self, capacity: usize) -> Result<(Dispatcher, CallbackStream), Error> {
        if capacity == 0 {
            return Err(Error::misuse(
                "a stream with a capacity of 0 would refuse everything; give 1 or more",
            ));
        }
        let (sender, receiver) = mpsc::channel(capacity);
        let sender = Arc::new(sender);
        let dispatcher = self.fallback(move |event, cx| {
            let sender = Arc::clone(&sender);
            async move { hand_over(&sender, event, cx).await }
        });
        Ok((dispatcher.build()?, CallbackStream(receiver)))
    }
}

async fn hand_over(
    sender: &mpsc::Sender<PendingCallback>,
    event: RawEvent,
    cx: Context,
) -> Result<Given, HandlerError> {
    let (reply, given) = oneshot::channel();
    sender.try_send(PendingCallback { event, cx, reply }).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => "the stream is full",
        mpsc::error::TrySendError::Closed(_) => "nobody reads the stream",
    })?;
    given.await.unwrap_or_else(|_| Err("the item was dropped without a reply".into()))
}

impl CallbackStream {
    /// The next item; `None` once every client and the dispatcher are gone.
    ///
    /// # Cancel safety
    ///
    /// Safe: no item is lost.
    pub async fn next(&mut self) -> Option<PendingCallback> {
        self.0.recv().await
    }
}

impl Stream for CallbackStream {
    type Item = PendingCallback;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<PendingCallback>> {
        self.0.poll_recv(cx)
    }
}

impl PendingCallback {
    /// What the payload says about itself.
    pub fn header(&self) -> &Arc<Header> {
        &self.event.header
    }

    /// The name of the callback or event.
    pub fn event_type(&self) -> &str {
        self.event.header.event_type.as_str()
    }

    /// The whole payload.
    pub fn payload(&self) -> &Bytes {
        self.event.payload()
    }

    /// Where it came from, and how much time is left.
    pub fn context(&self) -> &Context {
        &self.cx
    }

    /// Reads it as a typed callback.
    ///
    /// # Errors
    ///
    /// When it cannot be read as that type. The type itself is not compared; see [`event_type`](Self::event_type).
    pub fn read<C: Callback>(&self) -> Result<C, DecodeError> {
        C::decode(&self.event.header, self.event.payload())
    }

    /// Answers with a reply.
    ///
    /// # Errors
    ///
    /// When the reply cannot be sent, which refuses the callback with code 500.
    pub fn reply<R: Reply>(self, reply: R) -> Result<(), HandlerError> {
        let call: &Call = self.cx.call();
        match call.encode(&reply) {
            Ok(answer) => {
                call.keep_typed(reply);
                drop(self.reply.send(Ok(Given(answer))));
                Ok(())
            }
            Err(fault) => {
                let why = fault.to_string();
                drop(self.reply.send(Err(why.clone().into())));
                Err(why.into())
            }
        }
    }

    /// Answers with nothing: an event is acknowledged, a card stays as it is.
    pub fn acknowledge(self) {
        drop(self.reply.send(Ok(Given(feishu_transport::Answer::empty()))));
    }

    /// Refuses it: an event is sent again, the user who clicked sees an error.
    pub fn refuse(self, why: impl Into<HandlerError>) {
        drop(self.reply.send(Err(why.into())));
    }
}

impl Reply for Given {
    const CALLBACK: bool = true;

    fn to_json(&self) -> Result<Vec<u8>, feishu_callbacks::ReplyError> {
        Ok(self.0.data().map(|data| data.to_vec()).unwrap_or_default())
    }
}

impl fmt::Debug for PendingCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCallback").field("cx", &self.cx).finish_non_exhaustive()
    }
}
