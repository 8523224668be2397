//! Text that is streamed into a card: the platform's rules and limits are kept, and the end is delivered or known.

mod driver;
mod error;
mod holds;
mod home;
mod keeping;
mod look;
mod machine;
mod options;
mod resume;
mod send;
mod shared;
mod target;

use std::fmt;
use std::sync::Arc;

use feishu_callbacks::MessageId;
use tokio::sync::oneshot;

pub use error::StreamError;
pub(crate) use holds::Holds;
pub(crate) use home::Home;
pub(crate) use keeping::{RecordEnd, Records, is_record};
pub use options::{StreamLife, StreamOptions};
pub(crate) use resume::{Resumed, resume};
pub(crate) use target::Place;
pub use target::StreamTarget;

use crate::OpenApi;
use driver::Driver;
use machine::{Machine, Way};
use shared::{Phase, Shared};

/// The longest text of one stream. Longer ones end it with an error, so that a model that does not stop costs no memory.
const MAX_TEXT: usize = 1 << 20;

/// Text that is streamed into a card, piece by piece: `push` as it comes, `finish` at the end.
///
/// Open it in a handler with [`Context::stream_card`](crate::Context::stream_card), elsewhere with [`open`](Self::open). A
/// task of its own sends the text: always the whole of it, one call at a time, in order, at the pace that the platform
/// allows for one card and for the app; text that goes over one card goes on in a further one. What is not answered is
/// sent again under the same number, what is refused is handled as the platform's codes say.
///
/// A stream must be finished. If it is dropped before, because the handler returned, failed, panicked or was cancelled,
/// the card is closed in the background with the words of [`StreamOptions::interrupted`], and a warning is logged. The same
/// happens shortly before the end of the [grace](crate::ClientBuilder::grace) when the client stops.
///
/// In a client with an [inbox](crate::ClientBuilder::inbox), a stream that was opened in a handler survives its process. A
/// final text that the platform did not take in time is kept there and tried again, see [`Delivered::kept`]. If the process
/// dies while the text grows, another one closes the card with the words of [`StreamOptions::interrupted`] below the text,
/// once the [lease](crate::EventInbox::lease) is over; a process that restarts with the same file does so at once.
///
/// ```
/// use feishu_runtime::callbacks::openapi::Receiver;
/// use feishu_runtime::testing::FakeApi;
/// use feishu_runtime::{CardStream, StreamOptions, StreamTarget};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fake = FakeApi::new()
///     .answer("/im/v1/messages", json!({"code": 0, "data": {"message_id": "om_1"}}))
///     .answer("/cardkit/v1/cards", json!({"code": 0, "data": {"card_id": "73"}}));
/// let chat = StreamTarget::send(Receiver::Chat("oc_1".into()));
/// let mut out = CardStream::open(&fake.api(), chat, StreamOptions::default()).await?;
/// for piece in ["The kettle ", "is **on**."] {
///     out.push(piece)?;
/// }
/// let delivered = out.finish().await?;
/// assert_eq!(delivered.messages[0].as_str(), "om_1");
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream that is dropped shows the words of `StreamOptions::interrupted`"]
pub struct CardStream {
    shared: Arc<Shared>,
    interrupted: String,
    ended: Option<oneshot::Receiver<Result<Delivered, StreamError>>>,
}

/// What was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// The messages with the text, in its order: one, and more for a long text.
    pub messages: Vec<MessageId>,
    /// Whether the messages were updated in place of card entities, as the app lacks the scope.
    pub by_patch: bool,
    /// How often growing text was sent.
    pub updates: u64,
    /// Whether the whole text is not shown yet: the platform has not taken it in time, or the client stops, and the
    /// [inbox](crate::EventInbox) of the client tries it again, also in the next process. Always false without an inbox.
    pub kept: bool,
}

impl CardStream {
    /// Sends a card and opens the stream, outside of a handler. It resolves once the card is sent.
    ///
    /// The task that sends is not part of a client: it ends with the stream, and with the runtime.
    ///
    /// # Errors
    ///
    /// If the options are wrong, or the platform does not take the card: see [`StreamError::call_error`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream: a card that was sent meanwhile is closed in the background.
    pub async fn open(
        api: &OpenApi,
        target: StreamTarget,
        options: StreamOptions,
    ) -> Result<Self, StreamError> {
        Self::start(api, target, options, None).await
    }

    pub(crate) async fn start(
        api: &OpenApi,
        target: StreamTarget,
        options: StreamOptions,
        home: Option<Home>,
    ) -> Result<Self, StreamError> {
        if let Some(mistake) = options.mistake() {
            return Err(StreamError::misuse(mistake));
        }
        let way = if options.patches && api.fates().lacks_cards() { Way::Patch } else { Way::Entity };
        let place = target.in_thread(options.in_thread).0;
        let interrupted = options.interrupted.clone();
        let seed = format!("{:016x}{:08x}", fastrand::u64(..), fastrand::u32(..));
        let machine = Machine::new(options, place, seed, way);
        let shared = Arc::new(Shared::default());
        let (opened, is_open) = oneshot::channel();
        let (done, ended) = oneshot::channel();
        Driver::new(api.clone(), machine, Arc::clone(&shared), home, opened, done).spawn();
        let stream = Self { shared, interrupted, ended: Some(ended) };
        match is_open.await {
            Ok(Ok(())) => Ok(stream),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StreamError::gone()),
        }
    }

    /// Adds a piece to the text. It is stored and sent in the background, so this does not wait.
    ///
    /// # Errors
    ///
    /// If the stream cannot go on: the platform refused it for good, the client stops, or the text is over 1 MiB. Stop
    /// making text then; [`finish`](Self::finish) returns the same error.
    pub fn push(&mut self, piece: &str) -> Result<(), StreamError> {
        self.store(|text| text.push_str(piece))
    }

    /// Sets the whole text anew, also one with another beginning. The client types what is added to the text before, and
    /// draws another one at once.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn set_text(&mut self, text: &str) -> Result<(), StreamError> {
        self.store(|old| text.clone_into(old))
    }

    fn store(&self, change: impl FnOnce(&mut String)) -> Result<(), StreamError> {
        let mut slot = self.shared.slot();
        if let Some(error) = &slot.failed {
            return Err(error.clone());
        }
        if slot.phase != Phase::Grows {
            return Err(StreamError::ended());
        }
        change(&mut slot.text);
        if slot.text.len() > MAX_TEXT {
            let error =
                StreamError::misuse("the text of a stream is over 1 MiB; finish it, and open another one");
            slot.failed = Some(error.clone());
            return Err(error);
        }
        drop(slot);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Ends the stream: waits until the platform has taken the whole text, and streaming is switched off; or until the
    /// inbox keeps it for later, see [`Delivered::kept`].
    ///
    /// # Errors
    ///
    /// If it has not: the platform refused it for good, or [`StreamOptions::patience`] is over and no inbox keeps it. If the
    /// stream was interrupted before, because the client stops: then its card says so.
    ///
    /// # Cancel safety
    ///
    /// Safe: the text is final with the first poll, and is sent in the background if the future is dropped.
    pub async fn finish(mut self) -> Result<Delivered, StreamError> {
        let was_interrupted = {
            let mut slot = self.shared.slot();
            if slot.phase == Phase::Grows {
                slot.phase = Phase::Finished;
            }
            slot.phase == Phase::Interrupted
        };
        let delivered = self.end().await?;
        if was_interrupted { Err(StreamError::ended()) } else { Ok(delivered) }
    }

    /// Ends the stream with words of the author below its text: `out.abort("_Stopped._").await?`.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    ///
    /// # Cancel safety
    ///
    /// As [`finish`](Self::finish).
    pub async fn abort(mut self, words: &str) -> Result<Delivered, StreamError> {
        self.shared.interrupt(if words.trim().is_empty() { &self.interrupted } else { words });
        self.end().await
    }

    async fn end(&mut self) -> Result<Delivered, StreamError> {
        self.shared.wake.notify_one();
        match self.ended.take() {
            Some(ended) => ended.await.unwrap_or_else(|_| Err(StreamError::gone())),
            None => Err(StreamError::ended()),
        }
    }

    /// The messages with the cards so far.
    pub fn messages(&self) -> Vec<MessageId> {
        self.shared.slot().messages.clone()
    }
}

impl Drop for CardStream {
    fn drop(&mut self) {
        if self.ended.is_some() && self.shared.interrupt(&self.interrupted) {
            tracing::warn!(
                "a streamed card was dropped before `finish`; it is closed with the words for that"
            );
        }
    }
}

impl fmt::Debug for CardStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.shared.slot();
        f.debug_struct("CardStream")
            .field("messages", &slot.messages)
            .field("bytes", &slot.text.len())
            .finish_non_exhaustive()
    }
}
