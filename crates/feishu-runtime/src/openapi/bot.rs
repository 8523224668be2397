//! The identity of the app's own bot, requested once.

use std::sync::OnceLock;
use std::time::Duration;

use feishu_callbacks::im::BotIdentity;
use feishu_callbacks::openapi::BotInfoGet;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{CallError, OpenApi};

/// Pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause between two requests that fail.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The identity of one app's bot, once it is known. Concurrent callers share one request.
#[derive(Default)]
pub(super) struct BotCache {
    known: OnceLock<BotIdentity>,
    failed: Mutex<Option<Failed>>,
}

/// The last request, if it failed.
struct Failed {
    error: CallError,
    pause: Duration,
    again_at: Instant,
}

impl OpenApi {
    /// The identity of this app's bot, for [`Message::mentions_bot`](feishu_callbacks::im::Message::mentions_bot) and
    /// [`MessageSender::is_me`](feishu_callbacks::im::MessageSender::is_me). Requested on the first call and kept for all
    /// clones.
    ///
    /// While it is not known this is an error, so that "not known yet" is never taken for "not mentioned". After a failure
    /// it is requested again by the first call after 1 s, then 2 s, doubling up to 60 s; calls before that return the same
    /// error at once.
    ///
    /// # Errors
    ///
    /// If the platform refused the request, sent no `open_id`, or was not reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request; the next call makes another.
    pub async fn bot(&self) -> Result<BotIdentity, CallError> {
        let cache = &self.inner.bot;
        if let Some(known) = cache.known.get() {
            return Ok(known.clone());
        }
        let mut failed = cache.failed.lock().await;
        if let Some(known) = cache.known.get() {
            return Ok(known.clone());
        }
        let pause = match &*failed {
            Some(last) if Instant::now() < last.again_at => return Err(last.error.clone()),
            Some(last) => (last.pause * 2).min(MAX_PAUSE),
            None => FIRST_PAUSE,
        };
        match self.send(&BotInfoGet).await {
            Ok(info) => Ok(cache.known.get_or_init(|| info.into()).clone()),
            Err(error) => {
                let again_at = Instant::now() + pause;
                *failed = Some(Failed { error: error.clone(), pause, again_at });
                Err(error)
            }
        }
    }

    /// The identity of this app's bot if [`bot`](Self::bot) has requested it before; makes no request.
    pub fn known_bot(&self) -> Option<&BotIdentity> {
        self.inner.bot.known.get()
    }
}
