//! Streamed cards as answers to clicks and messages.

use std::sync::Arc;
use std::time::Duration;

use feishu_callbacks::im::MessageReceiveEvent;
use feishu_callbacks::openapi::Receiver;
use feishu_callbacks::{CardActionEvent, CardActionTrigger, EventBody as _, MessageReceive};
use tokio::time::{Instant, sleep_until};

use super::Context;
use crate::call::Call;
use crate::card_stream::{Home, Place};
use crate::core::{Core, Ending};
use crate::{CardStream, HandlerError, StreamOptions, StreamTarget};

/// The time before the end of the grace at which a stream is interrupted, so that its card can be closed; at most half of
/// the grace.
const CLOSING: Duration = Duration::from_secs(2);

impl Context {
    /// Opens a stream of text into a card, as the answer to a click or a message: see [`CardStream`](crate::CardStream).
    ///
    /// A message is replied to, in its topic if it is in one. A click is answered first, with
    /// [`StreamOptions::click_reply`](crate::StreamOptions::click_reply) if it was not answered before, so the handler's own
    /// reply comes too late to be shown; then the message of its card is replied to. The card of the stream is not changed
    /// while a click on it is being answered, as the platform would refuse that.
    ///
    /// ```
    /// use feishu_runtime::prelude::*;
    /// use feishu_runtime::StreamOptions;
    ///
    /// async fn answer(message: MessageReceive, cx: Context) -> Result<(), HandlerError> {
    ///     let mut out = cx.stream_card(StreamOptions::default().title("Answer")).await?;
    ///     for piece in ["The kettle ", "is **on**."] {
    ///         out.push(piece)?;
    ///     }
    ///     out.finish().await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the client has no credentials, see [`ClientBuilder::api`](crate::ClientBuilder::api); if this is neither a click
    /// nor a message, see [`stream_card_to`](Self::stream_card_to); and as [`CardStream::open`](crate::CardStream::open).
    ///
    /// # Cancel safety
    ///
    /// As [`CardStream::open`](crate::CardStream::open).
    #[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
    pub async fn stream_card(&self, mut options: StreamOptions) -> Result<CardStream, HandlerError> {
        if self.call.is_callback() && !self.is_answered() {
            self.reply_now(options.take_click_reply())?;
        }
        let target = self.place_of_answer()?;
        self.stream_card_to(target, options).await
    }

    /// As [`stream_card`](Self::stream_card), to another chat or message, from any handler. It answers nothing.
    ///
    /// # Errors
    ///
    /// As [`stream_card`](Self::stream_card).
    ///
    /// # Cancel safety
    ///
    /// As [`CardStream::open`](crate::CardStream::open).
    #[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
    pub async fn stream_card_to(
        &self,
        target: StreamTarget,
        options: StreamOptions,
    ) -> Result<CardStream, HandlerError> {
        let api = self.core().api.get().ok_or(
            "the client cannot send cards: it has no app secret; give it an `OpenApi` with `ClientBuilder::api`",
        )?;
        Ok(CardStream::start(api, target, options, Some(home(&self.call))).await?)
    }

    /// Where the answer to a click or a message goes.
    fn place_of_answer(&self) -> Result<StreamTarget, HandlerError> {
        let target = match self.event_type().as_str() {
            CardActionEvent::TYPE => {
                let context = self.decode::<CardActionTrigger>()?.event.context;
                let chat = context.open_chat_id;
                let reply = context.open_message_id.map(|to| Place::Reply {
                    to,
                    in_thread: false,
                    chat: chat.clone(),
                });
                reply.or(chat.map(|chat| Place::To(Receiver::Chat(chat)))).map(StreamTarget)
            }
            MessageReceiveEvent::TYPE => {
                StreamTarget::answer(&self.decode::<MessageReceive>()?.event.message)
            }
            other => {
                return Err(format!(
                    "`{other}` is neither a click nor a message: say where the card goes with `stream_card_to`"
                )
                .into());
            }
        };
        target.ok_or_else(|| "the payload has neither a message nor a chat to answer in".into())
    }
}

fn home(call: &Call) -> Home {
    let core = &call.core;
    let (spawner, watched) = (Arc::clone(core), Arc::clone(core));
    Home {
        spawn: Box::new(move |task| spawner.spawn(task)),
        closing: Box::pin(async move { time_to_close(&watched).await }),
        records: core.records.get().and_then(std::sync::Weak::upgrade),
        runs_again: call.is_of_inbox(),
        holds: Arc::clone(core.streams.get_or_init(Arc::default)),
    }
}

/// Resolves in time before the client ends, with when it does.
async fn time_to_close(core: &Core) -> Instant {
    core.stopping().cancelled().await;
    let Some(end) = core.ending().and_then(Ending::over) else {
        return std::future::pending().await;
    };
    let left = end.saturating_duration_since(Instant::now());
    sleep_until(end - CLOSING.min(left / 2)).await;
    end
}
