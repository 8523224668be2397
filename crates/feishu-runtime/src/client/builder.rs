//! The builder of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use feishu_transport::{ConnectionHandle, Transport};

use super::Client;
use crate::{Dispatcher, Error, EventInbox};

/// The default grace period after a stop request: the platform's three seconds, and as much again for late handlers.
const GRACE: Duration = Duration::from_secs(6);

/// Builds a [`Client`]; see [`Client::with_transport`] and, with the feature `long-connection`, `Client::builder`.
#[must_use]
pub struct ClientBuilder<S> {
    pub(super) source: S,
    dispatcher: Option<Dispatcher>,
    grace: Duration,
    io_thread: bool,
    inbox: Option<EventInbox>,
    #[cfg(feature = "openapi")]
    api: Option<crate::OpenApi>,
}

/// What does not depend on the transport.
pub(super) struct Parts {
    pub(super) dispatcher: Option<Dispatcher>,
    grace: Duration,
    io_thread: bool,
    inbox: Option<EventInbox>,
}

impl<S> ClientBuilder<S> {
    pub(super) fn new(source: S) -> Self {
        Self {
            source,
            dispatcher: None,
            grace: GRACE,
            io_thread: false,
            inbox: None,
            #[cfg(feature = "openapi")]
            api: None,
        }
    }

    /// Sets the dispatcher that handles the deliveries. Required.
    pub fn dispatcher(mut self, dispatcher: Dispatcher) -> Self {
        self.dispatcher = Some(dispatcher);
        self
    }

    /// Sets how long handlers may continue after a stop request; 6 s by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Runs the transport on a thread of its own, for a bot whose handlers may block *every* worker thread of the runtime,
    /// or its only one. Pings then go on, and each click is answered at its deadline, within 50 ms. Off by default: while one
    /// worker thread is free, a blocked handler delays nothing anyway. It costs a thread, and about twice the CPU time per
    /// callback, as each is handed from that thread to a worker. Better than both are handlers that do not block; see
    /// [`on_blocking`](crate::DispatcherBuilder::on_blocking).
    ///
    /// Events of an [`inbox`](Self::inbox) are not answered at their deadline by it; the platform sends them again.
    pub fn io_thread(mut self) -> Self {
        self.io_thread = true;
        self
    }

    /// Keeps events in an inbox until their handlers have succeeded, also when the process dies: `.inbox(engine)`, or
    /// `.inbox(EventInbox::new(engine).attempts(3))`. Off by default. See [`EventInbox`].
    pub fn inbox(mut self, inbox: impl Into<EventInbox>) -> Self {
        self.inbox = Some(inbox.into());
        self
    }

    /// Sets the calls of the app, with which [`Context::bot`](crate::Context::bot) asks who its bot is. A client on the long
    /// connection that was built with a secret has its own without this.
    #[cfg(feature = "openapi")]
    #[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
    pub fn api(mut self, api: crate::OpenApi) -> Self {
        self.api = Some(api);
        self
    }

    /// Takes what was given to [`api`](Self::api).
    #[cfg(feature = "openapi")]
    pub(super) fn take_api(&mut self) -> Option<crate::OpenApi> {
        self.api.take()
    }

    pub(super) fn finish(
        Parts { dispatcher, grace, io_thread, inbox }: Parts,
        transport: Box<dyn Transport>,
        connection: Option<ConnectionHandle>,
        app_id: Option<Arc<str>>,
    ) -> Result<Client, Error> {
        let Some(dispatcher) = dispatcher else {
            return Err(Error::misuse(
                "a client needs a dispatcher: call `.dispatcher(…)` before `.build()`",
            ));
        };
        let queue = inbox.as_ref().map(|inbox| inbox.of_app(app_id.as_deref().unwrap_or_default()));
        let client = Client::new(transport, dispatcher.intake(app_id, inbox), connection, grace, queue);
        Ok(Client { io_thread, ..client })
    }

    pub(super) fn into_parts(self) -> (S, Parts) {
        let Self { source, dispatcher, grace, io_thread, inbox, .. } = self;
        (source, Parts { dispatcher, grace, io_thread, inbox })
    }
}

impl ClientBuilder<Box<dyn Transport>> {
    /// Builds the client. It does nothing until it runs.
    ///
    /// # Errors
    ///
    /// If no dispatcher was set.
    #[cfg_attr(not(feature = "openapi"), expect(unused_mut, reason = "as with the feature `openapi`"))]
    pub fn build(mut self) -> Result<Client, Error> {
        #[cfg(feature = "openapi")]
        let api = self.take_api();
        let (transport, parts) = self.into_parts();
        let client = Self::finish(parts, transport, None, None)?;
        #[cfg(feature = "openapi")]
        client.set_api(api);
        Ok(client)
    }
}

impl<S> fmt::Debug for ClientBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("dispatcher", &self.dispatcher).finish_non_exhaustive()
    }
}
