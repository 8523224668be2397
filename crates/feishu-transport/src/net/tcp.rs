//! The default [`Dial`]: TCP over all addresses of a name, optionally through a proxy and with TLS.
//!
//! "Happy Eyeballs" is implemented here, because tokio tries the addresses of a name one after the other and waits for
//! the kernel to give up each, and hyper-util's connector belongs to its own pooling client, below which a
//! [`Dial`](crate::Dial) cannot be placed.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{BoxStream, Dial, Error, Stage, Target, Timeouts};

/// The head start of one address of a name over the next (RFC 8305, "Happy Eyeballs", recommends 250 ms).
const HEAD_START: Duration = Duration::from_millis(250);
/// Maximum number of addresses of a name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Dials over TCP, with `TCP_NODELAY` on, so that answers are sent without delay.
///
/// An invalid setting, such as an unsupported kind of proxy, makes every dial return an error.
pub struct NetworkDial {
    timeouts: Timeouts,
    #[cfg(feature = "proxy")]
    proxy: Result<super::proxy::Proxies, Error>,
    #[cfg(feature = "tls")]
    tls: Result<super::tls::Connector, Error>,
}

impl NetworkDial {
    /// Creates a dial with the default deadlines and TLS roots, and the proxy of the environment.
    #[must_use]
    pub fn new() -> Self {
        Self {
            timeouts: Timeouts::default(),
            #[cfg(feature = "proxy")]
            proxy: super::proxy::Proxies::new(&crate::ProxyPolicy::default()),
            #[cfg(feature = "tls")]
            tls: super::tls::Connector::new(&crate::Tls::default()),
        }
    }

    /// Sets the deadlines; `connect`, `proxy` and `tls` are used.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the proxy policy.
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn proxy(mut self, policy: &crate::ProxyPolicy) -> Self {
        self.proxy = super::proxy::Proxies::new(policy);
        self
    }

    /// Sets the trusted roots and the cryptography provider.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: &crate::Tls) -> Self {
        self.tls = super::tls::Connector::new(tls);
        self
    }

    /// Goes the way to `target` step by step; see [`Probe`](crate::Probe).
    #[cfg(feature = "doctor")]
    pub(crate) async fn probe(&self, tls: &crate::Tls, target: &Target) -> crate::Probe {
        let mut probe = crate::Probe::new(target);
        probe.result = self.try_way(tls, target, &mut probe).await;
        probe
    }

    #[cfg(feature = "doctor")]
    async fn try_way(
        &self,
        tls: &crate::Tls,
        target: &Target,
        probe: &mut crate::Probe,
    ) -> Result<(), Error> {
        let proxy = self.proxy.as_ref().map_err(Clone::clone)?.for_target(target)?;
        let (host, port) =
            proxy.as_ref().map_or((&target.host, target.port), |proxy| (&proxy.host, proxy.port));
        probe.proxy = proxy.as_ref().map(|proxy| Target::new(&proxy.host, proxy.port, false).to_string());
        let limit = self.timeouts.connect;
        let found = timeout(limit, lookup_host((host.as_str(), port))).await;
        let found = found.map_err(|_| Error::timed_out(Stage::Connect, limit))?.map_err(|error| {
            Error::unreachable(Stage::Connect, format_args!("{host}: {error}")).with_source(error)
        })?;
        probe.addresses = found.take(MAX_ADDRESSES).map(|address| address.ip()).collect();
        let stream = self.reach(target).await?;
        probe.is_open = true;
        if !target.tls {
            return Ok(());
        }
        let (connector, recorder) = tls.recording()?;
        let limit = self.timeouts.tls;
        let encrypted = timeout(limit, connector.handshake(&target.host, stream)).await;
        probe.certificate = recorder.seen();
        encrypted.unwrap_or_else(|_| Err(Error::timed_out(Stage::Tls, limit))).map(drop)
    }

    /// The error of an invalid setting, if any.
    #[cfg_attr(
        not(any(feature = "proxy", feature = "tls")),
        expect(
            clippy::unnecessary_wraps,
            clippy::unused_self,
            reason = "a proxy or TLS may be set up wrongly"
        )
    )]
    pub(crate) fn check(&self) -> Result<(), Error> {
        #[cfg(feature = "proxy")]
        self.proxy.as_ref().map_err(Clone::clone)?;
        #[cfg(feature = "tls")]
        self.tls.as_ref().map_err(Clone::clone)?;
        Ok(())
    }

    /// Opens an unencrypted stream to `target`, through a proxy if one applies.
    #[cfg(feature = "proxy")]
    async fn reach(&self, target: &Target) -> Result<BoxStream, Error> {
        let Some(proxy) = self.proxy.as_ref().map_err(Clone::clone)?.for_target(target)? else {
            return Ok(Box::new(connect(&target.host, target.port, self.timeouts.connect).await?));
        };
        let stream = connect(&proxy.host, proxy.port, self.timeouts.connect).await.map_err(|error| {
            // The detail names the host already, unless a deadline passed.
            let detail = error.detail();
            let detail = detail.strip_prefix(&format!("{}:{}: ", proxy.host, proxy.port)).unwrap_or(&detail);
            Error::unreachable(Stage::Proxy, format_args!("{proxy}: {detail}")).with_source(error)
        })?;
        let stream: BoxStream =
            if proxy.tls { self.encrypt(&proxy.host, Box::new(stream)).await? } else { Box::new(stream) };
        let limit = self.timeouts.proxy;
        timeout(limit, proxy.tunnel(stream, target))
            .await
            .unwrap_or_else(|_| Err(Error::timed_out(Stage::Proxy, limit)))
    }

    #[cfg(not(feature = "proxy"))]
    async fn reach(&self, target: &Target) -> Result<BoxStream, Error> {
        Ok(Box::new(connect(&target.host, target.port, self.timeouts.connect).await?))
    }

    #[cfg(feature = "tls")]
    async fn encrypt(&self, host: &str, stream: BoxStream) -> Result<BoxStream, Error> {
        let limit = self.timeouts.tls;
        let tls = self.tls.as_ref().map_err(Clone::clone)?;
        timeout(limit, tls.handshake(host, stream))
            .await
            .unwrap_or_else(|_| Err(Error::timed_out(Stage::Tls, limit)))
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_async, reason = "with TLS there is something to wait for")]
    async fn encrypt(&self, host: &str, _: BoxStream) -> Result<BoxStream, Error> {
        Err(Error::misuse(format!(
            "{host} needs TLS; enable the feature `tls` of feishu-transport, or set a Dial that encrypts"
        )))
    }
}

#[async_trait]
impl Dial for NetworkDial {
    async fn dial(&self, target: &Target) -> Result<BoxStream, Error> {
        let stream = self.reach(target).await?;
        if target.tls { self.encrypt(&target.host, stream).await } else { Ok(stream) }
    }
}

impl Default for NetworkDial {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for NetworkDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkDial").finish_non_exhaustive()
    }
}

/// Connects to the first address of a name that answers. Each gets a head start over the next, so that a dead route costs
/// a quarter of a second and not the whole deadline.
async fn connect(host: &str, port: u16, limit: Duration) -> Result<TcpStream, Error> {
    let attempt = async {
        let addresses: Vec<SocketAddr> = lookup_host((host, port))
            .await
            .map_err(|error| {
                Error::unreachable(Stage::Connect, format_args!("{host}: {error}")).with_source(error)
            })?
            .take(MAX_ADDRESSES)
            .collect();
        race(host, port, addresses).await
    };
    timeout(limit, attempt).await.unwrap_or_else(|_| Err(Error::timed_out(Stage::Connect, limit)))
}

async fn race(host: &str, port: u16, addresses: Vec<SocketAddr>) -> Result<TcpStream, Error> {
    let mut running = JoinSet::new();
    let mut waiting = addresses.into_iter();
    let mut failed = Error::unreachable(Stage::Connect, format_args!("{host} has no address"));
    loop {
        if let Some(address) = waiting.next() {
            running.spawn(TcpStream::connect(address));
        }
        let more = waiting.len() > 0;
        tokio::select! {
            () = sleep(HEAD_START), if more => {}
            ended = running.join_next() => match ended {
                Some(Ok(Ok(stream))) => {
                    stream.set_nodelay(true).map_err(|error| Error::unreachable(Stage::Connect, &error).with_source(error))?;
                    return Ok(stream);
                }
                Some(Ok(Err(error))) => {
                    failed = Error::unreachable(Stage::Connect, format_args!("{host}:{port}: {error}")).with_source(error);
                }
                Some(Err(_)) => {}
                None if more => {}
                None => return Err(failed),
            }
        }
    }
}
