//! The builder of a long connection.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::LongConnection;
use super::config::{Config, OnConnectionLimit, Retries, WallClock};
use super::shared::Shared;
use crate::lifecycle::{LifecycleEvent, Observer};
use crate::{Connect, Credential, Dial, Domain, EndpointSource, Error, Limits, ServerSettings, Timeouts};

/// The platform's limit of connections per app.
const MAX_CONNECTIONS: u16 = 50;

/// Builds a [`LongConnection`]. Everything has a default except the app's credentials.
#[must_use]
pub struct LongConnectionBuilder {
    pub(crate) app_id: String,
    /// `None` if a custom endpoint source needs none.
    pub(crate) credential: Option<Credential>,
    pub(super) domain: Result<Domain, Error>,
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) endpoint_headers: Vec<(String, String)>,
    pub(super) handshake_headers: Vec<(String, String)>,
    pub(super) dial: Option<Arc<dyn Dial>>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<crate::Tls>,
    #[cfg(feature = "proxy")]
    pub(super) proxy: crate::ProxyPolicy,
    pub(super) allow_plain: bool,
    pub(super) source: Option<Arc<dyn EndpointSource>>,
    pub(super) connect: Option<Arc<dyn Connect>>,
    pub(super) connections: u16,
    pub(super) settings: ServerSettings,
    pub(super) retries: Retries,
    pub(super) on_limit: OnConnectionLimit,
    pub(super) max_age: Option<Duration>,
    pub(super) rewrite: Option<String>,
    pub(super) observer: Option<Box<dyn FnMut(LifecycleEvent) + Send>>,
    pub(super) wall_clock: WallClock,
    pub(super) seed: u64,
}

impl LongConnection {
    /// A client of one app, with its secret or a [`ClientAssertion`](crate::ClientAssertion). Nothing is sent before it
    /// runs.
    pub fn builder(app_id: impl Into<String>, credential: impl Into<Credential>) -> LongConnectionBuilder {
        let app_id = app_id.into().trim().to_owned();
        LongConnectionBuilder::new(app_id, Some(credential.into()))
    }

    /// A client that asks `source` for connection URLs, and needs no credentials.
    pub fn with_endpoints(source: impl EndpointSource + 'static) -> LongConnectionBuilder {
        LongConnectionBuilder::new(String::new(), None).endpoint_source(source)
    }
}

impl LongConnectionBuilder {
    fn new(app_id: String, credential: Option<Credential>) -> Self {
        Self {
            app_id,
            credential,
            domain: Ok(Domain::default()),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            endpoint_headers: Vec::new(),
            handshake_headers: Vec::new(),
            dial: None,
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "proxy")]
            proxy: crate::ProxyPolicy::default(),
            allow_plain: false,
            source: None,
            connect: None,
            connections: 1,
            settings: ServerSettings::default(),
            retries: Retries::default(),
            on_limit: OnConnectionLimit::default(),
            max_age: None,
            rewrite: None,
            observer: None,
            wall_clock: Arc::new(SystemTime::now),
            seed: fastrand::u64(..),
        }
    }
}

impl LongConnectionBuilder {
    /// The site the app belongs to. Feishu by default.
    ///
    /// Takes a [`Domain`], or a text: `feishu`, `lark` or a base URL. A text that is none of them is reported by
    /// [`build`](Self::build).
    pub fn domain<D>(mut self, domain: D) -> Self
    where
        D: TryInto<Domain>,
        D::Error: Into<Error>,
    {
        self.domain = domain.try_into().map_err(Into::into);
        self
    }

    /// The app id; empty if a custom endpoint source needs none.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The site that was chosen; `None` if the text given to [`domain`](Self::domain) is invalid.
    pub fn site(&self) -> Option<&Domain> {
        self.domain.as_ref().ok()
    }

    /// The app secret, if the app uses one.
    pub fn secret(&self) -> Option<&crate::AppSecret> {
        match &self.credential {
            Some(Credential::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    /// An HTTP client that uses the same domain, dial, proxy, TLS, deadlines, limits and headers as the connection.
    ///
    /// # Errors
    ///
    /// Misuse: an invalid domain, or a proxy or TLS configuration that cannot be set up.
    #[cfg(feature = "http")]
    pub fn http(&self) -> Result<crate::HttpClient, Error> {
        let client = self.http_client(self.dial_of_both_legs()?)?;
        client.check()?;
        Ok(client)
    }

    /// Sets the number of connections to keep open, 1 to 50; 1 by default. The platform sends each message of an app to
    /// one of its connections at random, including connections of other processes.
    pub fn connections(mut self, connections: u16) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the size limits for received messages.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the network timeouts.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the ping and reconnect settings that apply until the server sends its own.
    pub fn initial_settings(mut self, settings: ServerSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Limits reconnect attempts per outage. Defaults to the server's `ReconnectCount`, which is unlimited in production.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Sets what to do when the app has reached its connection limit; by default the client waits and retries.
    pub fn on_connection_limit(mut self, policy: OnConnectionLimit) -> Self {
        self.on_limit = policy;
        self
    }

    /// Replaces each connection once it reaches this age, as
    /// [`ConnectionHandle::rotate`](crate::ConnectionHandle::rotate) does. At least 1 min; never by default.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Connects the WebSocket to this address instead of the one that the endpoint call returns, for reverse proxies
    /// and private networks: `wss://gateway.example:8443/prefix`. The original path and query are appended to the
    /// prefix.
    pub fn rewrite_gateway(mut self, base: impl Into<String>) -> Self {
        self.rewrite = Some(base.into());
        self
    }

    /// Adds a header to the endpoint call.
    pub fn endpoint_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.endpoint_headers.push((name.into(), value.into()));
        self
    }

    /// Adds a header to the WebSocket handshake.
    pub fn handshake_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.handshake_headers.push((name.into(), value.into()));
        self
    }

    /// Permits `ws://` to other machines: callbacks and the ticket are then sent unencrypted. A
    /// [`Domain::insecure_url`] on another machine implies it.
    pub fn allow_insecure_websocket(mut self) -> Self {
        self.allow_plain = true;
        self
    }

    /// Replaces how byte streams are opened, for the endpoint call and the WebSocket.
    pub fn dial(mut self, dial: impl Dial + 'static) -> Self {
        self.dial = Some(Arc::new(dial));
        self
    }

    /// Replaces how connection URLs are requested.
    pub fn endpoint_source(mut self, source: impl EndpointSource + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Replaces how WebSocket connections are opened.
    pub fn connect(mut self, connect: impl Connect + 'static) -> Self {
        self.connect = Some(Arc::new(connect));
        self
    }

    /// Sets TLS roots and provider, for the endpoint call and the WebSocket.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sets the proxies for the endpoint call and the WebSocket; taken from the environment by default.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: crate::ProxyPolicy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Calls `observer` for each lifecycle event, on a separate thread. It may block: the client does not wait, and
    /// counts the events that a slow observer missed.
    pub fn observe(mut self, observer: impl FnMut(LifecycleEvent) + Send + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Sets the wall clock used to detect that the machine slept, for tests.
    pub fn wall_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.wall_clock = Arc::new(clock);
        self
    }

    /// Sets the seed of all random delays, for tests.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Validates the configuration and creates the client.
    ///
    /// # Errors
    ///
    /// Misuse: no app id or secret, a number of connections outside 1 to 50, an age below a minute, a gateway address
    /// that is not a WebSocket URL, or a default part whose Cargo feature is disabled.
    pub fn build(mut self) -> Result<LongConnection, Error> {
        self.domain.as_ref().map_err(Clone::clone)?;
        if let (None, Some(credential)) = (&self.source, &self.credential) {
            credential.check(&self.app_id)?;
        }
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return Err(Error::misuse(format!(
                "connections must be 1 to {MAX_CONNECTIONS}, not {}",
                self.connections
            )));
        }
        if self.max_age.is_some_and(|age| age < Duration::from_secs(60)) {
            return Err(Error::misuse("max_age must be at least one minute"));
        }
        if let Some(base) = &self.rewrite {
            crate::ConnectUrl::parse(base.as_str()).map_err(|_| {
                Error::misuse(
                    "rewrite_gateway takes a ws:// or wss:// URL such as wss://gateway.example:8443",
                )
            })?;
        }
        let (source, connect) = match (self.source.take(), self.connect.take()) {
            (Some(source), Some(connect)) => (source, connect),
            (source, connect) => self.defaults(source, connect)?,
        };
        let observer = match self.observer.take() {
            None => Observer::none(),
            Some(callback) => Observer::start(callback).map_err(|error| {
                Error::misuse("cannot start the thread of the lifecycle observer").with_source(error)
            })?,
        };
        let config = Config {
            app_id: self.app_id,
            source,
            connect,
            connections: self.connections,
            limits: self.limits,
            timeouts: self.timeouts,
            settings: self.settings,
            retries: self.retries,
            on_limit: self.on_limit,
            max_age: self.max_age,
            rewrite: self.rewrite,
            wall_clock: self.wall_clock,
            seed: self.seed,
        };
        Ok(LongConnection { shared: Arc::new(Shared::new(config, observer)) })
    }
}

/// Hides secrets and header values.
impl fmt::Debug for LongConnectionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongConnectionBuilder")
            .field("app_id", &self.app_id)
            .field("domain", &self.domain)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
