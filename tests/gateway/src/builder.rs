//! The builder of a gateway.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::apps::{App, Apps};
use crate::inflight::Pushes;
use crate::journal::Journal;
use crate::local::{Access, Local};
use crate::messages::Messages;
use crate::record::Record;
use crate::serve::{self, Security};
use crate::shared::{Config, Shared, State};
use crate::{Error, Gateway, Settings};

/// Settings of a gateway before it starts. Made by [`Gateway::builder`].
#[derive(Debug)]
pub struct Builder {
    apps: Vec<App>,
    address: SocketAddr,
    in_memory: bool,
    tls: bool,
    settings: Settings,
    max_connections: usize,
    limit_at: LimitAt,
    answer_limit: Duration,
    log_limit: usize,
    seed: Option<u64>,
    clock_offset: i64,
    clock: f64,
    rate_limits: bool,
    interface: Option<Local>,
}

/// The step that refuses a client whose app has too many connections. Both were seen in production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitAt {
    /// The endpoint call, with code 1000040350.
    Endpoint,
    /// The handshake, with status 514 and sub-code 1000040350.
    Handshake,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            apps: Vec::new(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            in_memory: false,
            tls: false,
            settings: Settings::default(),
            max_connections: 50,
            limit_at: LimitAt::Handshake,
            answer_limit: Duration::from_secs(3),
            log_limit: 4096,
            seed: None,
            clock_offset: 0,
            clock: 1.0,
            rate_limits: false,
            interface: None,
        }
    }
}

impl Builder {
    /// Adds an app that may connect. Pushes go to the first app unless they name another. Without any, the app is
    /// `cli_local` with the secret `local-secret`.
    ///
    /// The official Node SDK does not start, and logs nothing, if the id is not `cli_` and 16 hex digits.
    pub fn app(mut self, id: &str, secret: &str) -> Self {
        self.apps.push(App::new(id, secret));
        self
    }

    /// A fixed port on loopback instead of a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// The address to listen on, `127.0.0.1` with a free port by default. Only the app secret protects it, so use
    /// other addresses only in containers.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// No TCP at all; clients come in by [`Gateway::dial`] only. Needs no network, and works on tokio's paused clock.
    pub fn in_memory(mut self) -> Self {
        self.in_memory = true;
        self
    }

    /// `https://` and `wss://`, with a root certificate made now; see [`Gateway::root_pem`]. Holds for
    /// [`Gateway::dial`] as well.
    #[cfg(feature = "tls")]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// The client settings of endpoint call and pongs; those of production by default.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Connections an app may have; 50 by default, the documented limit.
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.max_connections = limit;
        self
    }

    /// Sets the step that refuses connections over the limit; the handshake by default.
    pub fn limit_at(mut self, place: LimitAt) -> Self {
        self.limit_at = place;
        self
    }

    /// How long an answer may take; 3 s by default, the documented limit.
    pub fn answer_limit(mut self, limit: Duration) -> Self {
        self.answer_limit = limit;
        self
    }

    /// Entries that the log keeps; 4096 by default. 0 keeps none, for long load tests; findings are kept in any case.
    pub fn log_limit(mut self, entries: usize) -> Self {
        self.log_limit = entries;
        self
    }

    /// Sets the seed of the random choice of connections.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// By how many seconds the platform's clock is ahead of the host's, negative if it is behind: a client sees it in the
    /// `Date` of answers, in `create_time` and in the header `timestamp` of pushes. 0 by default.
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// Serves the interface under `/local/` and the page at `/`, to drive and judge a bot over HTTP. It remembers the last
    /// 1000 deliveries, which [`keep`](Self::keep) changes.
    ///
    /// Only requests for loopback are answered, unless a [`token`](Self::token) is set.
    pub fn interface(mut self) -> Self {
        self.local();
        self
    }

    /// Serves the interface to those only who have this token: `Authorization: Bearer TOKEN`, or the page opened with
    /// `?token=TOKEN`. For other addresses than loopback.
    pub fn token(mut self, token: &str) -> Self {
        self.local().access = Access { token: Some(token.into()) };
        self
    }

    /// Serves the interface, which remembers so many deliveries.
    pub fn keep(mut self, deliveries: usize) -> Self {
        self.local().deliveries = deliveries.max(1);
        self
    }

    fn local(&mut self) -> &mut Local {
        self.interface.get_or_insert_with(|| Local { access: Access::default(), deliveries: 1000 })
    }

    /// Refuses OpenAPI calls over their documented rates: 99991400 past 50 in a second or 1000 in a minute, 230020 past 5
    /// messages to one receiver or updates of one message in a second, and past 10 changes of one card entity. Off by
    /// default.
    pub fn rate_limits(mut self) -> Self {
        self.rate_limits = true;
        self
    }

    /// How much faster than real time failed events are pushed again: with 60 the ladder of 15 s, 5 min, 1 h and 6 h takes
    /// 7 minutes. 1 by default. The limit of 3 s and the life of tokens stay.
    pub fn clock(mut self, faster: f64) -> Self {
        self.clock = if faster.is_finite() { faster.clamp(0.001, 1e6) } else { 1.0 };
        self
    }

    /// Starts the gateway in the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port is taken, or the certificate cannot be made.
    pub async fn start(mut self) -> Result<Gateway, Error> {
        if self.apps.is_empty() {
            self = self.app("cli_local", "local-secret");
        }
        let listener = if self.in_memory {
            None
        } else {
            let bound = TcpListener::bind(self.address).await;
            Some(bound.map_err(|error| Error::start(&format!("listen on {}", self.address), error))?)
        };
        let authority = match &listener {
            Some(listener) => {
                let address = listener.local_addr();
                address.map_err(|error| Error::start("read the listener's address", error))?.to_string()
            }
            None => "localhost".into(),
        };
        #[cfg(feature = "tls")]
        let (security, root) = if self.tls {
            let made = crate::tls::make(self.address.ip())?;
            (Security::Tls(made.acceptor), Some(made.root))
        } else {
            (Security::Plain, None)
        };
        #[cfg(not(feature = "tls"))]
        let security = Security::Plain;

        let record = self.interface.as_ref().map(|interface| Arc::new(Record::new(interface.deliveries)));
        let shared = Arc::new(Shared {
            apps: Apps::new(&self.apps),
            config: Config {
                apps: self.apps,
                max_connections: self.max_connections,
                limit_at: self.limit_at,
                answer_limit: self.answer_limit,
                authority,
                tls: self.tls,
                clock_offset: self.clock_offset,
                clock: self.clock,
                rate_limits: self.rate_limits,
                local: self.interface,
            },
            journal: Journal::new(self.log_limit, record.clone()),
            pushes: Mutex::new(Pushes::default()),
            messages: Mutex::new(Messages::new(record.clone())),
            tokens: Mutex::default(),
            rates: Mutex::default(),
            state: Mutex::new(State::new(self.settings, self.seed, record)),
            live: watch::Sender::new(0),
            ladders: watch::Sender::new(0),
            closed: watch::Sender::new(false),
        });
        if let Some(listener) = listener {
            tokio::spawn(serve::accept(Arc::clone(&shared), listener, security.clone()));
        }
        Ok(Gateway::new(
            shared,
            security,
            #[cfg(feature = "tls")]
            root,
        ))
    }
}
