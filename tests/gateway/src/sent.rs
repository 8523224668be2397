//! A push on its way.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::inflight::InFlight;
use crate::{Answered, ConnectionId, Error, ErrorKind};

/// A push that went out. Its answer can be waited for, or left to the log.
#[derive(Debug)]
pub struct Sent {
    pub(crate) push: Arc<InFlight>,
    pub(crate) answer: oneshot::Receiver<Answered>,
    pub(crate) deadline: Instant,
}

impl Sent {
    /// Header `message_id` of the push.
    pub fn message_id(&self) -> &str {
        &self.push.message_id
    }

    /// The connection that it went to.
    pub fn connection(&self) -> ConnectionId {
        self.push.connection
    }

    /// The token for a delayed card update, if this is a click.
    pub fn card_token(&self) -> Option<&str> {
        self.push.card_token.as_deref()
    }

    /// The message that holds the card, if this is a click.
    pub fn card_message(&self) -> Option<&str> {
        self.push.card_message.as_deref()
    }

    /// Waits for the first answer, for 3 s from the push unless another limit was set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoAnswer`] when none came.
    pub async fn answer(self) -> Result<Answered, Error> {
        let Self { push, answer, deadline } = self;
        // The inner error: the gateway forgot the push, and no answer can follow.
        if let Ok(Ok(answer)) = tokio::time::timeout_at(deadline, answer).await {
            return Ok(answer);
        }
        let text = format!("no answer to {} (message {}) in time", push.label, push.message_id);
        let error = Error::new(ErrorKind::NoAnswer, text);
        Err(match push.delivery {
            Some(delivery) => error.about(delivery),
            None => error,
        })
    }
}
