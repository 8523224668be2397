//! A client on the platform's long connection.

use std::fmt;

use feishu_transport::{Credential, Domain, LongConnection, LongConnectionBuilder, OpenApi, State};

use super::states::{OnState, StateHook};
use super::{Client, ClientBuilder};
use crate::Error;

/// The long connection that a client will be on, while it is being built.
pub struct LongConnectionSource {
    connection: LongConnectionBuilder,
    on_state: Option<OnState>,
}

impl Client {
    /// A client on the long connection of one app, with its secret or a client assertion.
    pub fn builder(
        app_id: impl Into<String>,
        credential: impl Into<Credential>,
    ) -> ClientBuilder<LongConnectionSource> {
        let connection = LongConnection::builder(app_id, credential);
        ClientBuilder::new(LongConnectionSource { connection, on_state: None })
    }
}

impl ClientBuilder<LongConnectionSource> {
    /// The site the app belongs to; Feishu by default. Takes a [`Domain`], or a text: `feishu`, `lark` or a base URL.
    pub fn domain<D>(self, domain: D) -> Self
    where
        D: TryInto<Domain>,
        D::Error: Into<feishu_transport::Error>,
    {
        self.connection(|connection| connection.domain(domain))
    }

    /// Everything else that can be chosen for the connection: limits, timeouts, proxy, TLS, an observer.
    pub fn connection(mut self, choose: impl FnOnce(LongConnectionBuilder) -> LongConnectionBuilder) -> Self {
        self.source.connection = choose(self.source.connection);
        self
    }

    /// Told of every change of the connection's state. Runs on a thread of its own, so that it can delay nobody; changes
    /// that follow each other at once may be told as one.
    pub fn on_state(mut self, hook: impl FnMut(&State) + Send + 'static) -> Self {
        self.source.on_state = Some(Box::new(hook));
        self
    }

    /// Calls to the platform as the same app, on the same way out as the connection: for handlers that send messages or
    /// [update cards](crate::Route::update_card_when_late). To be called after [`domain`](Self::domain) and
    /// [`connection`](Self::connection).
    ///
    /// # Errors
    ///
    /// When the credentials are empty, or the way out cannot be made as chosen.
    pub fn open_api(&self) -> Result<OpenApi, Error> {
        Ok(OpenApi::from_builder(&self.source.connection)?)
    }

    /// Builds the client. Nothing is sent before it runs.
    ///
    /// # Errors
    ///
    /// When there is no dispatcher, or the connection cannot be made as chosen.
    pub fn build(self) -> Result<Client, Error> {
        let (source, dispatcher, grace) = self.into_parts();
        let connection = source.connection.build()?;
        let handle = connection.handle();
        let states = source.on_state.map(|hook| StateHook::start(handle.watch(), hook)).transpose()?;
        let client = Self::finish(dispatcher, grace, Box::new(connection), Some(handle))?;
        Ok(client.telling(states))
    }
}

impl fmt::Debug for LongConnectionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongConnectionSource").field("connection", &self.connection).finish_non_exhaustive()
    }
}
