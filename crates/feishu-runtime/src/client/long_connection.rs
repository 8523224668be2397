//! A client on the platform's long connection.

use feishu_transport::{AppId, AppSecret, Domain, LongConnection, LongConnectionBuilder};

use super::{Client, ClientBuilder};
use crate::Error;

/// The long connection that a client will be on, while it is being built.
#[derive(Debug)]
pub struct LongConnectionSource(LongConnectionBuilder);

impl Client {
    /// A client on the long connection of one app.
    pub fn builder(app_id: AppId, secret: AppSecret) -> ClientBuilder<LongConnectionSource> {
        ClientBuilder::new(LongConnectionSource(LongConnection::builder(app_id, secret)))
    }
}

impl ClientBuilder<LongConnectionSource> {
    /// The site the app belongs to; Feishu by default.
    pub fn domain(self, domain: Domain) -> Self {
        self.connection(|connection| connection.domain(domain))
    }

    /// Everything else that can be chosen for the connection: limits, timeouts, proxy, TLS, an observer.
    pub fn connection(mut self, choose: impl FnOnce(LongConnectionBuilder) -> LongConnectionBuilder) -> Self {
        self.source = LongConnectionSource(choose(self.source.0));
        self
    }

    /// Builds the client. Nothing is sent before it runs.
    ///
    /// # Errors
    ///
    /// When there is no dispatcher, or the connection cannot be made as chosen.
    pub fn build(self) -> Result<Client, Error> {
        let (source, dispatcher, grace) = self.into_parts();
        let connection = source.0.build()?;
        let handle = connection.handle();
        Self::finish(dispatcher, grace, Box::new(connection), Some(handle))
    }
}
