//! A client on the platform's long connection.

use std::fmt;
use std::sync::{Arc, OnceLock};

use feishu_transport::{
    AppSecret, ConnectionHandle, Credential, Domain, EndpointSource, LongConnection, LongConnectionBuilder,
    State,
};
use tokio_util::task::AbortOnDropHandle;

use super::announce::Announcer;
use super::states::{OnState, StateObserver};
use super::{Client, ClientBuilder};
use crate::{Dispatcher, Error, OpenApi};

/// The builder's long connection.
pub struct LongConnectionSource {
    connection: LongConnectionBuilder,
    on_state: Option<OnState>,
    quiet: bool,
    /// The calls of this connection's app, once they were asked for.
    api: OnceLock<OpenApi>,
}

/// The environment variables of [`Client::from_env`].
const APP_ID: &str = "FEISHU_APP_ID";
const APP_SECRET: &str = "FEISHU_APP_SECRET";
const DOMAIN: &str = "FEISHU_DOMAIN";

impl Client {
    /// Starts building a client on the long connection of one app, with its secret or a client assertion.
    pub fn builder(
        app_id: impl Into<String>,
        credential: impl Into<Credential>,
    ) -> ClientBuilder<LongConnectionSource> {
        Self::from_connection(LongConnection::builder(app_id, credential))
    }

    /// Starts building a client from the environment variables `FEISHU_APP_ID`, `FEISHU_APP_SECRET` and, for Lark or a
    /// private deployment, `FEISHU_DOMAIN` (`feishu`, `lark` or a base URL).
    ///
    /// # Errors
    ///
    /// If a variable is missing or empty; the error names it.
    pub fn from_env() -> Result<ClientBuilder<LongConnectionSource>, Error> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    fn from_vars(
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<ClientBuilder<LongConnectionSource>, Error> {
        let read = |name| read(name).filter(|value| !value.trim().is_empty());
        let app_id = read(APP_ID).ok_or_else(|| {
            Error::misuse(format!(
                "the environment variable {APP_ID} is not set; it is the App ID (cli_…) on the page 'Credentials & Basic \
                 Info' of the developer console",
            ))
        })?;
        let secret = read(APP_SECRET).ok_or_else(|| {
            Error::misuse(format!(
                "the environment variable {APP_SECRET} is not set; it is the App Secret on the page 'Credentials & Basic \
                 Info' of the developer console",
            ))
        })?;
        let client = Self::builder(app_id, AppSecret::new(secret));
        Ok(match read(DOMAIN) {
            Some(domain) => client.domain(domain),
            None => client,
        })
    }

    /// Starts building a client that requests connection URLs from `source` and needs no credentials.
    pub fn with_endpoints(source: impl EndpointSource + 'static) -> ClientBuilder<LongConnectionSource> {
        Self::from_connection(LongConnection::with_endpoints(source))
    }

    fn from_connection(connection: LongConnectionBuilder) -> ClientBuilder<LongConnectionSource> {
        ClientBuilder::new(LongConnectionSource {
            connection,
            on_state: None,
            quiet: false,
            api: OnceLock::new(),
        })
    }

    /// Learns the platform's time from the answer that came with each connection.
    fn start_clock(&self) -> Option<AbortOnDropHandle<()>> {
        let mut states = self.handle.connection()?.states();
        let core = Arc::clone(self.intake.core());
        Some(AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(state) = states.next().await {
                if state.is_connected() {
                    core.clock.connected();
                }
            }
        })))
    }

    #[cfg(feature = "metrics")]
    fn start_metrics(&self) -> Option<AbortOnDropHandle<()>> {
        let mut states = self.handle.connection()?.states();
        let app_id = self.intake.core().app_id.clone().unwrap_or_else(|| Arc::from(""));
        Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let mut before = None;
            while let Some(state) = states.next().await {
                let generation = match &state {
                    State::Connected(connected) => Some(connected.info.generation),
                    _ => None,
                };
                let again = generation.is_some() && before.is_some_and(|before| Some(before) != generation);
                crate::meter::connected(&app_id, generation.is_some(), again);
                before = generation.or(before);
            }
        })))
    }

    #[cfg(not(feature = "metrics"))]
    #[expect(clippy::unused_self, reason = "as with the feature `metrics`")]
    fn start_metrics(&self) -> Option<AbortOnDropHandle<()>> {
        None
    }

    /// Starts the observers of the connection, until the returned guard is dropped.
    pub(super) fn start_observers(&mut self) -> [Option<AbortOnDropHandle<()>>; 4] {
        let hook = self.states.take().map(StateObserver::run);
        let states = self.handle.connection().map(ConnectionHandle::states);
        let announcer =
            self.announce.take().zip(states).and_then(|(start, states)| Announcer::start(&start, states));
        [hook, announcer, self.start_metrics(), self.start_clock()]
    }
}

impl ClientBuilder<LongConnectionSource> {
    /// Sets the site the app belongs to; Feishu by default. Takes a [`Domain`], or a text: `feishu`, `lark` or a base URL.
    pub fn domain<D>(self, domain: D) -> Self
    where
        D: TryInto<Domain>,
        D::Error: Into<feishu_transport::Error>,
    {
        self.connection(|connection| connection.domain(domain))
    }

    /// Configures the connection further: limits, timeouts, proxy, TLS, a lifecycle observer.
    pub fn connection(mut self, choose: impl FnOnce(LongConnectionBuilder) -> LongConnectionBuilder) -> Self {
        self.source.connection = choose(self.source.connection);
        self.source.api = OnceLock::new();
        self
    }

    /// Turns off the status lines on standard error, which are printed if the program has no `tracing` subscriber: that the
    /// client starts, that it is connected, and why it is not.
    pub fn quiet(mut self) -> Self {
        self.source.quiet = true;
        self
    }

    /// Calls `hook` with the states of the connection, on a separate thread. Of several changes in quick succession some
    /// may be skipped.
    pub fn observe_state(mut self, hook: impl FnMut(&State) + Send + 'static) -> Self {
        self.source.on_state = Some(Box::new(hook));
        self
    }

    /// Creates an [`OpenApi`](crate::OpenApi) for the same app with the connection's domain, proxy and TLS, for handlers
    /// that send messages or [update cards](crate::Route::update_card_when_late). Call it after
    /// [`domain`](Self::domain) and [`connection`](Self::connection).
    ///
    /// It is always the same one, which the client uses too: they share the access token, the rate limits and the counts in
    /// [`Stats`](crate::Stats).
    ///
    /// # Errors
    ///
    /// If the credentials are empty, or the proxy or TLS configuration is invalid.
    pub fn open_api(&self) -> Result<OpenApi, Error> {
        if let Some(api) = self.source.api.get() {
            return Ok(api.clone());
        }
        let connection = &self.source.connection;
        let secret = connection.secret().ok_or_else(|| {
            Error::misuse("calls to the OpenAPI need an app secret; pass one to `Client::builder`")
        })?;
        let api = OpenApi::with_client(connection.http()?, connection.app_id(), secret.clone())?;
        Ok(self.source.api.get_or_init(|| api).clone())
    }

    /// Builds the client. Nothing is sent before it runs.
    ///
    /// # Errors
    ///
    /// If no dispatcher was set, or the configuration of the connection is invalid.
    pub fn build(mut self) -> Result<Client, Error> {
        let api = self.take_api().or_else(|| self.open_api().ok());
        let (source, parts) = self.into_parts();
        let app_id = Some(source.connection.app_id()).filter(|id| !id.is_empty()).map(Arc::from);
        let start = start_line(&source.connection, parts.dispatcher.as_ref());
        let subscriptions = parts.dispatcher.as_ref().map(Dispatcher::subscriptions);
        let connection = source.connection.build()?;
        let handle = connection.handle();
        let states = source.on_state.map(|hook| StateObserver::start(handle.states(), hook)).transpose()?;
        let client = Self::finish(parts, Box::new(connection), Some(handle), app_id)?;
        client.set_api(api);
        let announce = (!source.quiet).then(|| start.clone());
        Ok(Client { states, announce, start: Some(start), subscriptions, ..client })
    }
}

/// The log line at the start.
fn start_line(connection: &LongConnectionBuilder, dispatcher: Option<&Dispatcher>) -> String {
    let mut types: Vec<_> = dispatcher.into_iter().flat_map(Dispatcher::event_types).collect();
    types.sort_unstable();
    let app_id = if connection.app_id().is_empty() { "no app id" } else { connection.app_id() };
    format!(
        "feishu-runtime {} starts: {app_id} on {}, handlers for {}",
        env!("CARGO_PKG_VERSION"),
        connection.site().map(ToString::to_string).unwrap_or_default(),
        if types.is_empty() { "nothing".to_owned() } else { types.join(", ") },
    )
}

impl fmt::Debug for LongConnectionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongConnectionSource").field("connection", &self.connection).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(vars: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn from_env_names_the_variable_that_is_missing_and_takes_the_domain() {
        for (given, missing) in [
            (vars(&[]), "FEISHU_APP_ID"),
            (vars(&[("FEISHU_APP_ID", "cli_1")]), "FEISHU_APP_SECRET"),
            (vars(&[("FEISHU_APP_ID", "cli_1"), ("FEISHU_APP_SECRET", " ")]), "FEISHU_APP_SECRET"),
        ] {
            let error = Client::from_vars(given).unwrap_err().to_string();
            assert!(error.contains(missing), "{error}");
        }
        let all = [("FEISHU_APP_ID", "cli_1"), ("FEISHU_APP_SECRET", "s3cret"), ("FEISHU_DOMAIN", "lark")];
        let client = Client::from_vars(move |name| {
            all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        let connection = client.unwrap().source.connection;
        assert_eq!((connection.app_id(), connection.site()), ("cli_1", Some(&Domain::Lark)));
    }

    #[test]
    fn start_line_names_app_site_and_types_and_no_secret() {
        let dispatcher = Dispatcher::builder()
            .on_raw("b_v1", |_, _| async { Ok(()) })
            .on_raw("a_v1", |_, _| async { Ok(()) })
            .build()
            .unwrap();
        let connection = LongConnection::builder("cli_1", AppSecret::new("s3cret"));
        assert_eq!(
            start_line(&connection, Some(&dispatcher)),
            format!(
                "feishu-runtime {} starts: cli_1 on https://open.feishu.cn, handlers for a_v1, b_v1",
                env!("CARGO_PKG_VERSION")
            )
        );
    }
}
