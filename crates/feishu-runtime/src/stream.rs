//! A stream of callbacks, as an alternative to handlers.

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

/// The callbacks without a handler, as items to be answered; made by [`DispatcherBuilder::build_stream`].
///
/// Deadlines, limits, deduplication and counters apply as for handlers. An item dropped without a reply counts as failed;
/// one kept too long is answered at its deadline.
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

/// One callback, to be answered once.
#[must_use = "a dropped item is answered with code 500"]
pub struct PendingCallback {
    event: RawEvent,
    cx: Context,
    reply: oneshot::Sender<Result<Given, HandlerError>>,
}

/// The answer of an item.
struct Given(feishu_transport::Answer);

impl DispatcherBuilder {
    /// Builds a dispatcher that passes everything without a handler to a stream. The stream holds at most `capacity` items;
    /// further ones are refused with code 500.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and if `capacity` is 0 or there is a fallback already.
    #[track_caller]
    pub fn build_stream(self, capacity: usize) -> Result<(Dispatcher, CallbackStream), Error> {
        if capacity == 0 {
            return Err(Error::misuse(
                "a stream with a capacity of 0 would refuse everything; use 1 or more",
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
        mpsc::error::TrySendError::Closed(_) => "the stream was dropped",
    })?;
    given.await.unwrap_or_else(|_| Err("the item was dropped without a reply".into()))
}

impl CallbackStream {
    /// The next item; `None` once the dispatcher and all its clients are dropped.
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
    /// The header of the payload.
    pub fn header(&self) -> &Arc<Header> {
        &self.event.header
    }

    /// The type of the callback or event.
    pub fn event_type(&self) -> &str {
        self.event.header.event_type.as_str()
    }

    /// The whole payload.
    pub fn payload(&self) -> &Bytes {
        self.event.payload()
    }

    /// The context: origin, and time left.
    pub fn context(&self) -> &Context {
        &self.cx
    }

    /// Decodes it as a typed callback.
    ///
    /// # Errors
    ///
    /// If it cannot be decoded as that type. The type name is not compared; see [`event_type`](Self::event_type).
    pub fn read<C: Callback>(&self) -> Result<C, DecodeError> {
        C::decode(&self.event.header, self.event.payload())
    }

    /// Answers with a reply.
    ///
    /// # Errors
    ///
    /// If the reply cannot be sent, in which case the callback is refused with code 500.
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

    /// Answers with success and no content: an event is acknowledged, a card stays unchanged.
    pub fn acknowledge(self) {
        drop(self.reply.send(Ok(Given(feishu_transport::Answer::empty()))));
    }

    /// Answers with code 500: an event is sent again, a user who clicked sees an error.
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
