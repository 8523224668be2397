//! Joining a dispatcher to a transport.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use feishu_transport::{ConnectionHandle, Transport};

use super::Client;
use crate::{Dispatcher, Error};

/// How long handlers may go on after a stop is requested, where nothing else is chosen: the platform's three seconds,
/// and as much again for late ones.
const GRACE: Duration = Duration::from_secs(6);

/// Builds a [`Client`]; see [`Client::with_transport`] and, with the feature `long-connection`, `Client::builder`.
#[must_use]
pub struct ClientBuilder<S> {
    pub(super) source: S,
    dispatcher: Option<Dispatcher>,
    grace: Duration,
}

impl<S> ClientBuilder<S> {
    pub(super) fn new(source: S) -> Self {
        Self { source, dispatcher: None, grace: GRACE }
    }

    /// What handles the deliveries. Required.
    pub fn dispatcher(mut self, dispatcher: Dispatcher) -> Self {
        self.dispatcher = Some(dispatcher);
        self
    }

    /// How long handlers may go on after a stop is requested; 6 s by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    pub(super) fn finish(
        dispatcher: Option<Dispatcher>,
        grace: Duration,
        transport: Box<dyn Transport>,
        connection: Option<ConnectionHandle>,
        app_id: Option<Arc<str>>,
    ) -> Result<Client, Error> {
        let Some(dispatcher) = dispatcher else {
            return Err(Error::misuse(
                "a client needs a dispatcher: call `.dispatcher(…)` before `.build()`",
            ));
        };
        Ok(Client::new(transport, dispatcher.intake(app_id), connection, grace))
    }

    pub(super) fn into_parts(self) -> (S, Option<Dispatcher>, Duration) {
        (self.source, self.dispatcher, self.grace)
    }
}

impl ClientBuilder<Box<dyn Transport>> {
    /// Builds the client. Nothing happens before it runs.
    ///
    /// # Errors
    ///
    /// When there is no dispatcher.
    pub fn build(self) -> Result<Client, Error> {
        let (transport, dispatcher, grace) = self.into_parts();
        Self::finish(dispatcher, grace, transport, None, None)
    }
}

impl<S> fmt::Debug for ClientBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("dispatcher", &self.dispatcher).finish_non_exhaustive()
    }
}
